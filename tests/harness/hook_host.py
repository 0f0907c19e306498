# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host whose hook script takes its time when a test wants it to."""

import contextlib
import os

from .host import Host

# Each call of the hook, and its end, are lines of a file; while another file is there the
# call does not end.
HOOK = """#!/bin/sh
cat >/dev/null
cd /etc/libvirt/hooks || exit 1
echo "$1 $2" >>calls
while [ -e "hold-$1-$2" ]; do sleep 0.1; done
echo "$1 $2 ends" >>calls
"""


class HookHost(Host):
    """A host with a hook script"""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.hooks = os.path.join(self.folder, "etc", "hooks")
        os.mkdir(self.hooks)
        path = os.path.join(self.hooks, "qemu")
        with open(path, "w") as file:
            file.write(HOOK)
        os.chmod(path, 0o755)

    def calls(self, guest):
        """The lines about @guest"""
        with contextlib.suppress(FileNotFoundError), \
                open(os.path.join(self.hooks, "calls")) as file:
            return [line.strip().partition(" ")[2] for line in file
                    if line.startswith(f"{guest.name} ")]
        return []

    @contextlib.contextmanager
    def holding(self, guest, operation):
        """The script does not end for @operation of @guest, until the function that one gets
        is called."""
        path = os.path.join(self.hooks, f"hold-{guest.name}-{operation}")
        with open(path, "w"):
            pass

        def release():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

        try:
            yield release
        finally:
            release()
