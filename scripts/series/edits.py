# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text edits."""

from .text import matcher
from .tree import SeriesError


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
