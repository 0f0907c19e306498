# SPDX-License-Identifier: LGPL-2.1-or-later
"""An exporter of metrics: it lists the guests and then asks each; a scrape that takes
more than three seconds, or has an error, has no result."""

import time

import libvirt

from .poller import Poller

ACTIVE = libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
# What is said of a guest that has left between the list and the question. The others are
# also said of those that have not: one is excused, and only if the guest is active no more.
# The last is said if its QEMU ended while it was asked (docs/contract.md).
GONE = libvirt.VIR_ERR_NO_DOMAIN
OFF = libvirt.VIR_ERR_OPERATION_INVALID
ENDED = "qemu unexpectedly closed the monitor"


class Exporter(Poller):
    interval = 0.2
    LIMIT = 3   # seconds

    def __init__(self, host, name):
        super().__init__(host, name)
        self.scrapes = self.seen = 0
        self.failed = []    # why
        self.left = False   # has the guest left between list and question?

    def _one(self, domain):
        domain.info()
        domain.blockStats("vda")
        domain.memoryStats()

    def _has_left(self, error):
        code = error.get_error_code()
        if (code == OFF or ENDED in str(error)) and not self.left:
            self.left = self.name not in [domain.name()
                                          for domain in self.conn.listAllDomains(ACTIVE)]
            return self.left
        return code == GONE

    def ask(self):
        began = time.monotonic()
        self.scrapes += 1
        try:
            for domain in self.conn.listAllDomains(ACTIVE):
                self.seen += domain.name() == self.name
                self._one(domain)
        except libvirt.libvirtError as error:
            if not self._has_left(error):
                self.failed.append(str(error))
        took = time.monotonic() - began
        if took > self.LIMIT:
            self.failed.append(f"it took {took:.1f} s")

    def stop(self, seconds=40):
        """Returns a word for all scrapes."""
        if super().stop(seconds) is None:
            self.conclusion = "failing" if self.failed else "scraping"
        return self.conclusion
