# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hosts the daemons of which are, in turn, of one of several builds of libvirt."""

import os

from . import faults
from .host import Host

START_LIMIT = 90        # s


class Sides:
    """@builds: {name of a side: build, as Host takes it}. @work: where what the daemons
    learn about QEMU is kept from run to run, for each build. What is learnt anew with
    each change of daemons would be counted as the time of the first queries."""

    def __init__(self, folder, builds, work, **options):
        self.builds = builds
        self.side = None
        self._work = work
        first = next(iter(builds.values()))
        self.hosts = [Host(folder, name, first, **options) for name in ("alpha", "beta")]

    def _cache(self, side):
        name = os.path.relpath(self.builds[side], self._work).strip("./")
        return os.path.join(self._work, "cache", name.replace("/", "-"))

    def switch(self, side):
        """Has both hosts run the daemon of @side; the guests run on. Returns whether
        there was anything to do."""
        if self.side == side:
            return False
        for host in self.hosts:
            if self.side:
                host.end_daemon()
            host.use_build(self.builds[side], self._cache(side))
            faults.within(START_LIMIT, host.start, f"the start of {side}'s daemon")
        self.side = side
        return True

    def forget(self):
        """Has the next switch() start daemons, since they were ended otherwise."""
        self.side = None
