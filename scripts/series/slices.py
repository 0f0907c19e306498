# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of a C file a semantic patch has to see.

A file is cut behind each `}` that begins a line, and the blank lines after it.
The pieces are the whole file, so that nothing can be missed between them. The
slice of a file has the pieces which name one of the aims, with a declaration of
ours in front of each run of them and at the end: spatch leaves it alone, so
that what comes out can be taken apart again.
"""

import re
from bisect import bisect_right

from .text import places

CUT = re.compile(r'^\}.*\n(?:[ \t]*\n)*', re.M)
CONDITION = re.compile(r'^[ \t]*#[ \t]*(if|el|endif)', re.M)
# What may hide a brace, and the braces.
TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|'
                    r'(/\*|\*/|["{}()])', re.S)
MARK = re.compile(r'^(?:/\* series_cut \*/\n)?extern int series_cut_(\d+);\n', re.M)


class Uncut(Exception):
    """Why a file has to be seen as a whole."""


class Slice:
    """The parts of @text that name one of @aims: runs of pieces, from
    starts[n] to ends[n]. None of them if nothing does."""

    def __init__(self, text, aims):
        self.old = text
        cuts = [0, *(found.end() for found in CUT.finditer(text))]
        if cuts[-1] == len(text) and len(cuts) > 1:
            cuts.pop()
        chosen = {bisect_right(cuts, at) - 1 for at in places(text, aims)}
        cuts.append(len(text))
        runs = []
        for piece in sorted(chosen):
            first, last = self.whole_conditions(cuts, piece)
            while runs and first <= runs[-1][1] + 1:
                before = runs.pop()
                first, last = min(first, before[0]), max(last, before[1])
            runs.append((first, last))
        # With the blank lines before, which go together with a definition.
        self.starts = [len(text[:cuts[first]].rstrip('\n')) + 1 if first else 0 for first, _ in runs]
        self.ends = [cuts[last + 1] for _, last in runs]

    def whole_conditions(self, cuts, piece):
        """The pieces around @piece, first and last, among which each #if has
        its #endif."""
        first = last = piece
        while True:
            depth, below = 0, False
            for found in CONDITION.finditer(self.old, cuts[first], cuts[last + 1]):
                below = below or not depth and found[1] != 'if'
                depth += {'if': 1, 'endif': -1}.get(found[1], 0)
            if below and first:
                first -= 1
            elif depth > 0 and last + 2 < len(cuts):
                last += 1
            else:
                return first, last

    def parts(self):
        return [self.old[start:end] for start, end in zip(self.starts, self.ends)]

    def text(self):
        """The slice, as a file for spatch."""
        out = ''
        for n, part in enumerate([*self.parts(), '']):
            # What follows a definition matters to spatch: a comment as in the file.
            if n and self.old.startswith('/*', self.ends[n - 1]):
                out += '/* series_cut */\n'
            out += f'extern int series_cut_{n};\n{part}'
        return out

    def refuse_if_torn(self):
        """Raise Uncut if a cut fell into a comment, a string or a block."""
        for part in self.parts():
            found = [token[1] for token in TOKENS.finditer(part) if token[1]]
            if (any(token in ('/*', '*/', '"') for token in found)
                    or found.count('{') != found.count('}')
                    or found.count('(') != found.count(')')):
                raise Uncut('a cut falls into a comment, a string or a block')

    def taken_apart(self, new):
        """The parts of what spatch made of the slice."""
        pieces = MARK.split(new)
        count = len(self.starts)
        if pieces[0] or pieces[-1].strip() \
                or pieces[1::2] != [str(n) for n in range(count + 1)]:
            raise Uncut('a mark between the slices is gone')
        return pieces[2:-1:2]

    def confines(self, new):
        """Is all the same in the text @new but for the parts?"""
        at = 0
        for start, end in zip([0, *self.ends], [*self.starts, len(self.old)]):
            same = self.old[start:end]
            found = new.find(same, at) if start else at if new.startswith(same) else -1
            if found < 0:
                return False
            at = found + len(same)
        return new.endswith(same)

    def spliced(self, parts):
        """The file, with @parts in place of the old ones."""
        out, end = [], 0
        for start, stop, part in zip(self.starts, self.ends, parts):
            out += [self.old[end:start], part]
            end = stop
        return ''.join(out) + self.old[end:]
