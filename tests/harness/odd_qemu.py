# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMUs that are not as libvirt expects them: one whose monitor does what a file says
(tests/guest/odd-qemu.c), one that takes no SIGTERM."""

import os

DEAF = """#!/bin/sh
exec env --block-signal=TERM /usr/bin/qemu-system-x86_64 "$@"
"""


def _use(guest, emulator):
    guest.xml = guest.xml.replace("/usr/bin/qemu-system-x86_64", emulator)


def use(t, guest):
    """Has tell() say what the QEMU of @guest does, which has not been started yet."""
    _use(guest, os.path.join(t.tools, "odd-qemu"))


def use_deaf(guest):
    """Has SIGTERM do nothing to the QEMU of @guest, which has not been started yet."""
    emulator = os.path.join(guest.folder, "qemu")
    with open(emulator, "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as script:
        script.write(DEAF)
    _use(guest, emulator)


def control(host):
    """The file that tells each such QEMU on @host what to do"""
    return os.path.join(host.folder, "lib", "odd")


def tell(host, first, rest=b""):
    """What they do from now on: the first line of the file, and what follows it"""
    path = control(host)
    with open(f"{path}.new", "wb") as file:
        file.write(first.encode() + b"\n" + rest)
    os.rename(f"{path}.new", path)
