# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hours of migrations: what the daemons have grown by.

    pytest --full -k long-run --minutes 480 --per-hour 100
"""

import json
import os
import statistics
import threading
import time

import libvirt

from harness.bare_guest import BareGuest
from harness.jobs import MIGRATE_FLAGS
from harness.scenario import scenario
from .chaos import memory

KINDS = {
    "direct": 0,
    "p2p": libvirt.VIR_MIGRATE_PEER2PEER,
    "tunnelled": libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_TUNNELLED,
    "postcopy": libvirt.VIR_MIGRATE_POSTCOPY,
}
SCRAPE = 1          # s
WARM_UP = 0.25      # of the migrations: arenas, pools and caches have their size then

# By how much the last tenth may exceed the first after the warm-up
MORE = {"descriptors": 4, "threads": 2, "memory": 2048}


class Scrapes(threading.Thread):
    """Asks @host for its domains, their statistics and their jobs every second, each time on a
    connection of its own."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self._host = host
        self._ended = threading.Event()
        self.count, self.slowest, self.errors = 0, 0.0, []
        self.start()

    def run(self):
        while not self._ended.wait(SCRAPE):
            began = time.monotonic()
            try:
                conn = libvirt.openReadOnly(self._host.uri)
                conn.getAllDomainStats()
                for domain in conn.listAllDomains():
                    try:
                        domain.jobStats()
                    except libvirt.libvirtError as error:
                        # It may have left since it was listed.
                        if error.get_error_code() not in (libvirt.VIR_ERR_NO_DOMAIN,
                                                          libvirt.VIR_ERR_OPERATION_INVALID):
                            raise
                conn.close()
            except libvirt.libvirtError as error:
                self.errors.append(str(error))
            self.count += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def end(self):
        self._ended.set()
        self.join()


def taken(host):
    """What the daemon of @host has: open descriptors, threads, KiB of memory that no file
    stands for"""
    folder = f"/proc/{host.daemon.pid}"
    return {"descriptors": len(os.listdir(f"{folder}/fd")),
            "threads": len(os.listdir(f"{folder}/task")), "memory": memory(host)["anon"]}


def migrate(kind, domain, source, destination):
    flags = MIGRATE_FLAGS | KINDS[kind]
    if flags & libvirt.VIR_MIGRATE_PEER2PEER:
        domain.migrateToURI3(destination.uri, {}, flags)
    else:
        domain.migrate3(destination.conn, {}, flags)


def growth(samples):
    """{host: {what: (first, last)}}: medians of the first and the last tenth after the warm-up"""
    samples = samples[int(len(samples) * WARM_UP):]
    tenth = max(len(samples) // 10, 1)
    return {host: {what: tuple(statistics.median(sample[host][what] for sample in part)
                               for part in (samples[:tenth], samples[-tenth:]))
                   for what in MORE} for host in samples[0]}


@scenario(slow=True, timeout=lambda option: 60 * option.minutes + 600)
def long_run(t, request):
    """A guest migrates to and fro while both hosts are scraped: descriptors, threads and
    memory of the daemons do not grow, and no scrape fails."""
    option = request.config.option
    guest = BareGuest(t.folder, t.tools, area=16, disk_mib=4)
    guest.start(t.alpha)
    hosts = [t.alpha, t.beta]
    scrapes = [Scrapes(host) for host in hosts]
    path = os.path.join(request.config.series.logs, f"long-run-{hosts[0].daemon.pid}.jsonl")
    wanted = max(int(option.minutes * option.per_hour / 60), 20)
    began, samples = time.monotonic(), []
    for number in range(wanted):
        time.sleep(max(began + number * 3600 / option.per_hour - time.monotonic(), 0))
        kind = list(KINDS)[number // 2 % len(KINDS)]
        migrate(kind, hosts[0].domain(guest.name), *hosts)
        hosts.reverse()
        if number % 20 == 19:
            guest.check_alive()
        samples.append({host.name: taken(host) for host in hosts})
        with open(path, "a") as file:
            file.write(json.dumps({"kind": kind, "s": round(time.monotonic() - began), **samples[-1]})
                       + "\n")
        t.tell(f"{number + 1} migrations")
    for one, host in zip(scrapes, (t.alpha, t.beta)):
        one.end()
        t.log(f"{host.name}: {one.count} scrapes, the slowest took {one.slowest:.1f} s")
        t.check(not one.errors, f"{len(one.errors)} scrapes failed, first: {one.errors[:1]}")
    grown = growth(samples)
    t.log(f"after the warm-up and at the end: {grown}")
    for host, by_what in grown.items():
        for what, (first, last) in by_what.items():
            t.check(last - first <= MORE[what] or wanted < 100,
                    f"{what} of {host}'s daemon grew from {first:g} to {last:g}; {path}")
    guest.check_alive()
