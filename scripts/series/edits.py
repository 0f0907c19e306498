# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text edits."""

import itertools
import re

from .releases import lines_for
from .text import matcher
from .tree import SeriesError

SYMBOLS = 'src/libvirt_private.syms'
TESTS = 'tests/meson.build'


class Edits:
    """A step's file of text edits."""

    # Those with a TEXT, and those which find their place by a name.
    ANCHORED = ('after', 'before', 'delete', 'replace', 'cut', 'cut-comment-before')
    NAMED = {'declare': r'(after|before|instead-of) (\w+)', 'undeclare': r'(\w+)'}
    # Those which know their file.
    LISTS = {'export': (SYMBOLS, r'([\w/]+\.h)((?: \w+)+)'),
             'unexport': (SYMBOLS, r'(\w+(?: \w+)*)'),
             'register-test': (TESTS, r'(\w+) like (\w+)')}
    # Those which take `+` lines, and those of them which want some.
    PLUS = {'after': True, 'before': True, 'replace': True, 'declare': True,
            'cut': False, 'cut-comment-before': False}

    def __init__(self, path, version):
        """Those of the file @path for a tree of @version."""
        self.path = path
        self.edits = []
        name, scope, last = None, None, None
        for number, line in lines_for(path.read_text('latin-1'), version, path.name):
            line = line.rstrip('\n')
            word, _, rest = line.partition(' ')
            if line.startswith('+'):
                if last is None or last['do'] not in self.PLUS:
                    self.fail(number, 'a `+` line without a directive that takes one')
                last['plus'].append(line[1:] + '\n')
            elif not line.strip() or line.startswith('#'):
                continue
            elif not rest.strip():
                self.fail(number, f'`{word}` lacks its text')
            elif word == 'file':
                name, scope, last = rest.strip(), None, None
            elif word in self.LISTS:
                file, shape = self.LISTS[word]
                last = self.add(number, word, file, words=self.words(number, word, shape, rest))
            elif name is None:
                self.fail(number, 'no `file` line before this')
            elif word == 'within':
                scope, last = rest, None
            elif word == 'to':
                if last is None or last['do'] != 'cut' or last['to'] or last['plus']:
                    self.fail(number, '`to` must follow `cut`')
                last['to'] = rest
            elif word in self.ANCHORED:
                last = self.add(number, word, name, at=rest, within=scope)
            elif word in self.NAMED:
                last = self.add(number, word, name, within=scope, words=self.words(
                    number, word, self.NAMED[word], rest))
            else:
                self.fail(number, f'unknown directive `{word}`')
        for edit in self.edits:
            if edit['do'] == 'cut' and not edit['to']:
                self.fail(edit['line'], '`cut` lacks its `to` line')
            if self.PLUS.get(edit['do']) and not edit['plus']:
                self.fail(edit['line'], f'`{edit["do"]}` lacks its `+` lines')
        if not self.edits:
            raise SeriesError(f'{path.name}: no directive')

    def add(self, number, word, file, at=None, within=None, words=None):
        self.edits.append({'do': word, 'at': at, 'to': None, 'plus': [], 'file': file,
                           'within': within, 'words': words, 'line': number})
        return self.edits[-1]

    def words(self, number, word, shape, rest):
        found = re.fullmatch(shape, ' '.join(rest.split()))
        if not found:
            self.fail(number, f'`{word}` is not followed by what it wants: {rest.strip()}')
        return found.groups()

    def fail(self, number, why, missed=None):
        raise SeriesError(f'{self.path.name}:{number}: {why}', missed)

    def apply(self, tree):
        for file, edits in itertools.groupby(self.edits, lambda edit: edit['file']):
            edits = list(edits)
            if not (tree.path / file).is_file():
                self.fail(edits[0]['line'], f'no file {file}', ('file', file))
            lines = tree.read(file).splitlines(keepends=True)
            try:
                for edit in edits:
                    self.apply_one(edit, lines)
            finally:
                tree.write(file, ''.join(lines))

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
            self.fail(edit['line'], f'{where}: anchor `{text.strip()}` {found}',
                      None if hits else ('anchor', edit['file'], text))
        return hits[0]

    def apply_one(self, edit, lines):
        start, end = 0, len(lines)
        if edit['within']:
            start = self.find(edit, lines, edit['within']) + 1
            end = next((n + 1 for n in range(start, end) if lines[n].startswith('}')), end)
        if edit['do'] in self.ANCHORED:
            at = self.find(edit, lines, edit['at'], start, end)
            self.edit_at(edit, lines, at, end)
        else:
            getattr(self, edit['do'].replace('-', '_'))(edit, lines, *edit['words'])

    def edit_at(self, edit, lines, at, end):
        do, plus = edit['do'], edit['plus']
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
            lines[self.comment_above(edit, lines, at, edit['at'].strip()):at] = plus

    def comment_above(self, edit, lines, at, what):
        """Where the block comment begins that ends right above the line @at."""
        first = at - 1
        if at == 0 or not lines[first].rstrip().endswith('*/'):
            self.fail(edit['line'], f'{edit["file"]}: no comment ends directly above `{what}`')
        while first >= 0 and '/*' not in lines[first]:
            first -= 1
        if first < 0 or not lines[first].lstrip().startswith('/*'):
            self.fail(edit['line'], f'{edit["file"]}: the comment above `{what}` '
                      f'does not begin a line')
        return first

    # --- prototypes ----------------------------------------------------------

    def declare(self, edit, lines, where, name):
        first, end = self.prototype(edit, lines, name)
        if where == 'after':
            lines[end:end] = edit['plus']
        elif where == 'instead-of':
            lines[first:end] = edit['plus']
        else:
            if first and lines[first - 1].rstrip().endswith('*/'):
                first = self.comment_above(edit, lines, first, name)
            lines[first:first] = edit['plus']

    def undeclare(self, edit, lines, name):
        first, end = self.prototype(edit, lines, name)
        del lines[first:end]

    def prototype(self, edit, lines, name):
        """Where the prototype of the function @name begins, with its return type,
        and the line below its end."""
        begins = re.compile(r'(?:[A-Za-z_][\w \t*]*[ \t*])?' + name + r'\(')
        found = []
        for at, line in enumerate(lines):
            if begins.match(line):
                end = next((n + 1 for n in range(at, len(lines))
                            if lines[n].rstrip().endswith((';', '{', '}'))), len(lines))
                if lines[end - 1].rstrip().endswith(';'):
                    found.append((at - (at > 0 and line.startswith(name)), end))
        if len(found) != 1:
            self.fail(edit['line'], f'{edit["file"]}: {len(found) or "no"} prototypes of {name}')
        return found[0]

    # --- lists of names ------------------------------------------------------

    def export(self, edit, lines, header, names):
        """The section of a header is sorted without regard to case."""
        heads = [n for n, line in enumerate(lines)
                 if line.startswith('#') and line[1:].strip() == header]
        if len(heads) != 1:
            self.fail(edit['line'], f'{edit["file"]}: {len(heads) or "no"} sections of {header}')
        for name in names.split():
            if f'{name};\n' in lines:
                self.fail(edit['line'], f'{edit["file"]}: {name} is exported already')
            at = heads[0] + 1
            while at < len(lines) and lines[at].strip() and \
                    lines[at].strip(' ;\n').lower() < name.lower():
                at += 1
            lines.insert(at, f'{name};\n')

    def unexport(self, edit, lines, names):
        for name in names.split():
            if f'{name};\n' not in lines:
                self.fail(edit['line'], f'{edit["file"]}: {name} is not exported')
            lines.remove(f'{name};\n')

    def register_test(self, edit, lines, name, like):
        """As another test of the list, at the place in the list which the
        alphabet gives it."""
        def test(line):
            return re.match(r"\s*\{ 'name': '(\w+)'.*\},$", line)
        found = [n for n, line in enumerate(lines) if test(line) and test(line)[1] == like]
        if len(found) != 1:
            self.fail(edit['line'], f'{edit["file"]}: {len(found) or "no"} tests {like}')
        first = at = found[0]
        while first and test(lines[first - 1]):
            first -= 1
        for n in range(first, len(lines)):
            if not test(lines[n]):
                break
            if test(lines[n])[1] < name:
                at = n + 1
        lines.insert(at, lines[found[0]].replace(f"'{like}'", f"'{name}'"))
