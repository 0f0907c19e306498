# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a scenario is, and what it is given to work with.

A scenario is a function with the decorator @scenario that takes a Test as `t`, and a
kind of job if it is to be run for several; further arguments are fixtures of pytest
(harness/sandboxed.py). It runs in a sandbox of its own, on hosts of its own, and has
failed if it raises anything but Skip. Afterwards every host's daemon must still be
alive, must not have warned of a misuse, and must not have kept a job.
"""

import dataclasses
import os
import time
import typing

import libvirt

from . import corpus, faults, queries, transitions
from .guest import Guest
from .host import Host


class Failure(Exception):
    """The scenario has found something that must not be."""


class Skip(Exception):
    """The scenario cannot be run here, for the reason given."""


@dataclasses.dataclass
class Scenario:
    """What @scenario was told"""
    kinds: typing.Sequence[type]
    slow: bool
    timeout: typing.Union[int, typing.Callable]
    stock_fails: typing.Union[str, dict, None]
    needs_stock: bool
    other: typing.Union[bool, typing.Sequence[str]]


def scenario(kinds=(), slow=False, timeout=120, stock_fails=None, needs_stock=False, other=False):
    """Makes a function a scenario, one for each of @kinds of job if given, which is its
    second argument. @slow: only run with --full; @timeout: in seconds, for the whole of
    it, or a function of pytest's options that tells; @stock_fails: why stock libvirt is known
    to fail it, or a dictionary that tells so by the kind's name; @needs_stock: it uses
    Test.stock_build(); @other: scripts/test runs it on other releases of libvirt, too, or
    the kinds of it that are named."""
    def register(function):
        known = {kind().name for kind in kinds}
        assert other in (True, False) or known.issuperset(other), f"no such kind: {other}"
        function.scenario = Scenario(list(kinds), slow, timeout, stock_fails, needs_stock, other)
        return function
    return register


def is_stock(build):
    """True unless the series has been applied to what is in the build tree."""
    with open(os.path.join(build, "src", "libvirt_driver_qemu.so"), "rb") as file:
        return b"qemuDomainObjEnterInterruptible" not in file.read()


class Test:
    """Hosts and guests of one scenario, made when first asked for."""

    def __init__(self, folder, build, tools, caches, log_file, stock_build=None,
                 valgrind=False, other_builds=(), find_leaks=False):
        self.folder = folder
        self.build = build
        self.builds = {}        # those of hosts, if another one; to be set before their use
        self.host_type = Host   # to be set before the first use of a host, as are
        self.stock = is_stock(build)
        self._stock_build = stock_build
        self._other_builds = other_builds
        self._valgrind = valgrind
        self._find_leaks = find_leaks
        self.tools = tools
        self.log_file = log_file
        self.told = ""
        self.qemu_conf = ""
        self.libvirtd_conf = ""
        self._caches = caches
        self._hosts = {}
        self._guests = []
        self._allowed = []
        self._reference = ()    # fields of the statistics of an idle domain

    def _host(self, name):
        if name not in self._hosts:
            build = self.builds.get(name, self.build)
            self._hosts[name] = self.host_type(
                self.folder, name, build, qemu_conf=self.qemu_conf, debug_jobs=True,
                cache=self._caches(build), libvirtd_conf=self.libvirtd_conf,
                valgrind=self._valgrind, find_leaks=self._find_leaks)
            self._hosts[name].start()
        return self._hosts[name]

    def host(self, name):
        """Host @name, of harness.host.NAMES, which is started if need be"""
        return self._host(name)

    @property
    def alpha(self):
        return self._host("alpha")

    @property
    def beta(self):
        return self._host("beta")

    def stock_build(self):
        """The build of stock libvirt, for one of the hosts"""
        if not self._stock_build:
            raise Failure("no build of stock libvirt: the scenario does not say needs_stock")
        return self._stock_build

    def other_build(self, stock=False):
        """The build of another release of libvirt, for one of the hosts: @stock, or with
        the series"""
        for build in self._other_builds:
            if is_stock(build) == stock:
                return build
        raise Skip(f"no build of another release of libvirt, {'stock' if stock else 'with the series'} "
                   "(scripts/build --source, or --other-build)")

    def guest(self, **settings):
        """A new guest, not yet started"""
        settings.setdefault("name", f"guest{len(self._guests) + 1}")
        settings.setdefault("area", 48)
        settings.setdefault("disk_mib", 16)
        guest = Guest(self.folder, self.tools, **settings)
        self._guests.append(guest)
        return guest

    def tell(self, text):
        """If the scenario passes, the line that says so ends with the last @text."""
        self.told = text

    def log(self, text):
        print(f"{time.strftime('%H:%M:%S')} {text}", file=self.log_file, flush=True)

    def fail(self, reason):
        raise Failure(reason)

    def check(self, condition, reason):
        if not condition:
            raise Failure(reason)

    def allow(self, *patterns):
        """Warnings of the daemons that match are no fault in this scenario."""
        self._allowed += patterns

    def timed(self, limit, call, what):
        """Returns call(), which must not take longer than @limit seconds."""
        began = time.monotonic()
        try:
            return faults.within(limit, call, what)
        except TimeoutError as error:
            raise Failure(str(error)) from error
        finally:
            self.log(f"{what}: {time.monotonic() - began:.2f} s")

    def wait(self, condition, limit, what):
        """Waits until condition() is true, for @limit seconds at most."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"{what}: not within {limit} s")
            time.sleep(0.05)

    def learn(self, domain):
        """Learns from @domain, for which nothing is being done, what its
        statistics look like."""
        self._reference = queries.domain_stats(domain)
        self.check("balloon.rss" in self._reference and "block.0.rd.reqs" in self._reference,
                   "an idle domain's statistics are incomplete")

    def query_loop(self, host, guest, postcopy=False, **settings):
        """Starts clients that query @guest on @host, where it may arrive in @postcopy;
        learn() has been called."""
        reference = queries.in_postcopy(self._reference) if postcopy else self._reference
        return queries.QueryLoop(host, guest.name, reference, **settings)

    def check_no_job(self, host, guest):
        leak = faults.leaked_job(host, guest.name)
        self.check(not leak, f"a job was left behind: {leak}")

    def check_startable(self, host, guest):
        """The domain is off, can be started again and has no job then."""
        domain = self.timed(10, lambda: host.domain(guest.name), "lookup")
        self.check(self.timed(10, domain.state, "domstate")[0] == libvirt.VIR_DOMAIN_SHUTOFF,
                   f"the domain is in state {domain.state()}, not off")
        self.timed(20, domain.create, "start")
        self.check_no_job(host, guest)

    def finish(self):
        """Checks what every scenario must leave behind."""
        deaths = self.deaths()
        self.check(not deaths, "; ".join(deaths))
        for host in self._hosts.values():
            corpus.keep_cookies(host.log)
            for guest in self._guests:
                leak = faults.leaked_job(host, guest.name)
                self.check(not leak, f"a job was left behind: {leak}")
            found = host.memory_faults()
            self.check(not found, "; ".join(found))
            lines = faults.log_faults(host, allow=self._allowed)
            self.check(not lines, f"{host.name} warns {len(lines)} times, first: "
                                  f"{lines[0] if lines else ''}")
            if not is_stock(host.build):
                self.check_replay(host)
        self.check_leaks()

    def check_replay(self, host):
        """What the jobs did is what the model of the engine does."""
        replay = transitions.replay(host.log)
        self.log(f"{host.name}: {sum(replay.seen.values())} steps of jobs replayed, "
                 f"{len(replay.seen)} kinds")
        self.check(not replay.faults,
                   f"{host.name}: {len(replay.faults)} steps that the model does not have "
                   f"(model/README.md), first: {replay.faults[:1]}; log {host.log}")

    def log_leaks(self):
        """Ends the daemons, if they are to tell what memory they have lost, and returns that."""
        found = []
        if self._find_leaks:
            for host in self._hosts.values():
                found += host.lost_memory()
            self.log(f"leaks: {len(found)}")
            for leak in found:
                self.log(leak)
        return found

    def check_leaks(self):
        """They have lost no memory but what is known."""
        found = self.log_leaks()
        self.check(not found, f"{len(found)} leaks: {'; '.join(found[:3])}")
        # What else a sanitizer has found at their end
        found = [fault for host in self._hosts.values() for fault in host.memory_faults()]
        self.check(not found, "; ".join(found))

    def deaths(self):
        """Which daemons have died, and how; all else follows from it."""
        return [death for host in self._hosts.values() if (death := host.death())]

    def raise_dead(self):
        """Starts the daemons that have died anew. Returns how they died."""
        deaths = self.deaths()
        for host in self._hosts.values():
            if host.death():
                host.start()
        return deaths
