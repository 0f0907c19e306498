# SPDX-License-Identifier: LGPL-2.1-or-later
"""The series' steps, as they lie in src/, and the git tree they are applied to.

Shared by scripts/apply, scripts/step, scripts/export, build-aux/lint and tests. A
module each for the git tree (tree), libvirt's source text (text), text edits (edits),
postconditions (checks), steps (steps), what spatch sees of a file (slices), spatch and
its cache (spatch), the repair of what spatch prints (printer), applying (applying), the
commits (commits),
what no step may leave behind (layout), the trees after each step (known), what has to be
compiled after a change (compiling), and what differs between releases (releases).

A source of steps is a directory with a file `series` (the names of the steps
in order, one a line, `#` comments) and a directory per step, named by its
way from there (`GROUP/STEP`):

  message     the commit message: subject, blank line, body
  check       postconditions, at least one; words are split as in a shell
                absent REGEX PATHSPEC...      no line matches
                present N REGEX PATHSPEC...   at least N lines match
                function NAME FILE            defined exactly once in FILE
                no-function NAME              defined nowhere
  edits.pre   text edits, before the semantic patches
  *.cocci     semantic patches, in lexical order
  tree/PATH   new files, copied to PATH after the semantic patches
  replace/PATH
              text files of our own that take the place of PATH, which must be
              a tracked text file; its mode stays
  edits       text edits, last
  upstream    libvirt has the change by itself since a version, or has the fault only since
              one, and the step is left out elsewhere: lines `since VERSION` or
              `before VERSION` (those that do without the step), `proof: test NAME` or
              `proof: scenario NAME` (what passes on such a libvirt and fails on others),
              and why

The version is that of the tree (`version:` of its meson.build). Where the releases
differ, each of these files can hold text by version, each word of it alone on its line,
and `@RELEASE@`, which stands for the version:

  #@ if >= 10.0.0          or: < 10.0.0
  #@ else                  may be left out
  #@ end

Semantic patches can be alternatives, too (`one-of`), which is to be preferred: it names
what differs, not when. A file, or a semantic patch's rules, of which nothing is left for
a version is not there.

How many places each rule changes is recorded for each release, in
releases/VERSION/sites beside the source of steps: a rule that changes more or fewer (hunks
without context, summed over the files) fails. `scripts/apply --record TREE` writes it.

A semantic patch opens with `//` comments, among them its header:

  // files: GLOB...      the tracked files it runs on (git's globs: `*` stops
                         at a slash, `**` does not); each must match a file
  // aims: IDENT...      optional; what it aims at: all that it looks at or changes
                         must name one of these. Coccinelle sees only such
                         parts of the files, and must understand them
  // parameter: REGEX    optional; the aims are functions that have such a parameter,
                         of which the regular expression is all. The rules are
                         repeated for each position that it has, with
                         `functions` and `position` (the number of parameters
                         before it) replaced by what is in the tree
  // options: OPT...     optional; more options for spatch
  // one-of: WORD        optional; exactly one of the step's semantic patches with
                         this word must change something. Each is tried on the tree
                         before the first of them; files need not exist
  // together            optional; all files in one run of spatch, for rules
                         that carry a binding from one file to another
  // may-miss: RULE...   optional; names of rules that need not match; any
                         other rule that matches nothing is an error

Text edits are directives. A TEXT is compared with the file's lines without
the white space around them, and must match exactly one line; between slashes
it is a regular expression. Lines that begin with `+` belong to the directive
above them and are taken verbatim after the `+`.

  file PATH                the file the following directives are about
  within TEXT              look only from this line, which must be unique, to
                           the end of its block (the next line that begins
                           with `}`, or the end of the file); holds until the
                           next `within` or `file`
  after TEXT               insert the `+` lines below the line
  before TEXT              insert the `+` lines above the line
  delete TEXT              delete the line
  replace TEXT             replace the line with the `+` lines
  cut TEXT                 delete from this line to the first one after it
  to TEXT                  that matches this; `+` lines take their place
  cut-comment-before TEXT  delete the block comment that ends directly above
                           the line; `+` lines take its place
  declare after NAME       insert the `+` lines below the prototype of NAME
  declare before NAME      insert them above it and its comment
  declare instead-of NAME  replace the prototype with the `+` lines
  undeclare NAME           delete the prototype

Some know their file, and need no `file` line:

  export HEADER NAME...    add the symbols to the section of HEADER (such as
                           conf/virdomainjob.h) of src/libvirt_private.syms,
                           each in its place
  unexport NAME...         delete them from it
  register-test NAME like OTHER
                           add the test to the list of tests/meson.build that
                           has OTHER, and build it as that one
"""
