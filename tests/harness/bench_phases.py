# SPDX-License-Identifier: LGPL-2.1-or-later
"""When a migration enters which phase on each host, without asking the daemons: they
write each phase into the domain's status file."""

import ctypes
import os
import re
import select
import struct
import threading
import time

IN_CLOSE_WRITE = 0x8
IN_MOVED_TO = 0x80

_libc = ctypes.CDLL(None, use_errno=True)


class PhaseWatch:
    """Watches the status files of the domain @name on @hosts from `with` to its end.
    @changes: (seconds of CLOCK_MONOTONIC, host's name, phase), the phase being None
    when there is no job."""

    def __init__(self, hosts, name):
        self.changes = []
        self._paths = {}
        self._last = {}
        self._inotify = _libc.inotify_init1(os.O_CLOEXEC)
        if self._inotify < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        for host in hosts:
            path = host.status_path(name)
            watch = _libc.inotify_add_watch(self._inotify, os.fsencode(os.path.dirname(path)),
                                            IN_CLOSE_WRITE | IN_MOVED_TO)
            if watch < 0:
                raise OSError(ctypes.get_errno(), f"inotify on {path}")
            self._paths[watch] = (host.name, path)
        self._stop_r, self._stop_w = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._stop_w)
        self._thread.join()
        os.close(self._stop_r)
        os.close(self._inotify)

    def _run(self):
        while True:
            ready, _, _ = select.select([self._inotify, self._stop_r], [], [])
            if self._stop_r in ready:
                return
            data = os.read(self._inotify, 65536)
            when = time.monotonic()
            watches, at = set(), 0
            while at < len(data):
                watch, _mask, _cookie, length = struct.unpack_from("iIII", data, at)
                watches.add(watch)
                at += 16 + length
            for watch in watches & self._paths.keys():
                self._look(when, *self._paths[watch])

    def _look(self, when, host, path):
        try:
            with open(path) as file:
                text = file.read()
        except FileNotFoundError:
            return
        phase = phase_of(text)
        if phase != self._last.get(host):
            self._last[host] = phase
            self.changes.append((when, host, phase))


def phase_of(status):
    """The phase of the async job that a status file tells of, None if it tells of none"""
    job = re.search(r"<job [^>]*\bphase='([^']*)'", status)
    return job.group(1) if job and job.group(1) != "none" else None
