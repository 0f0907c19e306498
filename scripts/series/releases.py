# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs between releases of libvirt: text by version, and what is recorded
of each release.

The folder `releases` beside the source of steps has a folder per version. Its file
`sites` says how many places each rule changes there, a line `GROUP/STEP/RULE N`
each, and is written by `scripts/apply --record`. A rule that changes another number where
Debian's patches are applied has this one behind it, added by hand.
"""

import os
import re
import sys
from pathlib import Path

from .tree import SeriesError

HEAD = '''\
# SPDX-License-Identifier: LGPL-2.1-or-later
# How many places each rule changes; written by scripts/apply --record TREE.
'''


def number(version):
    """A version, such as 9.0.0, as something that can be compared."""
    if not re.fullmatch(r'\d+(\.\d+)*', version):
        raise SeriesError(f'{version} is no version')
    return tuple(int(part) for part in version.split('.'))


def version_of(path):
    """The version of libvirt in the tree at @path, by its meson.build."""
    build = Path(path) / 'meson.build'
    text = build.read_text('latin-1')[:4000] if build.is_file() else ''
    found = re.search(r"^\s*version:\s*'([\d.]+)'", text, re.M)
    if "'libvirt'" not in text or not found:
        raise SeriesError(f'{path} is no libvirt source tree')
    return found[1]


def lines_for(text, version, name):
    """The lines of @text that a tree of @version gets: [(their numbers in the text,
    line)]. @name says where the text is from.

      #@ if >= 10.0.0
      #@ else
      #@ end
    """
    kept, inside, taken = [], None, True
    for n, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.lstrip(' \t').startswith('#@'):
            if taken:
                kept.append((n, line.replace('@RELEASE@', version)))
            continue
        found = re.fullmatch(r'\s*#@ (?:if (>=|<) ([\d.]+)|(else)|(end))\s*', line)
        if not found:
            raise SeriesError(f'{name}:{n}: `{line.strip()}` is none of `#@ if >= VERSION`, '
                              '`#@ if < VERSION`, `#@ else` and `#@ end`')
        if found[1]:
            if inside:
                raise SeriesError(f'{name}:{n}: `#@ if` within that of line {inside[0]}')
            inside = n, 'if'
            taken = (number(version) >= number(found[2])) == (found[1] == '>=')
        elif not inside or found[3] and inside[1] == 'else':
            raise SeriesError(f'{name}:{n}: `{line.strip()}` without `#@ if`')
        elif found[3]:
            inside, taken = (inside[0], 'else'), not taken
        else:
            inside, taken = None, True
    if inside:
        raise SeriesError(f'{name}:{inside[0]}: `#@ if` without `#@ end`')
    return kept


def text_for(text, version, name):
    return ''.join(line for _, line in lines_for(text, version, name))


def read_for(path, version):
    """The text of the file @path for a tree of @version; every byte is kept."""
    with open(path, encoding='latin-1', newline='') as file:
        return text_for(file.read(), version, Path(path).name)


def is_for(path, version):
    """Has the file @path any text for a tree of @version? A file that is empty for
    all has."""
    with open(path, encoding='latin-1', newline='') as file:
        text = file.read()
    return not varies(text) or bool(text_for(text, version, Path(path).name).strip())


def varies(text):
    """Does @text depend on the version by more than its name?"""
    return re.search(r'^[ \t]*#@', text, re.M) is not None


def one_release_lines(text):
    """How many lines of @text are between `#@ if` and `#@ end`."""
    count, inside = 0, False
    for line in text.splitlines():
        if line.lstrip(' \t').startswith('#@'):
            inside = not line.split()[1:2] == ['end']
        else:
            count += inside
    return count


def known_versions(source):
    """The versions that the folder `releases` beside @source has."""
    found = [path.name for path in (Path(source).resolve().parent / 'releases').glob('*')
             if path.is_dir() and re.fullmatch(r'\d+(\.\d+)*', path.name)]
    return sorted(found, key=number)


def add_release_option(parser):
    parser.add_argument('--release', metavar='DEBIAN', help='run on this release of Debian, such '
                        'as 13: see scripts/in-release')


def enter_release(release):
    """As enter_release of scripts/lib.sh; @release is what --release says."""
    if not release:
        return
    words = iter(sys.argv[1:])
    args = []
    for word in words:
        if word == '--release':
            next(words)
        elif not word.startswith('--release='):
            args.append(word)
    script = Path(sys.argv[0]).resolve()
    os.execv(script.parent / 'in-release', ['in-release', release, '--', script, *args])


def nearest_record(source, version):
    """The record of the release that is nearest to @version: the last one before it
    that has one, else the first after it, else an empty one."""
    there = [v for v in known_versions(source) if Record(source, v).is_there()]
    older = [v for v in there if number(v) <= number(version)]
    return Record(source, (older[-1:] or there[:1] or [version])[0])


class Record:
    """How many places each rule changes in a release."""

    def __init__(self, source, version):
        self.version = version
        self.path = Path(source).resolve().parent / 'releases' / version / 'sites'
        self.sites = {}
        if self.path.is_file():
            for n, line in enumerate(self.path.read_text().splitlines(), 1):
                words = line.split('#')[0].split()
                if words and (len(words) not in (2, 3) or not all(map(str.isdecimal, words[1:]))
                              or words[0] in self.sites):
                    raise SeriesError(f'{self.path}:{n}: not a line `GROUP/STEP/RULE N`, or not '
                                      'the only one of its rule')
                if words:
                    self.sites[words[0]] = tuple(map(int, words[1:]))

    def is_there(self):
        return self.path.is_file()

    def fault(self, rule, sites):
        """What is wrong if @rule has changed @sites places, in words, or None."""
        if rule not in self.sites:
            return f'is not recorded for libvirt {self.version}'
        if sites not in self.sites[rule]:
            return f'recorded for libvirt {self.version} are {self.counts(rule)}'
        return None

    def counts(self, rule):
        return ' or '.join(map(str, self.sites[rule]))

    def strangers(self, rules):
        """The recorded rules that are none of @rules."""
        return [rule for rule in self.sites if rule not in rules]

    def write(self, sites, rules):
        """Take over the counts @sites; keep no others but those of @rules, in
        whose order they are written."""
        for rule, count in sites.items():
            if count not in self.sites.get(rule, ()):
                self.sites[rule] = (count,)
        self.sites = {rule: self.sites[rule] for rule in rules if rule in self.sites}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(HEAD + ''.join(f'{rule} {" ".join(map(str, counts))}\n'
                                            for rule, counts in self.sites.items()))
