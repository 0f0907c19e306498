# SPDX-License-Identifier: LGPL-2.1-or-later
"""Quick tests of the tooling, with small steps on a small tree of their own."""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GROUP = 'tooling'
ORDER = 'tooling'
pytestmark = pytest.mark.timeout(600)

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / 'scripts'

SPDX = '// SPDX-License-Identifier: LGPL-2.1-or-later\n'

# Stands in for libvirt.
TREE = {
    'meson.build': "project(\n  'libvirt', 'c',\n  version: '1.2.3',\n)\n",
    '.gitignore': '*.o\nshipped.txt\n',
    'shipped.txt': 'ignored by git, and in the tarball all the same\n',
    'src/qemu/a.h': 'int demoOld(int x);\n',
    'src/qemu/a.c': '''\
#include "a.h"

/* About demoOld: what it was. */
int
demoOld(int x)
{
    return x;
}

int
demoCaller(int x)
{
    g_autofree char *text = NULL;

    if (demoOld(x) < 0)
        return -1;
    return demoOld(x + 1);
}
''',
    'src/qemu/b.c': '''\
#include "a.h"

int
demoOther(int x)
{
    g_autoptr(demoThing) thing = NULL;

    demoOld(x);
    return 0;
}

int
demoLast(int x)
{
    demoUnrelated(x);
    return 0;
}
''',
}

RENAME = SPDX + '''\
// Give it the name that says it.
// files: src/qemu/*.c
// aims: demoOld

@call@
expression list args;
@@
- demoOld(args)
+ demoNew(args)

@definition@
identifier arg;
@@
- demoOld
+ demoNew
  (int arg)
  {
    ...
  }
'''

# The smallest step that does everything.
STEPS = {
    '01-first': {
        'message': 'demo: rename demoOld\n\nThe old name said nothing.\n\nTested: here.\n',
        '10-rename.cocci': RENAME,
        'edits': '''\
# SPDX-License-Identifier: LGPL-2.1-or-later
file src/qemu/a.h
replace int demoOld(int x);
+int demoNew(int x);
file src/qemu/a.c
within #include "a.h"
cut-comment-before /^int$/
within demoNew(int x)
before return x;
+    /* As it is. */
''',
        'check': '''\
# SPDX-License-Identifier: LGPL-2.1-or-later
absent demoOld src/**/*.c src/qemu/*.h
present 3 'demoNew\\(' src/qemu/*.c
function demoNew src/qemu/a.c
no-function demoOld
''',
    },
    '02-second': {
        'message': 'demo: add a file\n\nIt was missing.\n\nTested: here.\n',
        'tree/src/qemu/new.c': 'int\ndemoAdded(void)\n{\n    return 0;\n}\n',
        'check': 'function demoAdded src/qemu/new.c\n',
    },
}

class Fault(Exception):
    """Why a case has failed."""


def check(truth, why):
    if not truth:
        raise Fault(why)


class World:
    """A folder with a tree, the steps, and what the scripts say of them."""

    # Most cases do not care how many places are recorded.
    recording = ('--record',)

    def __init__(self, folder):
        self.folder, self.tree, self.src = folder, folder / 'tree', folder / 'src'
        self.env = {
            'PATH': os.environ['PATH'], 'HOME': str(folder), 'LC_ALL': 'C',
            'SERIES_CACHE': str(folder / 'cache'), 'PYTHONDONTWRITEBYTECODE': '1',
            'GIT_CONFIG_NOSYSTEM': '1',
            'GIT_AUTHOR_NAME': 'A Tester', 'GIT_AUTHOR_EMAIL': 'tester@invalid',
            'GIT_COMMITTER_NAME': 'A Tester', 'GIT_COMMITTER_EMAIL': 'tester@invalid',
        }
        self.make_tree(self.tree)
        self.write_steps(STEPS)
        (self.src / 'cover-letter').write_text('demo: a letter\n\nTwo steps.\n')

    def make_tree(self, path, checkout=True):
        for name, text in TREE.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        if checkout:
            self.git('init', '-q', tree=path)
            self.git('add', '-A', '-f', tree=path)
            self.git('commit', '-qm', 'pristine', tree=path)
        return path

    def write_steps(self, steps):
        shutil.rmtree(self.src, ignore_errors=True)
        self.src.mkdir()
        (self.src / 'series').write_text('# steps\n' + '\n'.join(steps) + '\n')
        for step, files in steps.items():
            for name, text in files.items():
                (self.src / step / name).parent.mkdir(parents=True, exist_ok=True)
                (self.src / step / name).write_text(text)

    def step(self, name='01-first', **changes):
        """Only this step, with files replaced, or removed by None. Names are
        given with `_` for `.` and `-`."""
        files = dict(STEPS[name])
        for key, text in changes.items():
            match = [n for n in files if re.sub('[.-]', '_', n) == key]
            key = match[0] if match else key.replace('_', '.')
            if text is None:
                del files[key]
            else:
                files[key] = text
        self.write_steps({name: files})

    def cocci(self, *parts):
        """The step 01-first, with this as its semantic patch."""
        self.step(**{'10_rename_cocci': SPDX + ''.join(parts)})

    def run(self, *command, **options):
        return subprocess.run([str(word) for word in command], env=self.env, text=True,
                              capture_output=True, check=False, timeout=60, **options)

    def git(self, *args, tree=None):
        run = self.run('git', '-C', tree or self.tree, *args)
        check(run.returncode == 0, f'git {args[0]}: {run.stderr}')
        return run.stdout

    def apply(self, *args, tree=None):
        return self.run(SCRIPTS / 'apply', tree or self.tree, '--source-of-steps', self.src,
                        '--log', self.folder / 'apply.log', *self.recording, *args)

    def applied(self, *args, tree=None):
        run = self.apply(*args, tree=tree)
        check(run.returncode == 0, f'apply failed: {run.stderr}')
        return run.stdout

    def refused(self, *words, args=(), tree=None, untouched=True):
        """Apply must fail, say all the words, and leave the tree alone."""
        tree = tree or self.tree
        before = self.state(tree)
        run = self.apply(*args, tree=tree)
        check(run.returncode == 1, f'exit status {run.returncode}: {run.stdout}{run.stderr}')
        check('Traceback' not in run.stderr, run.stderr)
        for word in words:
            check(word in run.stderr, f'does not say "{word}": {run.stderr}')
        if untouched:
            check(self.state(tree) == before, 'the tree is not as it was')

    @staticmethod
    def files(tree):
        return {str(p.relative_to(tree)): p.read_bytes() for p in sorted(tree.rglob('*'))
                if p.is_file() and '.git' not in p.relative_to(tree).parts}

    def state(self, tree):
        head = self.run('git', '-C', tree, 'rev-parse', 'HEAD').stdout \
            if (tree / '.git').exists() else 'no checkout'
        return head, self.files(tree)


@pytest.fixture
def w(folder):
    return World(Path(folder))


# --- apply: what it does -----------------------------------------------------

def test_applies_a_step_a_commit(w):
    w.applied()
    check(w.git('log', '--reverse', '--format=%s').split('\n')[:3] ==
          ['pristine', 'demo: rename demoOld', 'demo: add a file'], 'the commits are others')
    check(w.git('status', '--porcelain') == '', 'the tree is dirty')
    check('demoNew(x + 1)' in w.files(w.tree)['src/qemu/a.c'].decode(), 'no rename')


def test_message_and_signoff(w):
    w.applied()
    body = w.git('log', '-1', '--format=%B', 'HEAD~')
    check(body.strip() == 'demo: rename demoOld\n\nThe old name said nothing.\n\nTested: here.\n\n'
          'Signed-off-by: A Tester <tester@invalid>', f'the message is {body!r}')


def test_text_edits(w):
    w.applied()
    text = w.files(w.tree)['src/qemu/a.c'].decode()
    check('What it was' not in text and '/* About' not in text, 'the comment is still there')
    check('    /* As it is. */\n    return x;\n' in text, 'no line inserted')


def test_text_edits_of_each_kind(w):
    w.step(edits='''\
file src/qemu/a.h
delete int demoOld(int x);
file src/qemu/b.c
within demoLast(int x)
after {
+    /* first */
+
cut demoUnrelated(x);
to return 0;
+    return 1;
file src/qemu/a.c
replace /About demoOld/
+/* Something else. */
''', edits_pre='file src/qemu/b.c\nbefore demoUnrelated(x);\n+    demoOld(7);\n',
           check='present 1 demoNew.7 src/qemu/b.c\n')
    w.applied()
    files = w.files(w.tree)
    check(files['src/qemu/a.h'] == b'', 'the line is not deleted')
    check(files['src/qemu/b.c'].endswith(
        b'{\n    /* first */\n\n    demoNew(7);\n    return 1;\n}\n'), 'wrong lines in b.c')
    check(b'/* Something else. */\nint\n' in files['src/qemu/a.c'], 'no replacement')


def test_parameters_that_go_leave_no_trace(w):
    (w.tree / 'src/qemu/c.c').write_text('''\
/**
 * demoKeep:
 * @job: what it is part of
 */
static int
demoKeep(int job)
{
    return job;
}

/**
 * demoLose:
 * @first: comes first
 * @job: what it is part of,
 *       if anything
 * @last: comes last
 *
 * Says @job no more.
 */
static int
demoLose(int first,
         int job,
         int last)
{
    if (demoLose(first, job,
                 last) < 0)
        return demoKeep(first);
    return 0;
}
''')
    w.git('add', '--all')
    w.git('commit', '--quiet', '-m', 'more')
    w.step(edits=None, check='present 1 demoLose src/qemu/c.c\nabsent demoOld src/qemu/c.c\n'
           "present 1 'int first,$' src/qemu/c.c\nabsent 'int job,' src/qemu/c.c\n",
           **{'10_rename_cocci': SPDX + '''\
// files: src/qemu/c.c
// aims: demoLose

@@
identifier first, job;
@@
 demoLose(int first
-  , int job
  , ...)
 { ... }

@@
expression first, job;
@@
 demoLose(first
-  , job
  , ...)
'''})
    w.applied()
    text = w.files(w.tree)['src/qemu/c.c'].decode()
    check(text.count('@job: what it is part of\n') == 1, 'another comment was touched')
    check(' * @first: comes first\n * @last: comes last\n *\n' in text,
          'the comment still has the parameter')
    check('    if (demoLose(first, last) < 0)\n' in text, 'the line is left behind broken')


def test_upto_a_step(w):
    w.applied('--upto', '01-first')
    check(w.git('log', '-1', '--format=%s').strip() == 'demo: rename demoOld', 'another step')
    w.refused('no step 09-none', args=('--upto', '09-none'))
    w.git('reset', '-q', '--hard', 'HEAD~')
    w.applied('--upto', 'first')
    w.git('reset', '-q', '--hard', 'HEAD~')
    w.refused('0 may be: 01-first 02-second', args=('--upto', '0'))


def test_tarball_becomes_a_checkout(w):
    tree = w.make_tree(w.folder / 'tarball', checkout=False)
    w.applied()
    w.applied(tree=tree)
    check(w.files(tree) == w.files(w.tree), 'other bytes than on a checkout')
    check('shipped.txt' in w.git('ls-tree', '--name-only', 'HEAD~2', tree=tree),
          'the first commit lacks a file')
    check(w.git('status', '--porcelain', tree=tree) == '', 'the tree is dirty')


def test_owner_does_not_matter(w):
    check(os.geteuid() == 0, 'wants root')
    tree = w.make_tree(w.folder / 'tarball', checkout=False)
    for path in [tree, w.tree, *tree.rglob('*'), *w.tree.rglob('*')]:
        os.chown(path, 12345, 12345)
    w.applied(tree=tree)
    w.applied()


def test_same_bytes_each_time(w):
    other = w.make_tree(w.folder / 'other')
    w.applied('--no-cache')
    w.applied('--no-cache', tree=other)
    hashes = {w.git('rev-parse', 'HEAD^{tree}', tree=t) for t in (w.tree, other)}
    check(len(hashes) == 1 and w.files(other) == w.files(w.tree), 'other bytes')


def test_same_bytes_from_the_cache(w):
    other = w.make_tree(w.folder / 'other')
    w.applied()
    check(any((w.folder / 'cache').rglob('*')), 'nothing is kept')
    w.applied(tree=other)
    check(w.files(other) == w.files(w.tree), 'other bytes')


def test_places_are_recorded(w):
    w.recording = ()
    w.refused('libvirt 1.2.3, of which nothing is recorded')
    record = w.folder / 'releases/1.2.3/sites'
    check(not record.exists(), 'recorded unasked')
    w.applied('--record', tree=w.make_tree(w.folder / 'first'))
    check(record.read_text().splitlines()[-1] == '01-first/10-rename 4', record.read_text())
    for other in '3', '5':
        record.write_text(f'01-first/10-rename {other}\n')
        w.refused('step 01-first: 10-rename.cocci: changed 4 places, recorded for libvirt 1.2.3 '
                  f'are {other}')
    # With Debian's patches, and without
    record.write_text('01-first/10-rename 3 4\n')
    w.applied(tree=w.make_tree(w.folder / 'patched'))
    w.applied('--record', tree=w.make_tree(w.folder / 'patched-too'))
    check(record.read_text().splitlines()[-1] == '01-first/10-rename 3 4', record.read_text())
    record.write_text('01-first/10-rename 3 5\n')
    w.refused('changed 4 places, recorded for libvirt 1.2.3 are 3 or 5')
    record.write_text('01-first/20-gone 1\n01-first/10-rename 4\n')
    w.refused('no such rule: 01-first/20-gone')
    record.write_text('01-first/10-rename\n')
    w.refused('not a line `GROUP/STEP/RULE N`')
    record.write_text('# none\n')
    w.refused('10-rename.cocci: changed 4 places, is not recorded for libvirt 1.2.3')
    w.applied('--record')
    w.applied(tree=w.make_tree(w.folder / 'second'))


def test_what_is_recorded_of_a_release(w):
    """What one run said is kept beside another's, but not of another state of the series."""
    tested = series_module('tested')
    (w.folder / 'releases/1.2.3').mkdir(parents=True, exist_ok=True)
    source = w.src

    def record(found, stock=False, names=('a', 'b', 'c'), qemu='7.2', tree='1111'):
        tested.Tested(source, '1.2.3', '12').record(found, stock, names, qemu, tree)
        return tested.Tested(source, '1.2.3', '12').tests

    record({'a': 'passed', 'b': 'failed', 'other': 'passed'})
    assert record({'b': 'failed'}, stock=True) == {
        'a': ['passed', '-'], 'b': ['failed', 'failed'], 'c': ['-', '-']}
    assert tested.Tested(source, '1.2.3', '12').row() == \
        '| 1.2.3 | 12 | 7.2 | 1 | `b` (stock, too) | 0 | 1 |\n'
    text = tested.BEGIN + 'old\n' + tested.END
    assert '`b` (stock, too)' in tested.with_table(text, source)
    # A test that is no more; another state; another QEMU
    assert 'a' not in record({}, names=('b', 'c'))
    assert record({'c': 'passed'}, tree='2222')['b'] == ['-', 'failed']
    assert record({'c': 'skipped'}, qemu='10.0') == {
        'a': ['-', '-'], 'b': ['-', '-'], 'c': ['skipped', '-']}
    path = tested.Tested(source, '1.2.3', '12').path
    path.write_text(path.read_text() + 'a passed\n')
    with pytest.raises(series_module('tree').SeriesError, match='not a line'):
        tested.Tested(source, '1.2.3', '12')
    with pytest.raises(series_module('tree').SeriesError, match='no place'):
        tested.with_table('text\n', source)


BY_VERSION = '''\
one
  #@ if >= 1.2.3
two of @RELEASE@
#@ else
three
#@ end
#@ if < 1.10
four
#@ end
'''


def test_text_by_version(w):
    text_for = series_module('releases').text_for
    for version, lines in (('1.2.2', 'one three four'), ('1.2.3', 'one two of 1.2.3 four'),
                           ('1.9.9', 'one two of 1.9.9 four'), ('1.10.0', 'one two of 1.10.0')):
        check(text_for(BY_VERSION, version, 'x').split() == lines.split(), f'{version}')
    for text, why in (('#@ if > 1.2\n#@ end\n', 'x:1: `#@ if > 1.2` is none of'),
                      ('#@ if < 1.2\n', 'x:1: `#@ if` without'),
                      ('#@ if < 1\n#@ if < 2\n#@ end\n#@ end\n', 'x:2: `#@ if` within'),
                      ('\n#@ end\n', 'x:2: `#@ end` without'),
                      ('#@ if < 1\n#@ else\n#@ else\n#@ end\n', 'x:3: `#@ else` without'),
                      ('#@end\n', 'x:1: `#@end` is none of'), ('#@ ifdef\n', 'is none of')):
        try:
            text_for(text, '1.2.3', 'x')
            check(False, f'{text!r} passes')
        except Exception as error:    # The module's own SeriesError.
            check(why in str(error), f'{text!r}: {error}')


def test_each_file_of_a_step_by_version(w):
    older, newer = '#@ if < 1.2\n', '#@ if >= 1.2\n'
    end = '#@ end\n'
    w.write_steps({'01-first': {
        'message': f'demo: rename\n\n{newer}In @RELEASE@.\n#@ else\nOld.\n{end}',
        '10-rename.cocci': RENAME.replace('+ demoNew(args)', f'{older}+ demoOlder(args)\n#@ else\n'
                                          f'+ demoNew(args)\n{end}'),
        '20-none.cocci': f'{SPDX}// files: none.c\n{older}@@\n@@\n-none();\n{end}',
        'edits': f'# none\n{older}file none.c\ndelete x\n{end}',
        'edits.pre': f'file src/qemu/a.h\n{older}delete x\n#@ else\n'
                     f'replace int demoOld(int x);\n+int demoNew(int x); /* @RELEASE@ */\n{end}',
        'tree/new.c': f'{older}long\n#@ else\nint\n{end}demoAdded;\n',
        'tree/older.c': f'{older}x\n{end}',
        'tree/empty.c': '',
        'replace/shipped.txt': f'{newer}new @RELEASE@\n{end}',
        'check': f'{older}absent demoNew new.c\n#@ else\npresent 3 demoNew src/qemu/a.?\n{end}',
    }})
    w.applied()
    files = w.files(w.tree)
    check(files['new.c'] == b'int\ndemoAdded;\n' and files['shipped.txt'] == b'new 1.2.3\n', str(files))
    check('older.c' not in files and files['empty.c'] == b'', 'a file that is not for this version')
    check(b'/* 1.2.3 */' in files['src/qemu/a.h'], 'no edit')
    check('In 1.2.3.\n\nSigned' in w.git('log', '-1', '--format=%B'), 'another message')


def test_one_of_several_matches(w):
    rule = '''\
// files: src/qemu/a.c{files}
// aims: {name}
// one-of: form

@@
expression x;
@@
-{name}(x)
+demoNew(x, 1)
'''
    def step(*names, files=''):
        w.step(edits=None, check="present 1 'demoNew.x, 1' src/qemu/a.c\n", **{
            '10_rename_cocci': None, **{f'{n}0-{name}_cocci': SPDX + rule.format(name=name, files=files)
                                       for n, name in enumerate(names, 1)}})
    step('demoOther', 'demoOld', files=' src/none.c')
    w.applied(tree=w.make_tree(w.folder / 'other'))
    record = (w.folder / 'releases/1.2.3/sites').read_text()
    check('01-first/10-demoOther 0\n01-first/20-demoOld 2\n' in record, record)
    step('demoOther', 'demoElse')
    w.refused('one-of form: none of the alternatives matches: 10-demoOther.cocci 20-demoElse.cocci')
    # Each sees the tree before the first.
    step('demoOld', 'demoNew')
    w.applied(tree=w.make_tree(w.folder / 'third'))
    step('demoOld', 'demoCaller')
    path = w.tree / 'src/qemu/a.c'
    path.write_text(path.read_text().replace('return demoOld(', 'return demoCaller('))
    w.git('commit', '-qam', 'both')
    w.refused('one-of form: 2 of the alternatives match: 10-demoOld.cocci 20-demoCaller.cocci')
    step('demoOld')
    w.refused('`// one-of: form` is only in one semantic patch')


def test_upstream_has_a_step(w):
    path = w.src / '01-first/upstream'
    for text, why in (('since 1.2\nproof: test demotest\n', 'upstream: wants'),
                      ('since x\nproof: test demotest\nIt is.\n', 'upstream: wants'),
                      ('since 1.2\nproof: hope demotest\nIt is.\n', 'upstream: wants')):
        path.write_text(text)
        w.refused('step 01-first', why)
    path.write_text('# SPDX\nsince 1.2\nproof: test demotest\nIt is.\n')
    out = w.applied(tree=w.make_tree(w.folder / 'other'))
    check('[1/2] 01-first: left out, not wanted since 1.2\n' in out, out)
    check(w.applied('--list') == '02-second\n', 'it is listed')
    check('demoOld' in w.files(w.folder / 'other')['src/qemu/a.c'].decode(), 'it is applied')
    run = w.run(SCRIPTS / 'export', w.folder / 'other', w.folder / 'mail', '--source-of-steps', w.src)
    check('1 of 1 steps' in run.stdout, run.stdout + run.stderr)
    path.write_text('before 1.10\nproof: scenario demo\nThe fault came then.\n')
    out = w.applied(tree=w.make_tree(w.folder / 'third'))
    check('[1/2] 01-first: left out, not wanted before 1.10\n' in out, out)
    path.write_text('since 1.10\nproof: scenario demo\nIt will be.\n')
    w.applied()
    check('demoOld' not in w.files(w.tree)['src/qemu/a.c'].decode(), 'it is left out')


def test_rules_across_files(w):
    w.cocci('''\
// What one file defines is changed in another.
// files: src/qemu/a.c src/qemu/b.c
// aims: demoOld
// together

@defined@
identifier f =~ "Old$";
identifier arg;
@@
int f(int arg) { ... }

@used@
identifier defined.f;
expression arg;
@@
- f(arg);
+ demoNew(arg);
''')
    w.step(**{'10_rename_cocci': (w.src / '01-first/10-rename.cocci').read_text(),
              'edits': None, 'check': 'present 1 demoNew src/qemu/b.c\n'})
    w.applied()


# --- apply: what spatch sees, and what becomes of what it prints ---------------

def test_slices_and_whole_files_give_the_same(w):
    path = w.tree / 'src/qemu/a.c'
    path.write_text(path.read_text() + """
#ifdef WITH_DEMO
static int
demoMaybe(void)
{
    return demoOld(1);
}
#else
static int
demoMaybe(void)
{
    return 0;
}
#endif

static const int demoTable[] = {
    demoOld(1),
};

/* Nothing of interest: demoOlder() */
int
demoNone(void)
{
    return demoOlder();
}
""")
    w.git('commit', '-qam', 'more')
    other = w.folder / 'other'
    w.run('cp', '-a', w.tree, other)
    w.step(check='present 6 demoNew src/qemu/*.c\n')
    w.applied()
    w.applied('--whole-files', tree=other)
    check(w.files(other) == w.files(w.tree), 'other bytes')
    text = w.files(w.tree)['src/qemu/a.c'].decode()
    check(text.count('demoNew(1)') == 2, 'not all places are changed')
    log = (w.folder / 'apply.log').read_text()
    check('--verbose-parsing' not in log, 'slices in spite of --whole-files')


def series_module(name):
    sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module(f'series.{name}')


def test_slices_hold_what_names_the_aims(w):
    slices = series_module('slices')
    text = ('#include "x.h"\n\nint a(int x)\n{\n    return x;\n}\n\n\n'
            '/* About b. */\nint b(void)\n{\n    return aim(1);\n}\n\n'
            'int aimless(void)\n{\n}\n\n'
            'struct s {\n    int aim;\n};\nint aim;\n\n'
            'int last(void)\n{\n}\n')
    piece = slices.Slice(text, ['aim'])
    check(piece.parts() == ['\n\n/* About b. */\nint b(void)\n{\n    return aim(1);\n}\n\n',
                            '\nstruct s {\n    int aim;\n};\nint aim;\n\nint last(void)\n{\n}\n'],
          f'the parts are {piece.parts()}')
    check(piece.spliced(piece.taken_apart(piece.text())) == text, 'the file is not put together')
    check(piece.spliced(['<1>', '<2>']) == text.replace(piece.parts()[0], '<1>').replace(
        piece.parts()[1], '<2>'), 'not spliced where it was')
    check(not slices.Slice(text, ['nowhere']).starts, 'something names nothing')
    for old, new, confined in (('return aim(1)', 'return 1', True), ('int last', 'int first', True),
                               ('return x', 'return y', False), ('int aimless', 'int b', False),
                               ('#include', '#define', False), ('/* About b. */\n', '', True)):
        check(piece.confines(text.replace(old, new)) == confined, f'{old}: not {confined}')
    check(piece.confines(text), 'the same is not the same')
    conditional = ('int a(void)\n{\n}\n\n#if A\nint b(void)\n{\n}\n\n#else\nint b(void)\n{\n'
                   '    aim();\n}\n\n#endif\nint c(void)\n{\n}\n\nint d(void)\n{\n}\n')
    part, = slices.Slice(conditional, ['aim']).parts()
    check(part.startswith('\n#if A') and '#endif\nint c' in part and 'int d' not in part,
          f'half a condition: {part}')


def test_slices_are_refused(w):
    slices = series_module('slices')

    def uncut(call, *args):
        try:
            call(*args)
        except slices.Uncut:
            return True
        return False
    for text in ('int a(void)\n{\n    b(1);\n    /*\n}\n*/ aim();\n}\n',
                 'int a(void)\n{\n#if B\n    if (b) {\n#else\n    if (c) {\n#endif\n    aim();\n'
                 '    }\n}\n'):
        check(uncut(slices.Slice(text, ['aim']).refuse_if_torn), f'is not torn: {text}')
    whole = slices.Slice('int a(void)\n{\n    char *x = "{ /*"; char y = \'"\'; /* ( */ aim();\n}\n',
                         ['aim'])
    check(not uncut(whole.refuse_if_torn), 'is torn')
    check(uncut(whole.taken_apart, whole.text().replace('series_cut_1', 'x')), 'a mark is gone')
    check(uncut(whole.taken_apart, 'int x;\n' + whole.text()), 'text before the first mark')
    check(uncut(whole.taken_apart, whole.text() + 'int x;\n'), 'text after the last mark')


def test_torn_slices_give_way_to_the_file(w):
    # The brace that begins a line is none; what is left of the comment would be code.
    path = w.tree / 'src/qemu/b.c'
    path.write_text(path.read_text().replace('    demoOld(x);\n', '    /*\n}\n*/\n    demoOld(x);\n'))
    w.git('commit', '-qam', 'odd')
    w.applied()
    check('demoNew(x);' in w.files(w.tree)['src/qemu/b.c'].decode(), 'not changed')
    check('the whole of src/qemu/b.c: a cut falls' in (w.folder / 'apply.log').read_text(), 'nothing is said')


def test_unparsable_table(w):
    path = w.tree / 'src/qemu/b.c'
    path.write_text(path.read_text() + '\nstatic demoThing table[] = {\n    DEMO_ODD(y) z, demoOld\n};\n')
    w.git('commit', '-qam', 'odd')
    for args in ((), ('--whole-files',)):
        w.refused('step 01-first', '10-rename.cocci', 'src/qemu/b.c', 'demoOld', args=args)


def test_aims_that_are_not_all(w):
    """A change of what does not name the aims is not made, and that is noticed."""
    w.step(**{'10_rename_cocci': RENAME.replace('aims: demoOld', 'aims: demoCaller')})
    w.refused('step 01-first', '10-rename.cocci', 'matched nothing: definition')
    w.refused('step 01-first', '10-rename.cocci: changes a part of src/qemu/', 'none of its aims',
              args=('--whole-files',))


def test_cache_outlives_changes_elsewhere(w):
    other = w.make_tree(w.folder / 'other')
    path = other / 'src/qemu/b.c'
    path.write_text(path.read_text().replace('demoUnrelated(x)', 'demoUnrelated(x + 1)'))
    w.git('commit', '-qam', 'elsewhere', tree=other)
    w.applied()
    w.applied(tree=other)
    check('$ ' not in (w.folder / 'apply.log').read_text(), 'spatch ran')
    check('demoNew(x)' in w.files(other)['src/qemu/b.c'].decode()
          and 'demoUnrelated(x + 1)' in w.files(other)['src/qemu/b.c'].decode(), 'wrong bytes')


# What was there, what spatch prints, and what is to be made of it.
PRINTED = {
    'else stays beside the brace': (
        'f()\n{\n    if (a)\n        b();\n}\n',
        'f()\n{\n    if (a) {\n        b();\n    }\n    else {\n        c();\n    }\n}\n',
        'f()\n{\n    if (a) {\n        b();\n    } else {\n        c();\n    }\n}\n'),
    'else below the brace is the style of the function': (
        'f()\n{\n    if (a) {\n    }\n    else {\n    }\n}\n',
        'f()\n{\n    if (a) {\n        b();\n    }\n    else {\n    }\n}\n',
        'f()\n{\n    if (a) {\n        b();\n    }\n    else {\n    }\n}\n'),
    'an empty line has no blanks and no twin': (
        'f()\n{\n    a();\n}\n',
        'f()\n{\n    \n    a();\n\n    \n    b();\n}\n',
        'f()\n{\n    a();\n\n    b();\n}\n'),
    'a blank before a string': (
        'f()\n{\n    a(1,"old");\n}\n',
        'f()\n{\n    a(1,"old");\n    b(c,"x,\\"y?\\"z", d ?"1" :"2");\n}\n',
        'f()\n{\n    a(1,"old");\n    b(c, "x,\\"y?\\"z", d ? "1" : "2");\n}\n'),
    'the line moves up where an argument has gone': (
        'f()\n{\n    a(b, c,\n      d);\n}\n',
        'f()\n{\n    a(b,\n      d);\n}\n',
        'f()\n{\n    a(b, d);\n}\n'),
    'but not if it gets too long': (
        'f()\n{\n    a(b, c,\n      ' + 'd' * 70 + ');\n}\n',
        'f()\n{\n    a(b,\n      ' + 'd' * 70 + ');\n}\n',
        'f()\n{\n    a(b,\n      ' + 'd' * 70 + ');\n}\n'),
    'a parameter leaves the comment, too': (
        '/**\n * f:\n * @a: first\n * @job: of what,\n *       if any\n *\n * Says @job.\n */\n'
        'int\nf(int a,\n  int job)\n{\n}\n',
        '/**\n * f:\n * @a: first\n * @job: of what,\n *       if any\n *\n * Says @job.\n */\n'
        'int\nf(int a)\n{\n}\n',
        '/**\n * f:\n * @a: first\n *\n * Says @job.\n */\nint\nf(int a)\n{\n}\n'),
    'the formats of a string': (
        'f()\n{\n    a("%1$s of %2$d");\n}\n', 'f()\n{\n    a("%1s of %2d");\n    b();\n}\n',
        'f()\n{\n    a("%1$s of %2$d");\n    b();\n}\n'),
    'what is as it was': (
        'f()\n{\n    a( b ,"c" );\n}\n', 'f()\n{\n    a( b ,"c" );\n}\n',
        'f()\n{\n    a( b ,"c" );\n}\n'),
}


def test_printed_text_is_repaired(w):
    tidy = series_module('printer').tidy
    for what, (old, printed, expected) in PRINTED.items():
        new = tidy(old, printed)
        check(new == expected, f'{what}: {new!r}')


BOTH = """/* Says what a does. */
int
a(void)
{
    return 0;
}

/**
 * b:
 *
 * Says what b does.
 */
int
b(void)
{
    return 1;
}
"""

# What a step makes of that, and what is said of it: nothing, if it may.
LAYOUTS = (
    ('int\na(', '/* Once more. */\nint\na(', 'a() has two comments'),
    ('int\nb(', '/**\n * b:\n *\n * Once more.\n */\nint\nb(', 'b() has two comments'),
    ('int\nb(', '\n/**\n * b:\n *\n * Once more.\n */\nint\nb(', 'b() has two comments'),
    ('int\nb(', '\nint\nb(', 'the comment above b() is separated from it'),
    ('int\na(', 'int\nnew(void)\n{\n}\n\nint\na(', 'the comment of a() is not above it'),
    ('int\nb(', 'int\nnew(void)\n{\n}\n\nint\nb(', 'the comment above new() is of b'),
    ('int\na(void)\n{\n    return 0;\n}\n', '', ''),
    ('int\nb(void)\n', 'int\na(void)\n', 'a() is defined 2 times'),
    ('int\nb(void)\n{\n    return 1;\n}\n', '', ''),
    ('    return 0;\n}\n', '    return 0;\n}\n\n/* New. */\nint\nnew(void)\n{\n}\n', ''),
    ('Says what a does', 'Says more', ''),
    ('/* Says what a does. */\n', '', ''),
    ('    return 1;\n', '    return 2;\n', ''))


def test_comments_stay_with_their_functions(w):
    faults = series_module('layout').faults
    for old, new, word in LAYOUTS:
        check(BOTH.count(old) == 1, f'the test is wrong: {old!r}')
        found = faults(BOTH, BOTH.replace(old, new))
        check(bool(found) == bool(word) and all(word in fault for fault in found[:1]),
              f'{new!r}: {found}')
    # What was so before is not the step's.
    stock = BOTH.replace('int\na(', '/* Once more. */\nint\na(') + BOTH
    check(faults(stock, stock.replace('return 1', 'return 2')) == [], 'the old is held against it')
    check(faults('', BOTH) == [], 'a new file has faults')


def test_stacked_comments(w):
    path = w.tree / 'src/qemu/a.c'
    path.write_text(path.read_text().replace('int\ndemoCaller', '/* Has one. */\nint\ndemoCaller'))
    w.git('commit', '-qam', 'comment')
    w.step(edits=None, check="present 1 'Calls' src/qemu/a.c\n", **{'10_rename_cocci': SPDX + """\
// Says what it does, where somebody has done so.
// files: src/qemu/a.c
// aims: demoCaller

@@
identifier x;
@@
+/* Calls. */
 int demoCaller(int x) { ... }
"""})
    for args in ((), ('--whole-files',)):
        w.refused('step 01-first', 'src/qemu/a.c: demoCaller() has two comments above it', args=args)


def test_function_twice(w):
    w.step(**{'10_rename_cocci': RENAME + """
@more@
@@
 demoNew(...) { ... }
+int
+demoCaller(int y)
+{
+    return y;
+}
"""})
    w.refused('step 01-first', 'src/qemu/a.c: demoCaller() is defined 2 times')


def test_pathspecs_are_gits(w):
    tree = series_module('tree')
    names = tree.Tree(w.tree).files()
    for spec in ('src', 'src/', 'src/qemu', 'src/qemu/a.h', 'src/qemu/*.c', 'src/*.c', '**/*.c',
                 'src/**', 'src/**/*.h', 'src/qemu/[ab].c', 'src/qemu/?.h', '*', 's*', 'src/q*u',
                 'src/qem', '.gitignore', '*.build'):
        theirs = w.git('ls-files', '--', f':(glob){spec}').split()
        check(tree.matching(names, [spec]) == theirs, f'{spec}: not {theirs}')


def test_words_that_a_match_must_have(w):
    needles = series_module('checks').needles
    for pattern, words in (
            ('demoOld', ['demoOld']), (r'\bdemoOld\b', ['demoOld']),
            ('demoOld|demoNew', ['demoOld', 'demoNew']), ('demo(Old|New)Thing', ['Thing']),
            (r'demoOld\(.*(<|==) 0', ['demoOld']), ('[Dd]emoOld', ['emoOld']),
            ('demoOlds?', []), ('demoOld*', []), ('(demoOld)?', []), ('demoOld|x', []),
            ('(?i)demoOld', []), ('demoOld{0}', []), ('^R[0-9]+$', [])):
        check(needles(pattern) == words, f'{pattern}: {needles(pattern)}')


def test_parameter_by_its_position(w):
    (w.tree / 'src/qemu/c.c').write_text("""\
static int
demoSecond(int first, demoJob job)
{
    return first;
}

static int
demoThird(int first,
          int second,
          demoJob job)

{
    return demoSecond(first, job);
}

static int
demoKeep(int first, demoJob job)
{
    return demoThird(first, 2, job);
}
""")
    w.git('add', '--all')
    w.git('commit', '--quiet', '-m', 'more')
    rule = SPDX + """\
// Positions are found.
// files: src/qemu/c.c
// parameter: demoJob \\w+
// aims: demoSecond demoThird

@ definition @
identifier f = { functions };
parameter list[position] before;
identifier job;
type T;
@@
 f(before
-  , T job
  , ...)
 { ... }

@ call @
identifier f = { functions };
expression list[position] before;
expression job;
@@
 f(before
-  , job
  , ...)
"""
    def step(text):
        w.step(edits=None, check='present 1 demoKeep src/qemu/c.c\nabsent demoOld src/qemu/c.c\n'
               "present 1 'demoSecond.int first.$' src/qemu/c.c\n", **{'10_rename_cocci': text})
    for old, new, why in (('demoSecond demoThird', 'demoGone', 'no definition of any'),
                          ('demoJob \\', 'demoJobs \\', 'has 0 parameters'),
                          ('// aims: demoSecond demoThird\n', '', 'wants `// aims:`')):
        step(rule.replace(old, new))
        w.refused('step 01-first', '10-rename.cocci', why)
    # One that nobody names may be of another release.
    step(rule.replace('demoSecond demoThird', 'demoSecond demoThird demoGone'))
    w.applied()
    text = w.files(w.tree)['src/qemu/c.c'].decode()
    for line in ('demoSecond(int first)\n', '          int second)\n', 'return demoSecond(first);',
                 'demoKeep(int first, demoJob job)\n', 'return demoThird(first, 2);'):
        check(line in text, f'no {line!r}: {text}')


# --- apply: what it refuses --------------------------------------------------

def test_no_match(w):
    w.cocci('// Nothing.\n// files: src/qemu/*.c\n\n@nothing@\n@@\n'
            '- demoAbsent(1)\n+ demoNew(1)\n')
    w.refused('step 01-first', '10-rename.cocci', 'changed no place', 'nothing')


def test_one_rule_of_two_matches_nothing(w):
    idle = '\n@idle@\n@@\n- demoAbsent(1)\n+ demoNew(1)\n'
    w.step(**{'10_rename_cocci': RENAME + idle})
    w.refused('step 01-first', '10-rename.cocci', 'matched nothing: idle')
    w.step(**{'10_rename_cocci': RENAME.replace('// aims', '// may-miss: idle\n// aims') + idle})
    w.applied()


def test_unparsable_function(w):
    path = w.tree / 'src/qemu/b.c'
    path.write_text(path.read_text() + '\nint\ndemoOdd(int x)\n{\n    DEMO_ODD(y) z = 1;\n'
                    '    demoOld(x);\n    return 0;\n}\n')
    w.git('commit', '-qam', 'odd')
    w.refused('step 01-first', '10-rename.cocci', 'src/qemu/b.c', 'demoOdd()', 'demoOld')


def test_unparsable_function_elsewhere(w):
    path = w.tree / 'src/qemu/b.c'
    path.write_text(path.read_text() + '\nint\ndemoOdd(int x)\n{\n    DEMO_ODD(y) z = 1;\n'
                    '    return 0;\n}\n')
    w.git('commit', '-qam', 'odd')
    w.step(**{'10_rename_cocci': RENAME.replace('// aims: demoOld\n', '')})
    w.refused('step 01-first', '10-rename.cocci', 'src/qemu/b.c', 'demoOdd()')
    w.write_steps(STEPS)
    w.applied()


def test_function_without_flow(w):
    path = w.tree / 'src/qemu/b.c'
    path.write_text(path.read_text() + '\nint\ndemoOdd(int x)\n{\n    demoOld(x);\n'
                    '    goto nowhere;\n}\n')
    w.git('commit', '-qam', 'odd')
    w.refused('step 01-first', '10-rename.cocci', 'src/qemu/b.c', 'demoOdd()')


def test_broken_rule(w):
    w.cocci('// Broken.\n// files: src/qemu/*.c\n\n@@\n@@\n- demoOld(\n')
    w.refused('step 01-first', '10-rename.cocci', 'spatch')


def test_rule_with_a_warning(w):
    w.step(**{'10_rename_cocci': RENAME + '\n@@\n@@\n- demoUnrelated(x)\n+ demoUnrelated(x, y)\n'})
    w.refused('step 01-first', '10-rename.cocci', 'should x be a metavariable')


def test_header_lines(w):
    for old, new, word in (('// files: src/qemu/*.c\n', '', 'files'),
                           ('// aims', '// one-of:\n// aims', 'one-of'),
                           ('src/qemu/*.c', 'src/qemu/*.c src/none/*.c', 'src/none/*.c')):
        w.step(**{'10_rename_cocci': RENAME.replace(old, new)})
        w.refused('step 01-first', '10-rename.cocci', word)


def test_dirty_tree(w):
    (w.tree / 'stray').write_text('')
    w.refused('dirty')
    (w.tree / 'stray').unlink()
    (w.tree / 'src/qemu/a.h').write_text('')
    w.refused('dirty')


def test_step_already_applied(w):
    w.applied('--upto', '01-first')
    w.refused('already has the step 01-first')
    w.refused('already has the step 01-first', args=('--upto', '01-first'))


def test_patched_tarball(w):
    w.applied('--upto', '01-first')
    shutil.rmtree(w.tree / '.git')
    w.refused('already meets the postconditions', '01-first')


def test_not_libvirt(w):
    (w.folder / 'empty').mkdir()
    w.refused('no libvirt source tree', tree=w.folder / 'empty')


def test_nobody_commits(w):
    for name in [name for name in w.env if re.match('GIT_(AUTHOR|COMMITTER)', name)]:
        del w.env[name]
    w.refused('user.name', 'user.email')
    w.refused('user.name', tree=w.make_tree(w.folder / 'tarball', checkout=False))
    (w.folder / '.gitconfig').write_text('[user]\n\tname = Configured\n\temail = c@invalid\n')
    w.applied()
    check('Signed-off-by: Configured <c@invalid>' in w.git('log', '-1', '--format=%B'),
          'another sign-off')


def test_postconditions(w):
    for line, why in (('absent demoCaller src/qemu/*.c', 'still at src/qemu/a.c:'),
                      ("present 9 'demoNew\\(' src/qemu/*.c", 'only '),
                      ('present 1 demoGone src/qemu/*.c', 'no line'),
                      ('function demoGone src/qemu/a.c', 'defined 0 times'),
                      ('function demoNew src/qemu/b.c', 'defined 0 times'),
                      ('no-function demoNew', 'still defined in src/qemu/a.c'),
                      ('absent demoOld src/none/*.c', 'no tracked file')):
        w.step(check='# fine\npresent 1 demoNew src/qemu/a.c\n' + line + '\n')
        w.refused('step 01-first', 'check:3', line, why)


def test_postconditions_of_no_worth(w):
    w.step(check='present 1 demoUnrelated src/qemu/b.c\n')
    w.refused('already meets', '01-first')
    w.step(check='# none\n')
    w.refused('step 01-first', 'check', 'no postcondition')
    w.step(check=None)
    w.refused('step 01-first', 'no file `check`')


def test_postconditions_misspelt(w):
    for line in ('abzent x src/*', 'present x src/*', 'present 0 x src/*', 'absent x',
                 'absent ( src/*', "absent 'x src/*", 'function x', 'no-function x y'):
        w.step(check=line + '\n')
        w.refused('step 01-first', 'check:1', line)


def test_prototypes_are_no_functions(w):
    (w.tree / 'src/qemu/c.c').write_text('static int\ndemoNew(int x,\n        int y);\n\n'
                                         'int x = demoNew(1);\n')
    w.git('add', '-A')
    w.git('commit', '-qm', 'more')
    w.step(check='function demoNew src/qemu/c.c\n')
    w.refused('check:1', 'defined 0 times')


def test_anchors(w):
    for text, why in (('after no such line\n+x\n', 'is not there'),
                      ('after return 0;\n+x\n', 'is ambiguous'),
                      ('within no such line\nafter {\n+x\n', 'is not there'),
                      ('within return 0;\nafter {\n+x\n', 'is ambiguous'),
                      ('within demoOther(int x)\nafter demoUnrelated(x);\n+x\n', 'is not there'),
                      ('cut demoUnrelated(x);\nto no such line\n', 'no line `no such line`'),
                      ('cut-comment-before demoUnrelated(x);\n', 'no comment ends')):
        w.step(edits='file src/qemu/b.c\n' + text)
        w.refused('step 01-first', 'edits:', 'src/qemu/b.c', why)


# Lists of names, libvirt's way.
LISTS = {
    'src/libvirt_private.syms': """\
# conf/a.h
demoAlpha;


#qemu/a.h
demoOld;
demoUnused;


# qemu/b.h
demoBeta;
""",
    'tests/meson.build': """\
tests += [
    { 'name': 'alphatest' },
    { 'name': 'deltatest', 'link_with': [ demo_lib ] },
    { 'name': 'gammatest' },
]
tests += [
    { 'name': 'omegatest' },
]
""",
    'src/qemu/a.h': """\
int demoOld(int x);

/* About demoNext. */
int
demoNext(int x,
         int y)
    G_GNUC_WARN_UNUSED_RESULT;
#define demoMacro(x) demoNext(x, demoOld(x));
""",
}


def with_lists(w, edits):
    """Only the step 02-second, with these edits, on a tree with LISTS."""
    for name, text in LISTS.items():
        (w.tree / name).parent.mkdir(exist_ok=True)
        (w.tree / name).write_text(text)
    w.git('add', '-A')
    if w.git('status', '--porcelain'):
        w.git('commit', '-qm', 'lists')
    w.step('02-second', edits=edits)


def test_edits_of_lists(w):
    with_lists(w, """\
export qemu/a.h demoYours demoEarly demoPlus
unexport demoUnused demoBeta
register-test betatest like deltatest
register-test zetatest like alphatest
""")
    w.applied()
    files = w.files(w.tree)
    check(files['src/libvirt_private.syms'].decode() ==
          '# conf/a.h\ndemoAlpha;\n\n\n#qemu/a.h\ndemoEarly;\ndemoOld;\ndemoPlus;\ndemoYours;\n'
          '\n\n# qemu/b.h\n', 'other symbols')
    lines = files['tests/meson.build'].decode().splitlines()
    check(lines[2] == "    { 'name': 'betatest', 'link_with': [ demo_lib ] },"
          and lines[5:7] == ["    { 'name': 'zetatest' },", ']'], 'other tests')


def test_edits_of_prototypes(w):
    with_lists(w, """\
file src/qemu/a.h
declare after demoOld
+int demoAfter(void);
declare before demoNext
+int demoBefore(void);
+
declare after demoNext
+int demoLast(void);
declare instead-of demoOld
+long demoOld(long x);
""")
    w.applied()
    rest = LISTS['src/qemu/a.h'].split('\n', 2)[2].replace('#', 'int demoLast(void);\n#')
    check(w.files(w.tree)['src/qemu/a.h'].decode() ==
          'long demoOld(long x);\nint demoAfter(void);\n\nint demoBefore(void);\n\n' + rest,
          'other prototypes')


def test_prototype_is_deleted(w):
    with_lists(w, 'file src/qemu/a.h\nundeclare demoNext\n')
    w.applied()
    check(w.files(w.tree)['src/qemu/a.h'].decode() == 'int demoOld(int x);\n\n'
          '/* About demoNext. */\n#define demoMacro(x) demoNext(x, demoOld(x));\n', 'not gone')


def test_edits_by_name_refuse(w):
    for text, why in (('export qemu/none.h demoMine', 'no sections of qemu/none.h'),
                      ('export qemu/a.h demoOld', 'demoOld is exported already'),
                      ('export demoMine', 'is not followed by what it wants'),
                      ('unexport demoMine', 'demoMine is not exported'),
                      ('register-test mytest like nonetest', 'no tests nonetest'),
                      ('register-test mytest', 'is not followed by what it wants'),
                      ('unexport demoOld\n+demoNew;', 'a `+` line without'),
                      ('undeclare demoOld', 'no `file` line'),
                      ('file src/qemu/a.h\nundeclare demoMine', 'no prototypes of demoMine'),
                      ('file src/qemu/b.c\nundeclare demoOther', 'no prototypes of demoOther'),
                      ('file src/qemu/a.h\ndeclare near demoOld', 'is not followed by'),
                      ('file src/qemu/a.h\ndeclare after demoOld', 'lacks its `+` lines')):
        with_lists(w, text + '\n')
        w.refused('step 02-second', 'edits:', why)


def test_edits_misspelt(w):
    for text, why in (('after {\n+x\n', 'no `file` line'),
                      ('file src/qemu/b.c\nafter {\n', 'lacks its `+` lines'),
                      ('file src/qemu/b.c\ndelete x\n+y\n', 'a `+` line without'),
                      ('file src/qemu/b.c\ncut x\n', 'lacks its `to`'),
                      ('file src/qemu/b.c\nto x\n', '`to` must follow'),
                      ('file src/qemu/b.c\nafter\n+x\n', 'lacks its text'),
                      ('file src/qemu/b.c\nafterwards x\n+y\n', 'unknown directive'),
                      ('file src/qemu/none.c\ndelete x\n', 'no file src/qemu/none.c'),
                      ('# nothing\n', 'no directive')):
        w.step(edits=text)
        w.refused('step 01-first', 'edits', why)


def test_file_that_is_there(w):
    w.step('02-second', **{'tree/src/qemu/a.c': 'int x;\n'})
    (w.src / '02-second/tree/src/qemu').mkdir(parents=True, exist_ok=True)
    (w.src / '02-second/tree/src/qemu/a.c').write_text('int x;\n')
    w.refused('step 02-second', 'src/qemu/a.c', 'exists already')


# A step that puts a text of ours in the place of a file.
REPLACING = {
    'message': 'demo: write the header anew\n\nThe old one was somebody else\'s.\n',
    'replace/src/qemu/a.h': '/* ours */\nint demoNew(int x);\n',
    'check': 'present 1 ours src/qemu/a.h\n',
}


def test_file_is_replaced(w):
    (w.tree / 'src/qemu/a.h').chmod(0o755)
    w.git('commit', '-qam', 'mode')
    w.write_steps({'01-first': dict(REPLACING, edits='file src/qemu/a.h\nreplace /* ours */\n'
                                    '+/* ours, edited */\n')})
    w.applied()
    check((w.tree / 'src/qemu/a.h').read_text() == '/* ours, edited */\nint demoNew(int x);\n',
          'not our text')
    check(os.access(w.tree / 'src/qemu/a.h', os.X_OK), 'the mode has changed')
    check(w.git('diff', '--name-status', 'HEAD~').split() == ['M', 'src/qemu/a.h'],
          'the commit does something else')
    check(w.git('status', '--porcelain') == '', 'the tree is dirty')


def test_file_to_replace_is_not_there(w):
    (w.tree / 'ignored.o').write_text('no file of libvirt\n')
    (w.tree / 'src/qemu/link.h').symlink_to('a.h')
    (w.tree / 'src/qemu/binary').write_bytes(b'\0')
    w.git('add', '-A')
    w.git('commit', '-qm', 'more')
    for name, why in (('src/qemu/none.h', 'no such tracked file'),
                      ('src/qemu', 'no such tracked file'),
                      ('ignored.o', 'no such tracked file'),
                      ('src/qemu/link.h', 'no such tracked file'),
                      ('src/qemu/binary', 'not a text file')):
        w.write_steps({'01-first': {'message': REPLACING['message'], 'check': REPLACING['check'],
                                    'replace/' + name: '/* ours */\n'}})
        w.refused('step 01-first', f'replace/{name}: ', why)


def test_failing_replacement_leaves_no_trace(w):
    w.write_steps({'01-first': dict(REPLACING, check='present 1 demoGone src/qemu/a.h\n')})
    w.refused('step 01-first', 'check:1')


def test_steps_misspelt(w):
    w.step(message='no body\n')
    w.refused('step 01-first', 'message')
    w.step()
    (w.src / '01-first/edit').write_text('')
    w.refused('step 01-first', 'unknown file `edit`')
    w.write_steps(STEPS)
    (w.src / 'series').write_text('01-first\n03-none\n')
    w.refused('step 03-none', 'no directory')


def test_failing_step_leaves_no_trace(w):
    files = dict(STEPS['02-second'], check='present 1 demoGone src/qemu/*.c\n')
    files['tree/src/qemu/x.o'] = 'ignored by git\n'
    w.write_steps({'01-first': STEPS['01-first'], '02-second': files})
    w.refused('step 02-second', untouched=False)
    check(w.git('log', '-1', '--format=%s').strip() == 'demo: rename demoOld',
          'the step before is gone')
    check(w.git('status', '--porcelain', '--ignored') == '', 'traces are left')


def test_keep_leaves_the_step_half_done(w):
    w.step(check='present 1 demoGone src/qemu/*.c\n')
    w.refused('half-done', args=('--keep',), untouched=False)
    check('src/qemu/a.c' in w.git('status', '--porcelain'), 'nothing to look at')


def test_interrupted_step_leaves_no_trace(w):
    # A stand-in for spatch that takes its time over the rules.
    slow = w.folder / 'bin' / 'spatch'
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ncase "$*" in *rename.cocci*) touch {w.folder}/busy; sleep 2;; '
                    f'esac\nexec {shutil.which("spatch")} "$@"\n')
    slow.chmod(0o755)
    w.env['PATH'] = f'{slow.parent}:{w.env["PATH"]}'
    before = w.state(w.tree)
    for number in (signal.SIGINT, signal.SIGTERM):
        (w.folder / 'busy').unlink(missing_ok=True)
        with subprocess.Popen([SCRIPTS / 'apply', w.tree, '--source-of-steps', w.src, '--log',
                               w.folder / 'apply.log', '--no-cache', '--record'], env=w.env,
                              preexec_fn=heed_interrupts, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as run:
            wait_for(lambda: (w.folder / 'busy').exists(), 'the rule never ran')
            run.send_signal(number)
            check(run.wait(20) != 0, 'exit status 0')
        check(w.state(w.tree) == before, f'traces are left after signal {number}')
        check(w.git('status', '--porcelain') == '', f'traces are left after signal {number}')


def heed_interrupts():
    """For a child: a shell has what it starts in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(truth, why, seconds=20):
    end = time.monotonic() + seconds
    while not truth():
        check(time.monotonic() < end, why)
        time.sleep(0.05)


# --- export ------------------------------------------------------------------

def export(w, *args):
    return w.run(SCRIPTS / 'export', w.tree, w.folder / 'mail', '--source-of-steps', w.src, *args)


def test_export_round_trip(w):
    other = w.make_tree(w.folder / 'other')
    w.applied()
    for _ in range(2):
        run = export(w)
        check(run.returncode == 0, run.stderr)
    names = sorted(p.name for p in (w.folder / 'mail').iterdir())
    check([n[:5] for n in names] == ['0000-', '0001-', '0002-'], f'the files are {names}')
    w.git('am', '-q', *[w.folder / 'mail' / n for n in names[1:]], tree=other)
    hashes = {w.git('rev-parse', 'HEAD^{tree}', tree=t) for t in (w.tree, other)}
    check(len(hashes) == 1, 'git am gives other bytes')
    bodies = {w.git('log', '-2', '--format=%B', tree=t) for t in (w.tree, other)}
    check(len(bodies) == 1, 'git am gives other messages')


def test_export_letter(w):
    w.applied()
    check(export(w).returncode == 0, 'export failed')
    text = (w.folder / 'mail/0000-cover-letter.patch').read_text()
    for words in ('Subject: [PATCH 0/2] demo: a letter\n', '\nTwo steps.\n', 'A Tester (2):',
                  'files changed', 'rename demoOld'):
        check(words in text, f'the letter lacks {words!r}')
    check('***' not in text, 'a placeholder is left')


def test_export_refuses(w):
    def refused(word):
        run = export(w)
        check(run.returncode == 1 and word in run.stderr and 'Traceback' not in run.stderr,
              f'does not say "{word}": {run.stderr}')
    refused('has no step')
    w.applied()
    (w.folder / 'mail').mkdir()
    (w.folder / 'mail/other').write_text('')
    refused('holds other files')
    (w.folder / 'mail/other').unlink()
    (w.tree / 'stray').write_text('')
    refused('dirty')
    (w.tree / 'stray').unlink()
    (w.src / 'cover-letter').unlink()
    refused('cover-letter')
    (w.src / 'cover-letter').write_text('demo: a letter\n\nTwo steps.\n')
    w.git('reset', '-q', '--hard', 'HEAD~2')
    w.applied('--upto', '01-first')
    check('1 of 2 steps' in export(w).stdout, 'does not say that a step is missing')


def test_export_of_a_group(w):
    def adds(name, group):
        return {'message': f'demo: add {name}\n\nIt was missing.\n',
                f'tree/src/qemu/{name}.c': f'int\n{name}(void)\n{{\n    return 0;\n}}\n',
                'check': f'function {name} src/qemu/{name}.c\n'}
    w.write_steps({f'{group}/{name}': adds(name, group) for name, group in (
        ('one', 'near'), ('two', 'near'), ('three', 'far'), ('four', 'wide'), ('five', 'far'))})
    (w.src / 'cover-letter').write_text('demo: a letter\n\nFive steps.\n')
    for group in ('near', 'far'):
        (w.src / group / 'cover-letter').write_text(f'demo: {group}\n\nWhat is {group}.\n')
    w.applied()

    def group(name):
        run = export(w, '--group', name)
        mail = {path.name: path.read_text() for path in sorted((w.folder / 'mail').glob('*'))}
        return run.stdout + run.stderr, mail
    said, mail = group('near')
    check('2 of 2 steps' in said and 'applies to libvirt as it is\n' in said, said)
    letter = mail['0000-cover-letter.patch']
    check(len(mail) == 3 and 'Subject: [PATCH 0/2] demo: near\n\nWhat is near.\n\n' in letter
          and '2 files changed' in letter, letter)
    said, mail = group('far')
    check('needs the first 2 patches of the series beneath it, which are of near; it is not in a '
          'row, wide/four come in between' in said, said)
    letter = mail['0000-cover-letter.patch']
    check('Subject: [PATCH 0/2] demo: far\n\nWhat is far.\n\n' in letter
          and '  demo: add three\n  demo: add five\n' in letter, letter)
    check('Subject: [PATCH 2/2] demo: add five' in mail['0002-demo-add-five.patch'], str(mail))
    other = w.make_tree(w.folder / 'other')
    w.applied('--upto', 'near/two', tree=other)
    w.git('am', '-q', *[w.folder / 'mail' / name for name in mail if 'cover' not in name], tree=other)
    check('five.c' in w.git('ls-files', tree=other), 'it does not apply')
    check('no group none; there are: near far wide' in group('none')[0], group('none')[0])
    check('no file' in group('wide')[0], 'no letter of its own')


# --- the other tools ---------------------------------------------------------

def test_verdicts_are_compared(w):
    def log(name, **tests):
        (w.folder / name).write_text(''.join(
            f'{{"name": "libvirt / {test}", "result": "{result}"}}\n'
            for test, result in tests.items()))
        return w.folder / name
    # As `meson test --list` has it, and what stock says of those that do not pass
    listed = w.folder / 'list'
    listed.write_text('libvirt / a\nlibvirt:suite / b\nlibvirt / c\n')
    stock = log('stock', b='FAIL', c='SKIP')

    def verdict(*args, stock=stock, **tests):
        run = w.run(TOP / 'build-aux/verdicts', listed, stock, log('other', **tests), *args)
        return run.returncode, run.stdout + run.stderr
    check(verdict(a='OK', b='FAIL', c='SKIP')[0] == 0, 'the same is not the same')
    check(verdict(a='OK', b='OK', c='OK', stock='none')[0] == 0, 'all have passed')
    check(verdict('--require', 'd', a='OK', b='FAIL', c='SKIP', d='OK')[0] == 0, 'd is there')
    for args, tests, word in (
            ((), {'a': 'FAIL', 'b': 'FAIL', 'c': 'SKIP'}, 'a: FAIL, on stock not run'),
            ((), {'a': 'OK', 'b': 'SKIP', 'c': 'SKIP'}, 'b: SKIP, on stock FAIL'),
            ((), {'a': 'OK', 'b': 'FAIL'}, 'c: absent'),
            ((), {'a': 'OK', 'b': 'FAIL', 'c': 'SKIP', 'd': 'SKIP'}, 'd: SKIP'),
            (('--require', 'd'), {'a': 'OK', 'b': 'FAIL', 'c': 'SKIP'}, 'no such new test'),
            (('--require', 'a'), {'a': 'OK', 'b': 'FAIL', 'c': 'SKIP'}, 'no such new test'),
            ((), {}, 'no test')):
        status, text = verdict(*args, **tests)
        check(status == 1 and word in text, f'does not say "{word}": {text}')
    listed.write_text('')
    check('no test in' in verdict(a='OK')[1], 'an empty list will do')


def shell(w, text, **options):
    return w.run('bash', '-c', f'. {SCRIPTS}/lib.sh; {text}', **options)


def test_packages_for_a_user(w):
    stubs = w.folder / 'bin'
    stubs.mkdir()
    for name, text in (('id', 'echo 1000'), ('dpkg-query', 'echo "installed git"'),
                       ('apt-get', f'touch {w.folder}/called')):
        (stubs / name).write_text(f'#!/bin/sh\n{text}\n')
        (stubs / name).chmod(0o755)
    w.env['PATH'] = f'{stubs}:{w.env["PATH"]}'
    run = shell(w, 'need_packages series; echo "status $?"')
    check('status 1' in run.stdout, run.stdout + run.stderr)
    check('apt-get install -y --no-install-recommends coccinelle ' in run.stderr
          and ' git' not in run.stderr, run.stderr)
    check(not (w.folder / 'called').exists(), 'apt-get was called')
    check('no group none' in shell(w, 'need_packages none').stderr, 'an unknown group passes')


def test_progress_names_the_log(w):
    run = shell(w, f'run_shown "a thing" {w.folder}/a.log sh -c "echo why; exit 3"; echo $?')
    check(run.stdout == '3\n', run.stdout)
    check(f'a thing: FAILED (exit status 3), log: {w.folder}/a.log' in run.stderr
          and 'why' in run.stderr, run.stderr)


def test_interrupt_ends_what_runs(w):
    # The child of a child, as ninja's compilers are, of a script, and of a
    # script that a script has called.
    pid = w.folder / 'pid'
    (w.folder / 'work').write_text(f'echo $$ >{pid}.new; mv {pid}.new {pid}; sleep 61; true\n')
    library = f'set -e; . {SCRIPTS}/lib.sh; '
    (w.folder / 'inner').write_text(f'{library}run_shown x {w.folder}/x.log '
                                    f'sh -c "sh {w.folder}/work; true"; echo later\n')
    (w.folder / 'outer').write_text(f'{library}run_child bash {w.folder}/inner; echo later\n')
    for script in ('inner', 'outer'):
        for number in (signal.SIGINT, signal.SIGTERM):
            pid.unlink(missing_ok=True)
            with subprocess.Popen(['bash', w.folder / script], env=w.env, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, preexec_fn=heed_interrupts) as run:
                wait_for(pid.exists, 'it never ran')
                run.send_signal(number)
                out = run.communicate(timeout=20)[0]
            check(b'later' not in out, f'{script} goes on after signal {number}')
            check(run.returncode == -number, f'{script}: exit status {run.returncode}')
            child = int(pid.read_text())
            wait_for(lambda: not Path(f'/proc/{child}').exists(),
                     f'{script}: the command still runs after signal {number}', 5)


def test_fetch_of_a_tarball(w):
    """fetch unpacks what --source names, once."""
    repository = copy_repository(w)
    tarball = w.folder / 'demo.tar.xz'
    tree = w.make_tree(w.folder / 'libvirt-1.2.3', checkout=False)
    w.run('tar', '-C', w.folder, '-cJf', tarball, tree.name)
    for source in (tarball, tree, w.tree):
        for attempt in range(2):
            run = w.run(repository / 'scripts/fetch', '--source', source)
            check(run.returncode == 0, run.stderr)
            check(('libvirt 1.2.3: ' in run.stderr) == (attempt == 0), run.stderr)
        found = re.search('libvirt 1.2.3: (.*)', run.stderr) or list(
            (repository / '.work').glob(f'source-{source.name}-*'))
        stock = found[0] / 'stock/tree'
        check(w.files(stock) == w.files(tree), f'other files than in {source.name}')
        check(len(w.git('log', '--format=%s', tree=stock).split()) == 2, 'not one commit')
    (tree / 'src/qemu/a.h').write_text('int demoOld(long x);\n')
    check('libvirt 1.2.3: ' in w.run(repository / 'scripts/fetch', '--source', tree).stderr,
          'a changed source is not seen')
    check('does not hold libvirt' in w.run(repository / 'scripts/fetch', '--source',
                                           w.src).stderr, 'any folder will do')


def copy_repository(w):
    """A copy of what makes lint, fetch and step work, as a repository."""
    repository = w.folder / 'repository'
    for name in ('scripts', 'build-aux'):
        shutil.copytree(TOP / name, repository / name, symlinks=True,
                        ignore=shutil.ignore_patterns('__pycache__'))
    (repository / '.gitignore').write_text(
        '# SPDX-License-Identifier: LGPL-2.1-or-later\n/.work/\n')
    return repository


def repository_to_lint(w):
    """A copy of the repository in which lint finds nothing."""
    repository = copy_repository(w)
    for path in (repository / 'scripts').iterdir():
        if path.is_file():
            path.unlink()
    shutil.copytree(w.src, repository / 'src')
    (repository / 'src/01-first/10-rename.cocci').write_text(RENAME)
    (repository / 'src/02-second/tree/src/qemu/new.c').write_text(
        '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n')
    (repository / 'src/02-second/check').write_text(
        '# SPDX-License-Identifier: LGPL-2.1-or-later\nfunction demoAdded src/qemu/new.c\n')
    (repository / 'src/series').write_text(
        '# SPDX-License-Identifier: LGPL-2.1-or-later\n01-first\n02-second\n')
    (repository / 'releases/1.2.3').mkdir(parents=True)
    tested = series_module('tested')
    (repository / 'README.md').write_text(tested.with_table(
        f'<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n{tested.BEGIN}{tested.END}',
        repository / 'src'))
    w.git('init', '-q', tree=repository)
    return repository


def test_lint_finds(w):
    repository = repository_to_lint(w)

    def lint():
        run = w.run(repository / 'build-aux/lint', '--stock', w.tree)
        return run.returncode, run.stdout + run.stderr
    status, text = lint()
    check(status == 0, f'finds something in nothing: {text}')
    spdx = '# SPDX-License-Identifier: LGPL-2.1-or-later\n'
    twice = TREE['src/qemu/a.c'].replace('{\n', '{\n\n').replace('    ', '  ')
    for name, text, word in (
            ('bare.py', 'x = 1\n', 'no SPDX'),
            ('tab.c', f'// {spdx[2:]}\tint x;\n', 'tab'),
            ('blank.md', spdx + 'x \n', 'trailing blank'),
            ('end.md', spdx + 'x', 'no newline'),
            ('path.md', spdx + 'in /wo' + 'rk/main\n', 'path of one machine'),
            ('home.md', spdx + f'in {repository}/scripts\n', 'path of one machine'),
            ('url.py', spdx + 'x = "htt' + 'ps://example.invalid/"\n', 'URL'),
            ('bad.py', spdx + 'x = = 1\n', 'bad.py:2'),
            ('unused.py', spdx + 'import os\n', 'imported but unused'),
            ('env.py', '#!/usr/bin/env python3\n' + spdx, 'wants #!'),
            ('bad.sh', '#!/bin/sh\n' + spdx + 'echo $x\n', 'SC2086'),
            ('src/01-first/message', 'demo: x\n\n' + 'x' * 76 + '\n', '76 columns'),
            ('src/01-first/message', 'no area\n\nx\n', 'the subject wants'),
            ('src/01-first/message', 'demo: x\n\nx\n', 'no paragraph `Tested:`'),
            ('src/01-first/10-rename.cocci', RENAME + '\n@@\n@@\n- x(\n', 'spatch --parse-cocci'),
            ('src/01-first/10-rename.cocci', RENAME + '\n@@\nidentifier x =~ "a|b";\n@@\n- x(1)\n+ x()\n',
             'a regular expression'),
            ('src/01-first/10-rename.cocci', RENAME.replace('// aims', '// sites: 4\n// aims'), 'sites'),
            ('src/01-first/10-rename.cocci', RENAME.replace('@@\n- d', '@@\n#@ if < 2\n- d', 1), '#@ if'),
            ('src/01-first/check', spdx + '#@ if < 2\n' + 'function demoNew src/qemu/a.c\n' * 9 + '#@ end\n',
             'lines are for one release only'),
            ('src/03-none/message', 'demo: x\n\nx\n', 'does not list'),
            ('borrowed.c', f'// {spdx[2:]}{twice}', "libvirt's src/qemu/a.c")):
        path = repository / name
        old = path.read_text() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        status, out = lint()
        check(status == 1 and word in out and 'Traceback' not in out,
              f'{name}: does not say "{word}": {out}')
        if old is not None:
            path.write_text(old)
        else:
            path.unlink()
            if path.parent.name == '03-none':
                path.parent.rmdir()


def test_lint_wants_groups_in_a_row(w):
    repository = repository_to_lint(w)
    for name in ('near', 'far'):
        (repository / 'src' / name).mkdir()
    (repository / 'src/01-first').rename(repository / 'src/near/first')
    (repository / 'src/02-second').rename(repository / 'src/far/second')
    shutil.copytree(repository / 'src/far/second', repository / 'src/near/third')
    (repository / 'src/near/third/message').write_text('demo: add it again\n\nTwice.\n')
    spdx = '# SPDX-License-Identifier: LGPL-2.1-or-later\n'
    for order, found in (('near/first far/second near/third', True),
                         ('near/first near/third far/second', False)):
        (repository / 'src/series').write_text(spdx + '\n'.join(order.split()) + '\n')
        out = w.run(repository / 'build-aux/lint', '--stock', w.tree).stdout
        check(('src/series: near/third: the steps of near are not in a row' in out) == found, out)


def test_lint_of_the_table_of_releases(w):
    repository = repository_to_lint(w)
    readme = repository / 'README.md'
    readme.write_text(readme.read_text().replace('| 1.2.3 |', '| 1.2.4 |'))
    out = w.run(repository / 'build-aux/lint', '--stock', w.tree).stdout
    check('README.md: the table of releases is not what releases/ has' in out, out)


def test_lint_of_some_files(w):
    repository = repository_to_lint(w)
    w.git('add', '-A', tree=repository)
    w.git('commit', '-qm', 'all', tree=repository)
    (repository / 'old.md').write_text('x\n')
    w.git('add', '-A', tree=repository)
    w.git('commit', '-qm', 'more', tree=repository)
    (repository / 'new.md').write_text('x\n')

    def lint(*args):
        return w.run(repository / 'build-aux/lint', '--stock', w.tree, *args, cwd=repository).stdout
    check('2 findings' in lint(), 'does not find all')
    check(lint('--changed') == 'new.md: no SPDX line\n1 files, 1 findings\n', lint('--changed'))
    check(lint('old.md') == 'old.md: no SPDX line\n1 files, 1 findings\n', lint('old.md'))
    check('none.md: no such file' in lint('none.md'), 'a name that is no file passes')
    # As a hook: what is about to be committed, and nothing else.
    hook = repository / '.git/hooks/pre-commit'
    hook.parent.mkdir(exist_ok=True)
    hook.symlink_to('../../build-aux/pre-commit')
    (repository / 'good.md').write_text('SPDX-License-Identifier: LGPL-2.1-or-later\n')
    for name, status in (('good.md', 0), ('new.md', 1)):
        w.git('add', name, tree=repository)
        run = w.run('git', '-C', repository, 'commit', '-qm', 'one')
        check(run.returncode == status and ('no SPDX' in run.stdout + run.stderr) == bool(status),
              f'{name}: {run.stdout}{run.stderr}')


def test_lint_of_rule_tests(w):
    repository = repository_to_lint(w)
    tests = repository / 'tests/steps'
    tests.mkdir(parents=True)
    listed = tests / 'insert-only'
    spdx = '# SPDX-License-Identifier: LGPL-2.1-or-later\n'

    def lint(text, word):
        listed.write_text(spdx + text)
        out = w.run(repository / 'build-aux/lint', '--stock', w.tree).stdout
        check(word in out, f'does not say "{word}": {out}')
    lint('', 'src/01-first/10-rename.cocci: no test tests/steps/01-first/10-rename.c')
    lint('01-first/10-rename\n', 'src/01-first/10-rename.cocci removes something')
    lint('01-first/20-none\n', 'there is no src/01-first/20-none.cocci')
    (tests / '01-first').mkdir()
    (tests / '01-first/10-rename.c').write_text(f'// {spdx[2:]}')
    lint('', ' 0 findings')


def test_rules_are_tried(w):
    repository = copy_repository(w)
    (repository / 'src/demo/one').mkdir(parents=True)
    (repository / 'tests/steps/demo/one').mkdir(parents=True)
    (repository / 'releases/1.2.3').mkdir(parents=True, exist_ok=True)
    for name in ('pytest.ini', 'conftest.py', 'tests/test_rules.py', 'tests/harness'):
        (repository / name).symlink_to(TOP / name)
    rule = repository / 'src/demo/one/10-rename.cocci'
    source = repository / 'tests/steps/demo/one/10-rename.c'
    rule.write_text(RENAME)
    source.write_text(TREE['src/qemu/a.c'])

    def tried(status, *words, args=()):
        run = w.run(sys.executable, '-m', 'pytest', 'tests/test_rules.py', *args, cwd=repository)
        check(run.returncode == status and 'Traceback' not in run.stderr
              and all(word in run.stdout for word in words), run.stdout + run.stderr)
    tried(1, 'FAIL rules/demo/one/10-rename', 'no 10-rename.expected')
    tried(0, args=['--write'])
    tried(0, 'PASS rules/demo/one/10-rename', '1 passed, 0 failed, 0 skipped\n')
    rule.write_text(RENAME.replace('+ demoNew(args)', '+ demoNewer(args)'))
    tried(1, 'another result', '+    if (demoNewer(x) < 0)', '0 passed, 1 failed')
    rule.write_text(RENAME + '\n@idle@\n@@\n- demoAbsent(1)\n+ demoNew(1)\n')
    tried(1, 'matched nothing: idle')
    # By version, with each of them.
    (repository / 'releases/1.10').mkdir()
    rule.write_text(RENAME.replace('+ demoNew(args)', '#@ if < 1.10\n+ demoNew(args)\n#@ else\n'
                                   '+ demoNewer(args)\n#@ end'))
    tried(1, 'another result', '+++ now, for 1.10', '+    if (demoNewer(x) < 0)')
    expected = source.with_suffix('.expected')
    text = expected.read_text()
    expected.write_text('#@ if < 1.10\n' + text + '#@ else\n' + text.replace('demoNew(x', 'demoNewer(x')
                        + '#@ end\n')
    tried(0, '1 passed')
    rule.unlink()
    tried(1, 'there is no src/demo/one/10-rename.cocci')


# --- one step ----------------------------------------------------------------

def repository_with_steps(w):
    """A copy of the repository whose libvirt and steps are w's."""
    repository = copy_repository(w)
    shutil.copytree(w.tree, repository / '.work/stock/tree')
    (repository / 'releases/1.2.3').mkdir(parents=True)
    (repository / '.work/stock/source').write_text('a test\n')
    w.src.rename(repository / 'src')
    w.src = repository / 'src'

    def step(*args):
        run = w.run(repository / 'scripts/step', *args)
        check('Traceback' not in run.stderr, run.stderr)
        return run
    return repository, step


def test_step_is_shown(w):
    repository, step = repository_with_steps(w)
    run = step('02-second')
    check(run.returncode == 0, run.stderr)
    check('applying 01-first' in run.stderr, 'what comes before is not told')
    check('+demoAdded(void)' in run.stdout and 'demoNew' not in run.stdout
          and '\033' not in run.stdout, run.stdout)
    for name in ('first', 'rst', '01-first', 'src/01-first/'):
        run = step(name)
        check(run.returncode == 0 and run.stderr == '', f'applied again: {run.stderr}')
        check('+    if (demoNew(x) < 0)' in run.stdout and 'demoAdded' not in run.stdout, run.stdout)
    for name, why in (('0', '0 may be: 01-first 02-second'), ('third', 'no step third')):
        run = step(name)
        check(run.returncode == 1 and why in run.stderr, run.stderr)
    check(w.files(repository / '.work/stock/tree') == w.files(w.tree), 'the stock tree has changed')


def test_step_that_changed_is_applied_anew(w):
    _, step = repository_with_steps(w)
    step('second')
    rule = w.src / '01-first/10-rename.cocci'
    rule.write_text(rule.read_text().replace('demoNew', 'demoNewer'))
    for name in ('edits', 'check'):
        path = w.src / '01-first' / name
        path.write_text(path.read_text().replace('demoNew', 'demoNewer'))
    run = step('first')
    check('+    if (demoNewer(x) < 0)' in run.stdout, run.stdout + run.stderr)
    (w.src / '02-second/check').write_text('function demoNone src/qemu/new.c\n')
    run = step('second')
    check(run.returncode == 1 and 'step 02-second: postcondition not met' in run.stderr
          and 'applying' not in run.stderr, run.stderr)


def test_steps_from_one_on(w):
    repository, step = repository_with_steps(w)
    tree = repository / '.work/series/tree'
    run = step('--from', '01-first')
    check(run.returncode == 0, run.stderr)
    check((tree / 'src/qemu/new.c').exists(), 'no tree of the series')
    (w.src / '02-second/tree/src/qemu/new.c').write_text(
        'long\ndemoAdded(void)\n{\n    return 0;\n}\n')
    run = step('--from', 'second')
    check(run.returncode == 0 and 'applying' not in run.stderr and '01-first' not in run.stdout,
          run.stdout + run.stderr)
    check('long' in (tree / 'src/qemu/new.c').read_text(), 'the tree of the series is as it was')
    check(w.git('log', '--format=%s', tree=tree).split('\n')[:2]
          == ['demo: add a file', 'demo: rename demoOld'], 'other commits')
    ready = w.run('bash', '-c', f'. {repository}/scripts/lib.sh; steps_key; cat "$set/series/steps"')
    key, noted = ready.stdout.splitlines()
    check(noted == f'{key} {w.git("rev-parse", "HEAD", tree=tree).strip()}', 'it would be made again')
    (tree / 'src/qemu/new.c').write_text('mine\n')
    run = step('--from', 'second')
    check(run.returncode == 1 and 'is dirty' in run.stderr, run.stderr)


def test_steps_on_another_tree(w):
    repository, _ = repository_with_steps(w)

    def port(*args):
        run = w.run(repository / 'scripts/port', *args)
        check('Traceback' not in run.stderr, run.stderr)
        return run
    other = w.make_tree(w.folder / 'other', checkout=False)
    path = other / 'src/qemu/b.c'
    path.write_text(path.read_text().replace('demoOld', 'demoElse'))
    before = w.files(other)
    (w.src.parent / 'releases/1.2.2').mkdir()
    (w.src.parent / 'releases/1.2.2/sites').write_text('01-first/10-rename 4\n')
    run = port(other)
    check(run.returncode == 0 and '01-first/10-rename changes 3 places, 4 in 1.2.2' in run.stdout, run.stdout + run.stderr)
    path.write_text(path.read_text() + '/* demoOld */\n')
    run = port(other)
    check(run.returncode == 1, run.stderr)
    lines = run.stdout.splitlines()
    check(lines[0].split()[:2] == ['fails', '01-first']
          and 'postcondition not met' in lines[0], run.stdout)
    check(lines[1].split() == ['applies', '02-second']
          and lines[-1] == 'libvirt 1.2.3: 1 of 2 steps apply', run.stdout)
    path.write_text(path.read_text().replace('demoElse', 'demoOld'))
    for name in ('a.c', 'b.c'):
        text = (other / 'src/qemu' / name).read_text()
        (other / 'src/qemu' / name).write_text(text.replace('demoOld', 'demoOlder'))
    run = port(other)
    check('10-rename.cocci: changed no place (no match for: call definition)' in run.stdout
          and 'nearest: no function has any of: demoOld' in run.stdout, run.stdout)
    # What is most like the place that was looked for.
    edits = w.src / '01-first/edits'
    edits.write_text('file src/qemu/a.h\nreplace int demoOld(long x);\n+x\n')
    rule = w.src / '01-first/10-rename.cocci'
    rule.write_text(rule.read_text().replace('demoOld', 'demoOlder'))
    run = port(other)
    check('nearest: src/qemu/a.h:1: int demoOld(int x);' in run.stdout, run.stdout)
    edits.write_text('file src/qemu/aa.h\ndelete x\n')
    check('nearest: src/qemu/a.h\n' in port(other).stdout, 'no nearest file')
    rule.write_text(SPDX + """// files: src/qemu/*.c

@@
expression x;
@@
 demoUnrelated(x);
-return demoGone(x);
""")
    run = port(other)
    check('nearest: src/qemu/b.c:13: demoLast() has 1 of 2 words, not: demoGone' in run.stdout, run.stdout)
    before = w.files(other)
    run = port(other, '01')
    check(run.stdout.splitlines()[0].split()[:2] == ['fails', '01-first'] and
          '02-second' not in run.stdout, run.stdout)
    check(w.files(other) == before and not (other / '.git').exists(), 'the tree has changed')


def test_what_a_header_affects(w):
    sys.path.insert(0, str(SCRIPTS))
    from series.compiling import affected
    from series.tree import Tree
    files = {'src/x.h': 'struct demo {\n    int one;\n    int two;\n};\nint demoUse(struct demo *d);\n',
             'src/y.h': '#include "x.h"\n',
             'src/uses.c': '#include "y.h"\nint f(struct demo *d)\n{\n    return d->two;\n}\n',
             'src/calls.c': '#include "sub/x.h"\nint g(struct demo *d)\n{\n    return demoUse(d);\n}\n',
             'src/mentions.c': 'int two;\n',
             'src/own.c': '#include "x.h"\n'}
    for name, text in files.items():
        (w.tree / name).write_text(text)
    w.git('add', '-A')
    w.git('commit', '-qm', 'one')
    (w.tree / 'src/x.h').write_text(files['src/x.h'].replace('int two', 'long two'))
    (w.tree / 'src/own.c').write_text('#include "x.h"\nint two;\n')
    w.git('commit', '-qam', 'two')
    check(affected(Tree(w.tree), 'HEAD~', 'HEAD') == (['src/own.c', 'src/x.h'], ['src/uses.c']),
          str(affected(Tree(w.tree), 'HEAD~', 'HEAD')))
    (w.tree / 'src/x.h').write_text((w.tree / 'src/x.h').read_text().replace('(struct', '(const struct'))
    w.git('commit', '-qam', 'three')
    check(affected(Tree(w.tree), 'HEAD~', 'HEAD') == (['src/x.h'], ['src/calls.c']), 'another user')
    # What a build makes of other files
    build = w.folder / 'build'
    build.mkdir()
    (build / 'build.ninja').write_text(
        'rule make\n command = true\nbuild src/made.h src/made.c: make ../tree/src/made.x\n')
    (w.tree / 'src/made.x').write_text('1\n')
    (w.tree / 'src/takes.c').write_text('#include "made.h"\n')
    w.git('add', '-A')
    w.git('commit', '-qm', 'four')
    (w.tree / 'src/made.x').write_text('2\n')
    w.git('commit', '-qam', 'five')
    check(affected(Tree(w.tree), 'HEAD~', 'HEAD', build)
          == ([], ['../build/src/made.c', 'src/takes.c']), 'what is generated')
