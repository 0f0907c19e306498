# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stock clients that monitor both hosts of migrations: nothing fails, no gap."""

import gc
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import libvirt

from harness import queries
from harness.scenario import scenario

GAP = 5         # seconds without an answer
INTERVAL = 0.2  # between two scrapes
FLAGS = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
         | libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)


class Client:
    """Asks @host again and again from now until stop(). Subclasses say how in ask(),
    which returns the names of the active domains it has been told of."""

    def __init__(self, t, host):
        self.t = t
        self.host = host
        self.faults = []
        self.slowest = 0
        self.answers = self.seen = self.gone = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def name(self):
        return f"{type(self).__name__} on {self.host.name}"

    def open(self):
        """What ask() needs"""

    def ask(self):
        raise NotImplementedError

    def close(self):
        """Ends what open() began."""

    def _run(self):
        try:
            self.open()
            while not self._stop.is_set():
                began = time.monotonic()
                found = self.ask()
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.answers += 1
                self.seen += bool(found)
                time.sleep(INTERVAL)
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(f"{type(error).__name__}: {error}")
        finally:
            self.close()

    def check(self):
        """Ends the client, and checks what it went through."""
        self._stop.set()
        self._thread.join(40)
        self.t.log(f"{self.name}: {self.answers} answers, {self.seen} with the guest, "
                   f"{self.gone} met a domain that had just left, slowest {self.slowest:.2f} s")
        self.t.check(not self._thread.is_alive(), f"{self.name}: still waits for an answer")
        self.t.check(not self.faults, f"{self.name}: {self.faults[:1]}")
        self.t.check(self.slowest < GAP, f"{self.name}: an answer took {self.slowest:.1f} s")
        self.t.check(self.seen > 3, f"{self.name}: the guest was seen {self.seen} times")


class Python(Client):
    """python3-libvirt: the statistics of the whole host"""

    def open(self):
        self.conn = self.host.connect()

    def ask(self):
        return [stats for _domain, stats in self.conn.getAllDomainStats()
                if stats["state.state"] in queries.STATES_ACTIVE]


class Virsh(Client):
    """virsh, a new one each time"""

    def ask(self):
        done = subprocess.run(["virsh", "--connect", self.host.uri, "domstats"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        if done.returncode:
            raise libvirt.libvirtError(f"virsh: {done.stderr.strip()}")
        return re.findall(r"state\.state=[13]\n", done.stdout)


class Exporter(Client):
    """Debian's prometheus-libvirt-exporter, scraped by HTTP"""

    # It lists the domains, and then asks for each by several calls. It has no answer
    # at all if one of them leaves the host in between, or its QEMU dies amid a call, which
    # no libvirt can help.
    GONE = re.compile("domain is not running|no domain with matching|"
                      "qemu unexpectedly closed the monitor")

    def open(self):
        self.port = self.host.port + 1000
        self.log = os.path.join(self.host.folder, "log", "exporter.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                self.host.command(os.path.join(self.t.tools, "prometheus-libvirt-exporter"),
                                  f"--web.listen-address=127.0.0.1:{self.port}",
                                  f"--libvirt.uri={self.host.uri}"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while True:
            try:
                self.ask()
                return
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def ask(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as page:
            text = page.read().decode()
        if not re.search(r"^libvirt_up 1$", text, re.M):
            with open(self.log) as log:
                why = log.read().splitlines()[-1:]
            if not why or not self.GONE.search(why[0]):
                raise RuntimeError(f"the exporter got no answer of libvirt: {why}")
            self.gone += 1
        return re.findall(r"^libvirt_domain_block_stats_\w+\{", text, re.M)

    def close(self):
        if hasattr(self, "process"):
            self.process.terminate()
            self.process.wait()


def monitored(t, rounds):
    """The guest is migrated @rounds times while all clients ask both hosts."""
    guest = t.guest()
    guest.start(t.alpha)
    hosts = [t.alpha, t.beta]
    clients = [kind(t, host) for host in hosts for kind in (Python, Virsh, Exporter)]
    for number in range(rounds):
        here, there = hosts if number % 2 == 0 else hosts[::-1]
        # 1 to 2 s of memory to be copied, so that the guest is seen to arrive
        here.domain(guest.name).migrate3(
            there.connect(), {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 48}, FLAGS)
        t.log(f"migration {number + 1} is done")
    for client in clients:
        client.check()
        t.check(client.gone <= (rounds + 1) // 2,
                f"{client.name}: {client.gone} times the domain had left")
    guest.check_alive()


@scenario(timeout=180)
def monitored_migrations(t):
    """A few migrations under python3-libvirt, virsh and prometheus-libvirt-exporter"""
    monitored(t, 4)


@scenario(slow=True, timeout=600)
def monitored_migrations_20(t):
    """Twenty of them"""
    monitored(t, 20)


class Cycle:
    """Keeps @kept alive until a garbage collection"""

    def __init__(self, kept):
        self.kept = kept
        self.cycle = self


@scenario()
def error_keeps_its_code(t):
    """What a client of this harness is told of a failure does not hang on whether
    Python collects garbage just then."""
    conn = libvirt.open("test:///default")
    domain = conn.lookupByName("test")
    for number in range(300):
        Cycle(conn.lookupByName("test"))
        # A collection, if they are on, at one of the next few objects
        gc.set_threshold(gc.get_count()[0] + number % 4, 1, 1)
        try:
            domain.abortJob()
        except libvirt.libvirtError as error:
            t.check(error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT,
                    f"attempt {number}: {error.get_error_code()}, {error}")
        else:
            t.check(False, "the test driver has learned to abort jobs: use another call")
