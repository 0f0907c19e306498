# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that query a domain in tight loops and keep account of it."""

import re
import statistics
import threading
import time

import libvirt

EMPTY = "domstats is empty"     # an error of a QueryLoop: the host has no such domain
LACKS = "domstats lacks"        # how the error of one begins whose answer is not complete
BY_ITSELF = "domstats has nothing of QEMU's"    # the error of one that libvirt answered alone
STATES_ACTIVE = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED)


def domain_stats(domain):
    """The domain's statistics as a dictionary; empty if the host has no such domain"""
    records = domain.connect().domainListGetStats([domain])
    return records[0][1] if records else {}


def job_type(domain):
    """The type of the domain's job, by the call that answers on both hosts of a migration"""
    try:
        return domain.jobStats()["type"]
    except libvirt.libvirtError as error:
        # Some jobs have no statistics; unpatched libvirt says the same.
        if "invalid job statistics type" not in str(error):
            raise
        return domain.jobInfo()[0]


# Since this version of libvirt the statistics have what was gathered before QEMU died.
TELLS_PART = 11002000

# Fields that every guest has and only its QEMU can tell
OF_QEMU = {"balloon.last-update", "block.0.rd.reqs"}


# What QEMU asks the threads of the vCPUs for, which may wait for memory in post-copy
_BY_VCPU_THREADS = re.compile(r"cpu\.haltpoll\.|vcpu\.\d+\.\w+\.(sum|cur|max)$")


def in_postcopy(fields):
    """Those of the @fields of a guest's statistics which it has while it arrives in
    post-copy"""
    return {field for field in fields if not _BY_VCPU_THREADS.match(field)}


def in_setup(stats):
    """Is the domain being set up, so that only libvirt itself knows of it?"""
    return (stats.get("state.state") == libvirt.VIR_DOMAIN_PAUSED
            and stats.get("state.reason") == libvirt.VIR_DOMAIN_PAUSED_STARTING_UP)


class QueryLoop:
    """Queries domain @name on @host with domstats, domblkstat and domjobinfo, in
    @clients threads for each, from now until stop().

    An answer for an active domain that lacks a field of @reference (the answer to
    domstats while nothing was going on) is an error, unless it is being set up. One
    with nothing of QEMU's, as of a domain whose QEMU dies, is the error BY_ITSELF.
    """

    def __init__(self, host, name, reference=(), clients=1, calls=("stats", "block", "job")):
        self._host = host
        self._name = name
        self._reference = set(reference)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.times = []     # of the answers, in seconds
        self.errors = []    # libvirtError or text
        self._threads = [threading.Thread(target=self._run, args=(call,), daemon=True)
                         for call in calls for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self, domain, call):
        if call == "stats":
            stats = domain_stats(domain)
            missing = self._reference - set(stats)
            if stats.get("state.state") in STATES_ACTIVE and missing and not in_setup(stats):
                if not OF_QEMU & set(stats):
                    return BY_ITSELF
                return f"{LACKS} {len(missing)} fields: {sorted(missing)[0]}, ..."
            if not stats:
                return EMPTY
        elif call == "block":
            domain.blockStats("vda")
        elif call == "job":
            job_type(domain)
        return None

    def _run(self, call):
        conn = domain = None
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                conn = conn or self._host.connect()
                domain = domain or conn.lookupByName(self._name)
                error = self._ask(domain, call)
            except libvirt.libvirtError as caught:
                # Nothing else would free the connection that is in its frames: no gc runs.
                error = caught.with_traceback(None)
                if not conn or not conn.isAlive():
                    conn = domain = None
            took = time.monotonic() - began
            with self._lock:
                if error is None:
                    self.times.append(took)
                else:
                    self.errors.append(error)
            if error is not None:
                time.sleep(0.05)

    def mark(self):
        """Number of answers so far"""
        with self._lock:
            return len(self.times)

    def stop(self, timeout=40):
        """Ends the loop; returns False if a query has not come back in @timeout s."""
        self._stop.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def median(self):
        return statistics.median(self.times) if self.times else float("inf")

    def slowest(self):
        return max(self.times, default=float("inf"))

    def unexpected(self, codes=()):
        """The errors but those with one of libvirt's @codes"""
        return [error for error in self.errors
                if not (isinstance(error, libvirt.libvirtError)
                        and error.get_error_code() in codes)]

    def unlike_death(self, codes):
        """The errors but those that come of the domain's death, among which are those with
        one of libvirt's @codes"""
        # The statistics have what needs no monitor of a domain that dies, or leave it out.
        found = [error for error in self.unexpected(codes) if error not in (EMPTY, BY_ITSELF)]
        # One client asks for them, so one call was under way when QEMU died.
        part = [error for error in found if str(error).startswith(LACKS)]
        if len(part) == 1 and self._host.conn.getLibVersion() >= TELLS_PART:
            found.remove(part[0])
        return found


def check_snapshot_job(t, domain):
    """The job of a snapshot that has no statistics is told at once."""
    stats = t.timed(3, domain.jobStats, "job statistics")
    t.check(stats["type"] == libvirt.VIR_DOMAIN_JOB_UNBOUNDED
            and stats["operation"] == libvirt.VIR_DOMAIN_JOB_OPERATION_SNAPSHOT
            and stats["time_elapsed"] > 0, f"job statistics of a snapshot: {stats}")
