# SPDX-License-Identifier: LGPL-2.1-or-later
"""The world in which a test run lives and with which it dies.

A run has a PID, mount, network and IPC namespace of its own:

    supervisor          the process that the user started; it removes the run's
      |                 files at the end, whatever became of the rest
      init              process 1 of the PID namespace; reaps the orphans that
        |               daemons leave, and hands on signals
        main            the run itself: daemons, clients and guests are below it,
                        wherever they daemonise themselves to

When init ends, the kernel kills all that is left in the namespace; init itself
is killed when the supervisor dies, be it by SIGKILL. So no daemon, guest, mount
or port outlives a run, and none can be in the way of another run or of a
libvirt that the machine uses for itself. The network namespace has a loopback
device and nothing else.
"""

import ctypes
import errno
import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import traceback

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

PR_SET_PDEATHSIG = 1

# Exit status of a run that could not be made here
SKIPPED = 77

# Seconds that a run has for ending by itself after SIGINT or SIGTERM
GRACE = 20

_libc = ctypes.CDLL(None, use_errno=True)


class Interrupted(BaseException):
    """Raised in the run's main function when it has been told to end."""


def _check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def set_hostname(name):
    data = name.encode()
    _check(_libc.sethostname(data, len(data)), "sethostname")


def mount(source, target, fstype=None, flags=0, data=None):
    _check(_libc.mount(os.fsencode(source), os.fsencode(target),
                       fstype and fstype.encode(), ctypes.c_ulong(flags),
                       data and os.fsencode(data)),
           f"mount {target}")


def bind(source, target):
    """Shows @source, a file or a folder, at @target, which must exist."""
    mount(source, target, None, MS_BIND | MS_REC)


def die_with_parent():
    """Has the kernel kill this process when the thread that forked it ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def provide_folder(path, scratch):
    """Makes the folder @path exist for the calling mount namespace only.

    If it is missing, its parent is covered by a tmpfs that shows all that was in
    the parent, and the folder. @scratch is a folder for mount points.
    """
    if os.path.isdir(path):
        return
    parent, name = os.path.split(path)
    provide_folder(parent, scratch)
    os.mkdir(os.path.join(_cover(parent, scratch), name))


def open_way(path, scratch):
    """Has all users get to @path, in the calling mount namespace only: each folder on the way
    that lets root alone pass is covered by one that shows the same."""
    if path == "/":
        return
    open_way(os.path.dirname(path), scratch)
    if os.path.isdir(path) and not os.stat(path).st_mode & 0o001:
        os.chmod(_cover(path, scratch), 0o755)


def _cover(parent, scratch):
    """Covers the folder @parent by a tmpfs that shows all that is in it. Returns the tmpfs."""
    shadow = tempfile.mkdtemp(dir=scratch)
    mount("tmpfs", shadow, "tmpfs")
    with os.scandir(parent) as entries:
        for entry in entries:
            copy = os.path.join(shadow, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), copy)
            elif entry.is_dir():
                os.mkdir(copy)
                bind(entry.path, copy)
            else:
                os.close(os.open(copy, os.O_CREAT | os.O_WRONLY))
                bind(entry.path, copy)
    bind(shadow, parent)
    return shadow


def _loopback_up():
    SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = b"lo".ljust(16, b"\0")
        request = fcntl.ioctl(sock, SIOCGIFFLAGS, name + bytes(24))
        flags = struct.unpack_from("H", request, 16)[0] | IFF_UP
        fcntl.ioctl(sock, SIOCSIFFLAGS, name + struct.pack("H", flags) + bytes(22))


class RunFolder:
    """A folder for the files of one run, below @work.

    Folders of earlier runs of the same @name are removed unless they are in
    use; the one of a run that failed stays until then, for its logs.
    """

    def __init__(self, work, name):
        base = os.path.join(work, "run")
        os.makedirs(base, exist_ok=True)
        for entry in os.listdir(base):
            if entry.rpartition("-")[0] == name:
                self._remove_if_unused(os.path.join(base, entry))
        self.path = os.path.join(base, f"{name}-{os.getpid()}")
        os.mkdir(self.path)
        self._lock = open(os.path.join(self.path, ".lock"), "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _remove_if_unused(path):
        try:
            with open(os.path.join(path, ".lock"), "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
        except BlockingIOError:
            pass
        except FileNotFoundError:
            shutil.rmtree(path, ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.path)

    def remove_images(self):
        """Removes what is large and of no use for finding a fault."""
        for folder, _, files in os.walk(self.path):
            for name in files:
                path = os.path.join(folder, name)
                if os.lstat(path).st_size > 4 << 20 and not name.endswith(".log"):
                    os.unlink(path)


def run(main, work, name, keep=False):
    """Runs main(folder) in a sandbox and returns its exit status.

    @folder is the path of the run's own folder below @work; it is removed at
    the end unless main returned a status other than 0 and SKIPPED, or @keep is true. main
    gets Interrupted when the user ends the run.
    """
    if os.geteuid() != 0:
        print(f"{name}: needs root, for namespaces and mounts", file=sys.stderr)
        return 2
    folder = RunFolder(work, name)
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    alive_r, alive_w = os.pipe()
    unshare(CLONE_NEWPID)
    init = os.fork()
    if init == 0:
        os.close(alive_w)
        _run_init(main, folder.path, alive_r, signals)
    os.close(alive_r)

    def hand_on(signum, _frame):
        os.kill(init, signum)
        signal.alarm(GRACE)

    def give_up(_signum, _frame):
        os.kill(init, signal.SIGKILL)

    for signum in signals:
        signal.signal(signum, hand_on)
    signal.signal(signal.SIGALRM, give_up)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    _, status = os.waitpid(init, 0)
    signal.alarm(0)
    code = os.waitstatus_to_exitcode(status)
    if code in (0, SKIPPED) and not keep:
        folder.remove()
    else:
        folder.remove_images()
    return code if code >= 0 else 128 - code


def _run_init(main, folder, alive, signals):
    """Process 1 of the namespace. Does not return."""
    try:
        die_with_parent()
        if select.select([alive], [], [], 0)[0]:
            os._exit(1)  # the supervisor had died before
        os.setsid()
        unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC)
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc")
        _loopback_up()
        child = os.fork()
        if child == 0:
            _run_main(main, folder, signals)
        for signum in signals:
            signal.signal(signum, lambda signum, _frame: os.kill(child, signum))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _run_main(main, folder, signals):
    def interrupt(_signum, _frame):
        for signum in signals:
            signal.signal(signum, signal.SIG_IGN)
        raise Interrupted

    code = 1
    try:
        for signum in signals:
            signal.signal(signum, interrupt)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        code = main(folder)
    except Interrupted:
        print("interrupted", file=sys.stderr)
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
        os._exit(code)
