# SPDX-License-Identifier: LGPL-2.1-or-later
"""One thread of a process that stands still while the others go on.

SIGSTOP stops all of them. A tracer stops the one it is attached to: a QEMU whose
main thread stands still while it waits for something reads monitor commands and does
not answer them, and its other threads send events.
"""

import contextlib
import ctypes
import os

PTRACE_CONT = 7
PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, tid):
    if _libc.ptrace(request, tid, None, None) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x} of thread {tid}: {os.strerror(error)}")


@contextlib.contextmanager
def stalled(tid):
    """Has the thread @tid stand still; gives a function that lets it go on before the
    end. To be entered, left and ended by the same thread, which is the tracer."""
    _ptrace(PTRACE_SEIZE, tid)
    gone = []

    def go_on():
        if not gone:
            gone.append(True)
            with contextlib.suppress(OSError):
                _ptrace(PTRACE_DETACH, tid)

    try:
        _ptrace(PTRACE_INTERRUPT, tid)
        os.waitpid(tid, WALL)
        yield go_on
    finally:
        go_on()
