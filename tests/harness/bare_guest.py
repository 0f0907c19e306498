# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest for measurements: no operating system, memory that changes at a set rate,
a tick. See tests/guest/bare."""

import os

from .guest import Guest

BOOT_TIMEOUT = 30

CMDLINE = "seed={seed} mem={area} dirty={dirty} verify={verify} beat={beat}"


class BareGuest(Guest):
    """@area: MiB of memory with a pattern, of which @dirty pages of 4 KiB a second are
    rewritten and @verify checked; @beat: ms between heartbeats. The guest does not touch
    its disk, which is full of data, so that there is something to copy."""

    def __init__(self, folder, tools, name="guest", area=32, dirty=512, verify=2048, beat=50,
                 disk_mib=32, seed=1):
        self._make(folder, tools, name, disk_mib, seed=seed)
        with open(self.disk, "r+b") as file:
            for _ in range(disk_mib):
                file.write(os.urandom(1 << 20))
        self._define(area + 16, "bare-guest", CMDLINE.format(
            seed=seed, area=area, dirty=dirty, verify=verify, beat=beat))

    def wait_ready(self):
        self.wait(lambda: self.heartbeat() >= 1, BOOT_TIMEOUT, "did not tick")

    def check_alive(self, timeout=60):
        # One pass may be under way and must not count.
        memory, beat = self.memory_pass() + 2, self.heartbeat() + 1
        self.wait(lambda: self.memory_pass() >= memory and self.heartbeat() >= beat,
                  timeout, "stopped checking its memory")
