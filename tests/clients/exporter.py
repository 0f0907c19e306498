# SPDX-License-Identifier: LGPL-2.1-or-later
"""An exporter of metrics: it lists the guests and then asks each; a scrape that takes
more than three seconds, or has an error, has no result."""

import time

import libvirt

from .poller import Poller

# A guest that has left between the list and the question is no fault of libvirt's.
LEFT = (libvirt.VIR_ERR_NO_DOMAIN,)


class Exporter(Poller):
    interval = 0.2
    LIMIT = 3   # seconds

    def __init__(self, host, name):
        super().__init__(host, name)
        self.scrapes = self.seen = 0
        self.failed = []    # why

    def _one(self, domain):
        domain.info()
        domain.blockStats("vda")
        domain.memoryStats()

    def ask(self):
        began = time.monotonic()
        self.scrapes += 1
        try:
            for domain in self.conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                self.seen += domain.name() == self.name
                self._one(domain)
        except libvirt.libvirtError as error:
            if error.get_error_code() not in LEFT:
                self.failed.append(str(error))
        took = time.monotonic() - began
        if took > self.LIMIT:
            self.failed.append(f"it took {took:.1f} s")

    def stop(self, seconds=40):
        """Returns a word for all scrapes."""
        if super().stop(seconds) is None:
            self.conclusion = "failing" if self.failed else "scraping"
        return self.conclusion
