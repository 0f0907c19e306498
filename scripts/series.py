# SPDX-License-Identifier: LGPL-2.1-or-later
"""The series' steps, as they lie in src/, and the git tree they are applied to.

Shared by scripts/apply, scripts/export and build-aux/lint.

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

A semantic patch opens with `//` comments, among them its header:

  // files: GLOB...      the tracked files it runs on (git's globs: `*` stops
                         at a slash, `**` does not); each must match a file
  // sites: N            it must change at least N places (hunks without
                         context, summed over the files)
  // aims: IDENT...      optional; what it aims at: only functions that name
                         one of these must be understood by Coccinelle
  // options: OPT...     optional; more options for spatch
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
"""

import os
import re
import shlex
import subprocess
from pathlib import Path


class SeriesError(Exception):
    """A fault of a step, a tree or a tool, told in words for the user."""


# --- git ---------------------------------------------------------------------

class Tree:
    """A git checkout of libvirt (or of what stands in for it in a test)."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        # Whoever owns the files: the user named this tree, that is consent.
        # Hooks and line-ending conversion would make the result depend on the
        # machine.
        settings = {
            'safe.directory': str(self.path),
            'core.hooksPath': os.devnull,
            'core.autocrlf': 'false',
            'core.quotePath': 'false',
            'gc.auto': '0',
            'user.useConfigOnly': 'true',
        }
        self.env = dict(os.environ, LC_ALL='C', GIT_CONFIG_COUNT=str(len(settings)))
        for name in ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'):
            self.env.pop(name, None)
        for n, (key, value) in enumerate(settings.items()):
            self.env[f'GIT_CONFIG_KEY_{n}'] = key
            self.env[f'GIT_CONFIG_VALUE_{n}'] = value

    def git(self, *args, ok=(0,), raw=False, stdin=None):
        """Run git in the tree; return its output. Raise SeriesError unless
        its exit status is in @ok."""
        run = subprocess.run(['git', '-C', str(self.path), *args], env=self.env,
                             input=stdin, capture_output=True, check=False)
        if run.returncode not in ok:
            raise SeriesError(f'git {" ".join(args[:3])}: '
                              + run.stderr.decode(errors='replace').strip())
        return run.stdout if raw else run.stdout.decode(errors='replace')

    def files(self, *pathspecs):
        """Tracked files that match any of the pathspecs (git's globs)."""
        magic = [f':(glob){spec}' for spec in pathspecs]
        return [f for f in self.git('ls-files', '-z', '--', *magic).split('\0') if f]

    def is_checkout(self):
        return (self.path / '.git').exists()

    def is_clean(self):
        return not self.git('status', '--porcelain').strip()

    def subjects(self):
        return self.git('log', '--format=%s').splitlines()

    def read(self, name):
        # Latin-1 keeps every byte as it is.
        return (self.path / name).read_bytes().decode('latin-1')

    def write(self, name, text):
        (self.path / name).write_bytes(text.encode('latin-1'))


# --- text --------------------------------------------------------------------

def definitions(text):
    """The functions that @text defines, libvirt's way: the name, or the
    return type before it, begins a line. Yield (name, start, end)."""
    for found in re.finditer(r'^(?:[A-Za-z_][\w \t*]*[ \t*])?([A-Za-z_]\w*)\(',
                             text, re.M):
        depth, pos = 1, found.end()
        while depth and pos < len(text):
            depth += {'(': 1, ')': -1}.get(text[pos], 0)
            pos += 1
        if re.match(r'[ \t]*(\w[\w() \t,]*)?\n\{', text[pos:pos + 200]):
            close = text.find('\n}', pos)
            yield found[1], found.start(), len(text) if close < 0 else close + 2


def matcher(text):
    """A predicate on lines for an edit's TEXT."""
    text = text.strip()
    if len(text) > 2 and text[0] == text[-1] == '/' and text[1] != '*':
        regex = re.compile(text[1:-1])
        return lambda line: regex.search(line.strip()) is not None
    return lambda line: line.strip() == text


# --- text edits --------------------------------------------------------------

class Edits:
    """A step's file of text edits."""

    ANCHORED = ('after', 'before', 'delete', 'replace', 'cut', 'cut-comment-before')

    def __init__(self, path):
        self.path = path
        self.edits = []
        name, scope, last = None, None, None
        for number, line in enumerate(path.read_text('latin-1').splitlines(), 1):
            word, _, rest = line.partition(' ')
            if line.startswith('+'):
                if last is None or last['do'] == 'delete':
                    self.fail(number, 'a `+` line without a directive that takes one')
                last['plus'].append(line[1:] + '\n')
            elif not line.strip() or line.startswith('#'):
                continue
            elif not rest.strip():
                self.fail(number, f'`{word}` lacks its text')
            elif word == 'file':
                name, scope, last = rest.strip(), None, None
            elif name is None:
                self.fail(number, 'no `file` line before this')
            elif word == 'within':
                scope, last = rest, None
            elif word == 'to':
                if last is None or last['do'] != 'cut' or last['to'] or last['plus']:
                    self.fail(number, '`to` must follow `cut`')
                last['to'] = rest
            elif word in self.ANCHORED:
                last = {'do': word, 'at': rest, 'to': None, 'plus': [],
                        'file': name, 'within': scope, 'line': number}
                self.edits.append(last)
            else:
                self.fail(number, f'unknown directive `{word}`')
        for edit in self.edits:
            if edit['do'] == 'cut' and not edit['to']:
                self.fail(edit['line'], '`cut` lacks its `to` line')
            if edit['do'] in ('after', 'before', 'replace') and not edit['plus']:
                self.fail(edit['line'], f'`{edit["do"]}` lacks its `+` lines')
        if not self.edits:
            raise SeriesError(f'{path.name}: no directive')

    def fail(self, number, why):
        raise SeriesError(f'{self.path.name}:{number}: {why}')

    def apply(self, tree):
        for edit in self.edits:
            if not (tree.path / edit['file']).is_file():
                self.fail(edit['line'], f'no file {edit["file"]}')
            lines = tree.read(edit['file']).splitlines(keepends=True)
            self.apply_one(edit, lines)
            tree.write(edit['file'], ''.join(lines))

    def find(self, edit, lines, text, start=0, end=None):
        """The index of the one line from @start to before @end that matches
        @text. Raise SeriesError when there is none or more than one."""
        match = matcher(text)
        hits = [n for n, line in enumerate(lines[start:end], start) if match(line)]
        if len(hits) != 1:
            where = edit['file'] + (f' (within {edit["within"].strip()})'
                                    if edit['within'] and text is not edit['within'] else '')
            found = ('is not there' if not hits else 'is ambiguous, lines '
                     + ' '.join(str(n + 1) for n in hits))
            self.fail(edit['line'], f'{where}: anchor `{text.strip()}` {found}')
        return hits[0]

    def apply_one(self, edit, lines):
        do, plus, start, end = edit['do'], edit['plus'], 0, len(lines)
        if edit['within']:
            start = self.find(edit, lines, edit['within']) + 1
            end = next((n + 1 for n in range(start, end) if lines[n].startswith('}')), end)
        at = self.find(edit, lines, edit['at'], start, end)
        if do == 'after':
            lines[at + 1:at + 1] = plus
        elif do == 'before':
            lines[at:at] = plus
        elif do in ('delete', 'replace'):
            lines[at:at + 1] = plus
        elif do == 'cut':
            match = matcher(edit['to'])
            last = next((n for n in range(at + 1, end) if match(lines[n])), None)
            if last is None:
                self.fail(edit['line'], f'{edit["file"]}: no line `{edit["to"].strip()}` '
                          f'after `{edit["at"].strip()}`')
            lines[at:last + 1] = plus
        else:
            first = at - 1
            if at == 0 or not lines[first].rstrip().endswith('*/'):
                self.fail(edit['line'], f'{edit["file"]}: no comment ends directly above '
                          f'`{edit["at"].strip()}`')
            while first >= 0 and '/*' not in lines[first]:
                first -= 1
            if first < 0 or not lines[first].lstrip().startswith('/*'):
                self.fail(edit['line'], f'{edit["file"]}: the comment above '
                          f'`{edit["at"].strip()}` does not begin a line')
            lines[first:at] = plus


# --- postconditions ----------------------------------------------------------

class Check:
    """A step's postconditions."""

    SHAPES = {'absent': (2, None), 'present': (3, None), 'function': (2, 2),
              'no-function': (1, 1)}

    def __init__(self, path):
        self.conditions = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            try:
                words = shlex.split(line, comments=True)
                if words:
                    self.conditions.append((number, line.strip(), words[0],
                                            self.args(words)))
            except (ValueError, KeyError, re.error) as error:
                raise SeriesError(f'check:{number}: `{line.strip()}`: {error}') from error
        if not self.conditions:
            raise SeriesError('check: no postcondition')

    def args(self, words):
        word, args = words[0], words[1:]
        if word not in self.SHAPES:
            raise ValueError('unknown postcondition')
        least, most = self.SHAPES[word]
        if len(args) < least or most and len(args) > most:
            raise ValueError('wrong number of words')
        if word == 'absent':
            return [re.compile(args[0]), args[1:]]
        if word == 'present':
            if int(args[0]) < 1:
                raise ValueError('N must be at least 1')
            return [int(args[0]), re.compile(args[1]), args[2:]]
        return args

    def failures(self, tree, cache=None):
        """A list of words on each postcondition that @tree does not meet.
        @cache, if given, keeps files' text and functions between calls on
        the same state of the tree."""
        cache = {} if cache is None else cache
        failures = []
        for number, line, word, args in self.conditions:
            why = getattr(self, word.replace('-', '_'))(tree, cache, *args)
            if why:
                failures.append(f'check:{number}: `{line}`: {why}')
        return failures

    @staticmethod
    def text(tree, cache, name):
        if name not in cache:
            path = tree.path / name
            cache[name] = tree.read(name) if path.is_file() and not path.is_symlink() else ''
        return cache[name]

    @classmethod
    def functions(cls, tree, cache, name):
        key = ('functions', name)
        if key not in cache:
            cache[key] = [d[0] for d in definitions(cls.text(tree, cache, name))]
        return cache[key]

    @classmethod
    def matches(cls, tree, cache, regex, specs):
        """(why the pathspecs are wrong or None, the matching lines)"""
        hits = []
        for spec in specs:
            names = tree.files(spec)
            if not names:
                return f'no tracked file matches {spec}', hits
            for name in names:
                text = cls.text(tree, cache, name)
                hits += [f'{name}:{n}' for n, line in enumerate(text.splitlines(), 1)
                         if regex.search(line)]
        return None, list(dict.fromkeys(hits))

    @classmethod
    def absent(cls, tree, cache, regex, specs):
        why, hits = cls.matches(tree, cache, regex, specs)
        if hits:
            why = 'still at ' + ' '.join(hits[:5]) + (' ...' if len(hits) > 5 else '')
        return why

    @classmethod
    def present(cls, tree, cache, least, regex, specs):
        why, hits = cls.matches(tree, cache, regex, specs)
        if not why and len(hits) < least:
            why = f'only {len(hits)} lines' if hits else 'no line'
        return why

    @classmethod
    def function(cls, tree, cache, name, file):
        if file not in tree.files(file):
            return f'no tracked file {file}'
        count = cls.functions(tree, cache, file).count(name)
        return None if count == 1 else f'defined {count} times in {file}'

    @classmethod
    def no_function(cls, tree, cache, name):
        where = [file for file in tree.files('**/*.c', '**/*.h')
                 if name in cls.text(tree, cache, file)
                 and name in cls.functions(tree, cache, file)]
        return f'still defined in {" ".join(where)}' if where else None


# --- semantic patches --------------------------------------------------------

class Cocci:
    """A semantic patch and its header."""

    KEYS = ('files', 'sites', 'aims', 'options', 'together', 'may-miss')

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.text = path.read_text()
        header = {}
        for line in self.text.splitlines():
            if not line.startswith('//'):
                if line.strip():
                    break
                continue
            found = re.match(r'// ?(' + '|'.join(self.KEYS) + r')(?::\s*(.*)|\s*)$', line)
            if found:
                header.setdefault(found[1], []).extend((found[2] or '').split())
        for key in ('files', 'sites'):
            if not header.get(key):
                raise SeriesError(f'{self.name}: no `// {key}:` line in its header')
        if len(header['sites']) != 1 or not re.fullmatch('[1-9][0-9]*', header['sites'][0]):
            raise SeriesError(f'{self.name}: `// sites:` wants one number, at least 1')
        self.sites = int(header['sites'][0])
        self.globs = header['files']
        self.aims = header.get('aims', [])
        self.options = header.get('options', [])
        self.together = 'together' in header
        self.may_miss = header.get('may-miss', [])

    def files(self, tree):
        names = []
        for glob in self.globs:
            found = tree.files(glob)
            if not found:
                raise SeriesError(f'{self.name}: no tracked file matches `{glob}`')
            names += [name for name in found if name not in names]
        return names


# --- steps -------------------------------------------------------------------

class Step:
    """One step: a directory under the source of steps."""

    def __init__(self, source, name):
        path = source / name
        self.path, self.name = path, name
        if not path.is_dir():
            raise SeriesError(f'step {self.name}: no directory {path}')
        try:
            message = self.need('message').read_text()
            lines = message.rstrip('\n').split('\n')
            if len(lines) < 3 or not lines[0].strip() or lines[1].strip():
                raise SeriesError('message: wants a subject, a blank line and a body')
            self.message, self.subject = message, lines[0].strip()
            self.check = Check(self.need('check'))
            self.before, self.after = (Edits(path / name) if (path / name).exists() else None
                                       for name in ('edits.pre', 'edits'))
            self.coccis = [Cocci(p) for p in sorted(path.glob('*.cocci'))]
        except SeriesError as error:
            raise SeriesError(f'step {self.name}: {error}') from error
        self.new_files, self.replacements = (self.files_below(path / name)
                                             for name in ('tree', 'replace'))
        if not (self.before or self.after or self.coccis or self.new_files
                or self.replacements):
            raise SeriesError(f'step {self.name}: it does nothing')
        self.refuse_strays()

    def need(self, name):
        path = self.path / name
        if not path.is_file():
            raise SeriesError(f'no file `{name}`')
        return path

    @staticmethod
    def files_below(root):
        return sorted(str(p.relative_to(root)) for p in root.rglob('*') if not p.is_dir()) \
            if root.is_dir() else []

    def refuse_strays(self):
        """A misspelt file name must not pass in silence."""
        for path in self.path.iterdir():
            if path.name not in ('message', 'check', 'edits', 'edits.pre', 'tree',
                                 'replace') and path.suffix != '.cocci':
                raise SeriesError(f'step {self.name}: unknown file `{path.name}`')


def read_series(source):
    """The steps of the directory @source, in order."""
    source = Path(source)
    series = source / 'series'
    if not series.is_file():
        raise SeriesError(f'no file {series}')
    names = [line.split('#')[0].strip() for line in series.read_text().splitlines()]
    names = [name for name in names if name]
    if not names:
        raise SeriesError(f'{series}: no step')
    if len(set(names)) != len(names):
        raise SeriesError(f'{series}: a step is named twice')
    steps = [Step(source, name) for name in names]
    subjects = [step.subject for step in steps]
    for step in steps:
        if subjects.count(step.subject) > 1:
            raise SeriesError(f'step {step.name}: its subject is not its own')
    return steps
