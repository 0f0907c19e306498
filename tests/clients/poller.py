# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that asks again and again in a thread of its own, until it has concluded."""

import threading
import time

import libvirt


class Poller:
    """Asks @host about the domain @name every `interval` seconds from now on.

    Subclasses say in ask() what: it returns the conclusion, a word, or None to go on.
    """

    interval = 0.5

    def __init__(self, host, name):
        self.host = host
        self.name = name
        self.conclusion = None
        self.concluded = None   # when, by the monotonic clock
        self.answers = 0
        self.slowest = 0
        self._stop = threading.Event()
        self.conn = host.connect()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    @property
    def title(self):
        return f"{type(self).__name__} on {self.host.name}"

    def ask(self):
        raise NotImplementedError

    def _run(self):
        while not self._stop.is_set() and self.conclusion is None:
            began = time.monotonic()
            try:
                self.conclusion = self.ask()
            except libvirt.libvirtError as error:
                self.conclusion = f"error {error.get_error_code()}: {error}"
            if self.conclusion:
                self.concluded = time.monotonic()
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers += 1
            self._stop.wait(self.interval)

    def wait(self, seconds):
        """Waits until it has concluded, and returns its conclusion, or None."""
        self._thread.join(seconds)
        return self.conclusion

    def stop(self, seconds=40):
        """Has it ask no more. Returns its conclusion, or None."""
        self._stop.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.conclusion = "no answer"
        return self.conclusion
