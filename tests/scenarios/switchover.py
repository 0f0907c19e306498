# SPDX-License-Identifier: LGPL-2.1-or-later
"""What begins the switchover of a migration, and what its calls may wait for."""

import contextlib
import json
import os
import socket
import threading
import time

import libvirt

from harness import phases
from harness.scenario import scenario

# More than a daemon executes calls at once, as Debian ships it
CALLERS = 30

# Seconds
DOWNTIME = 3        # of a guest, on a busy machine
AT_ONCE = 1         # less than a switchover keeps a query waiting
END_LIMIT = 60

QMP_XML = """<qemu:commandline>
    <qemu:arg value='-qmp'/><qemu:arg value='unix:{path},server=on,wait=off'/>
"""


class Callers:
    """Clients that make the same call for a domain over and over, each on a connection
    of its own, until stop()."""

    def __init__(self, host, guest, call):
        self._stop = threading.Event()
        self.answers = 0
        # Open before there is no worker left
        self._domains = [host.connect().lookupByName(guest.name) for _ in range(CALLERS)]
        self._threads = [threading.Thread(target=self._run, args=(domain, call), daemon=True)
                         for domain in self._domains]
        for thread in self._threads:
            thread.start()

    def _run(self, domain, call):
        while not self._stop.is_set():
            try:
                call(domain)
                self.answers += 1
            except libvirt.libvirtError:
                time.sleep(0.05)

    def stop(self, timeout=40):
        """Ends them; returns False if a call has not come back in @timeout s."""
        self._stop.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)


class Downtime:
    """When a guest stops on one host and runs on the other"""

    def __init__(self, m):
        libvirt.virEventRegisterDefaultImpl()

        def run_events():
            while True:
                libvirt.virEventRunDefaultImpl()

        threading.Thread(target=run_events, daemon=True).start()
        self._times = {}
        for host, wanted in ((m.source, libvirt.VIR_DOMAIN_EVENT_SUSPENDED),
                             (m.destination, libvirt.VIR_DOMAIN_EVENT_RESUMED)):
            host.connect().domainEventRegisterAny(
                None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._event, wanted)

    def _event(self, _conn, _domain, event, _detail, wanted):
        if event == wanted:
            self._times.setdefault(event, time.monotonic())

    def seconds(self):
        return (self._times[libvirt.VIR_DOMAIN_EVENT_RESUMED]
                - self._times[libvirt.VIR_DOMAIN_EVENT_SUSPENDED])


def finish_beside(t, call):
    """A guest is handed over while CALLERS clients call the destination for it."""
    guest = phases.make_guest(t, phases.KINDS["direct"])
    m = phases.Migration(t, phases.KINDS["direct"], guest)
    try:
        guest.start(t.alpha)
        downtime = Downtime(m)
        phases.PHASES["memory"].reach(m)
        callers = Callers(m.destination, guest, call)
        time.sleep(2)
        t.check(m.job(m.destination)[0] == "migration in", "the guest has arrived already")
        m.release()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        t.check(callers.stop(), "a call has not come back")
        took = downtime.seconds()
        t.log(f"downtime {took:.3f} s, {callers.answers} calls answered")
        t.check(took < DOWNTIME, f"the guest stood still for {took:.1f} s")
        guest.check_alive()
    finally:
        m.end()


@scenario(timeout=180, stock_fails="the queries wait, and the call of finish for a worker")
def finish_among_queries(t):
    """More clients than the destination's daemon has workers query the guest in tight
    loops while it arrives; at the end it runs there all the same."""
    t.allow("Cannot start job", "cannot acquire state change lock")     # stock
    finish_beside(t, lambda domain: domain.blockStats("vda"))


@scenario(timeout=180, stock_fails="the call of finish waits for a worker")
def finish_without_worker(t):
    """The same with calls that do wait until the guest is there."""
    t.allow("Cannot start job", "cannot acquire state change lock")
    finish_beside(t, lambda domain: domain.setMemoryFlags(domain.maxMemory(),
                                                          libvirt.VIR_DOMAIN_AFFECT_LIVE))


@contextlib.contextmanager
def other_monitor(path):
    """A monitor that libvirt knows nothing of; gives a function that executes a command."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as monitor:
        monitor.settimeout(10)
        monitor.connect(path)
        file = monitor.makefile("r")
        file.readline()

        def execute(command):
            monitor.sendall(json.dumps({"execute": command}).encode() + b"\n")
            while "return" not in (answer := json.loads(file.readline())):
                if "error" in answer:
                    raise OSError(f"{command}: {answer}")

        execute("qmp_capabilities")
        yield execute


@scenario()
def stop_is_no_switchover(t):
    """A guest that is stopped while it migrates, but not to be handed over, is queried
    as before."""
    guest = phases.make_guest(t, phases.KINDS["direct"])
    guest.xml = guest.xml.replace("<qemu:commandline>",
                                  QMP_XML.format(path="/run/libvirt/other.monitor"))
    guest.start(t.alpha)
    with phases.hold(t, "direct", "memory", guest) as m:
        domain = m.source.connect().lookupByName(guest.name)
        with other_monitor(os.path.join(m.source.folder, "run", "other.monitor")) as execute:
            t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat while it runs")
            execute("stop")
            m.wait_state(m.source, libvirt.VIR_DOMAIN_PAUSED)
            for _ in range(3):
                t.timed(AT_ONCE, lambda: domain.blockStats("vda"), "domblkstat after the stop")
            execute("cont")
            m.wait_state(m.source, libvirt.VIR_DOMAIN_RUNNING)
        m.release()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        guest.check_alive()
