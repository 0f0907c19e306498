# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commits, which git gets together."""

import os
import signal

from .tree import SeriesError


class Commits:
    """Commits on top of the head of @tree. None is there before write(): a call of git
    takes longer than most steps, and a commit takes several."""

    def __init__(self, tree):
        self.tree, self.waiting = tree, []
        self.head = tree.git('rev-parse', 'HEAD').strip()
        self.author, self.committer = (tree.git('var', f'GIT_{who}_IDENT').strip()
                                       for who in ('AUTHOR', 'COMMITTER'))

    def add(self, message, names):
        """Commit the files @names as the tree has them now."""
        files = []
        for name in names:
            mode = self.tree.modes[name]
            if not mode.startswith('100'):
                raise SeriesError(f'{name} is no regular file')
            files.append((mode, name, self.tree.read(name).encode('latin-1')))
        self.waiting.append((message.encode(), files))

    def write(self, half_done=False):
        """Write the commits that wait, and move the head there; return it. The tree must be
        what they hold then, unless it is @half_done by something that is no commit."""
        if not self.waiting:
            return self.head
        # With the commits lost, what they hold would be left in the tree.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            # The head is only moved if it is where the first commit begins.
            self.head = self.tree.git('fast-import', '--quiet', '--date-format=raw',
                                      stdin=b''.join(self.stream())).strip()
            self.waiting.clear()
            self.tree.git('read-tree', '-i', '-m', 'HEAD')
            stale = self.tree.git('update-index', '--refresh', ok=(0, 1))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if stale and not half_done:
            raise SeriesError('the tree is not what has been committed: ' + stale.strip())
        return self.head

    def stream(self):
        """The commits as `git fast-import` wants them; it prints the hash of the last one."""
        for number, (message, files) in enumerate(self.waiting, 1):
            yield (f'commit HEAD\nmark :{number}\nauthor {self.author}\n'
                   f'committer {self.committer}\n').encode()
            yield b'data %d\n%s\n' % (len(message), message)
            yield (f'from :{number - 1}\n' if number > 1 else f'from {self.head}\n').encode()
            for mode, name, data in files:
                yield b'M %s inline %s\ndata %d\n%s\n' % (mode.encode(), os.fsencode(name),
                                                         len(data), data)
        yield f'get-mark :{number}\n'.encode()
