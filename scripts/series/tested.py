# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests have said of a release of libvirt, and the table of it in README.md.

releases/VERSION/tested-debian-NUMBER has what was found on that release of Debian with
its QEMU, which must not be of that libvirt: the words `qemu`, `series` (the tree that
the steps made, by git's hash) and then a line `NAME SERIES STOCK` for each test that
another release may answer otherwise. SERIES and STOCK are what it said of libvirt
with and without the series: `passed`, `failed`, `skipped`, or `-` if it has not run.
`scripts/test --record` writes it (tests/harness/record.py). What was found of another
state of the series is dropped then, as it says nothing of this one.
"""

import re
from pathlib import Path

from .releases import known_versions
from .tree import SeriesError

HEAD = '''\
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests said: NAME SERIES STOCK; written by scripts/test --record.
'''
WORDS = ('passed', 'failed', 'skipped', '-')
BEGIN = '<!-- releases: begin (written by scripts/test --record; build-aux/release-table) -->\n'
END = '<!-- releases: end -->\n'


class Tested:
    """A file of what was tested: of a version of libvirt on a release of Debian"""

    def __init__(self, source, version, debian):
        self.version, self.debian = version, debian
        self.path = Path(source).resolve().parent / 'releases' / version / f'tested-debian-{debian}'
        self.about = {'qemu': '?', 'series': '-'}
        self.tests = {}         # name: [SERIES, STOCK]
        lines = self.path.read_text().splitlines() if self.path.is_file() else []
        for n, line in enumerate(lines, 1):
            words = line.split()
            if line.startswith('#') or not words:
                continue
            if len(words) == 2 and words[0] in self.about:
                self.about[words[0]] = words[1]
            elif len(words) == 3 and words[0] not in self.tests and \
                    all(word in WORDS for word in words[1:]):
                self.tests[words[0]] = words[1:]
            else:
                raise SeriesError(f'{self.path}:{n}: not a line `NAME SERIES STOCK`, or not the '
                                  'only one of its test')

    def record(self, found, stock, names, qemu, tree):
        """Takes over the words @found of tests, {name: word}, of libvirt without the series
        if @stock; keeps no others but those of @names."""
        if self.about['qemu'] != qemu:
            self.tests = {}
        elif not stock and self.about['series'] != tree:
            self.tests = {name: ['-', words[1]] for name, words in self.tests.items()}
        self.about['qemu'] = qemu
        if not stock:
            self.about['series'] = tree
        self.tests = {name: self.tests.get(name, ['-', '-']) for name in sorted(names)}
        for name, word in found.items():
            if name in self.tests:
                self.tests[name][stock] = word
        self.path.write_text(HEAD + ''.join(
            [f'{name} {word}\n' for name, word in self.about.items()]
            + [f'{name} {series} {on_stock}\n' for name, (series, on_stock) in self.tests.items()]))

    def row(self):
        """Its line of the table"""
        found = {word: [name for name, words in self.tests.items() if words[0] == word]
                 for word in WORDS}
        failed = ', '.join(f'`{name}`' + (' (stock, too)' if self.tests[name][1] == 'failed' else '')
                           for name in found['failed'])
        return (f'| {self.version} | {self.debian} | {self.about["qemu"]} | {len(found["passed"])} | '
                f'{failed or "none"} | {len(found["skipped"])} | {len(found["-"])} |\n')


def table(source):
    """The table in README.md: what has been tested of each release"""
    rows = ['| libvirt | Debian | QEMU | passed | failed | skipped | not run |\n',
            '| --- | --- | --- | --- | --- | --- | --- |\n']
    for version in known_versions(source):
        folder = Path(source).resolve().parent / 'releases' / version
        files = sorted(folder.glob('tested-debian-*'))
        rows += [Tested(source, version, path.name.rpartition('-')[2]).row() for path in files]
        if not files:
            rows.append(f'| {version} | | | not recorded, see [docs/proof.md](docs/proof.md) | | | |\n')
    return ''.join(rows)


def with_table(text, source):
    """@text, which is README.md's, with the table as it is to be"""
    new, count = re.subn(r'<!-- releases: begin .*?<!-- releases: end -->\n',
                         lambda _: BEGIN + table(source) + END, text, flags=re.S)
    if count != 1:
        raise SeriesError('README.md has no place for the table of releases, or several')
    return new
