# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine is about to shut down: the daemon of a user saves the guests that run, among
them one that arrives, leaves, dies or is being saved already."""

import contextlib
import os
import signal
import socket
import threading
import time

import libvirt

from harness import faults, jobs, phases, session
from harness.bare_guest import BareGuest
from harness.scenario import scenario

# Seconds
AT_ONCE = 3
LET_GO = 2      # after which what is not held to the end is let go
GRACE = 5       # for which logind waits for daemons, before they are told to end
SLACK = 15
RESTORE = 20

# Since this version a daemon stops its guests, and does not end by itself then.
TOLD_TO_END = 11003000

# As 9.0.0, which knows no other way, does it
ONLY_SAVE = """
auto_shutdown_try_save = "persistent"
auto_shutdown_try_shutdown = "none"
auto_shutdown_poweroff = "none"
"""

# Who has waited 30 s for a job says so.
TOO_LATE = ("Cannot start job", "cannot acquire state change lock")

PERSISTENT = phases.Kind("persistent", "managed by the client",
                         libvirt.VIR_MIGRATE_PERSIST_DEST)


class Busy:
    """What a guest does when the daemon of self.host is told to stop. A kind of scenario"""

    name = None
    host_name = "alpha"
    other = None            # host of which the daemon is not told
    limit = 60 + SLACK      # seconds for the daemon to end
    later_limit = None      # the same since TOLD_TO_END, if another one

    def open(self, t):
        self.t = t
        t.host_type = session.SessionHost
        t.qemu_conf += ONLY_SAVE
        if self.other:
            t.host(self.other)
        self.bus = session.Bus(t)
        self.host = t.host(self.host_name)
        self.guest = BareGuest(t.folder, t.tools, name="busy", disk_mib=4)
        self.idle = BareGuest(t.folder, t.tools, name="idle", area=16, disk_mib=4)
        for guest in (self.guest, self.idle):
            session.give_to_user(guest.folder)
        self.idle.start(self.host)
        self.begin()

    def begin(self):
        """Has the guest do it"""

    def let_go(self):
        """What is not held to the end ends."""

    def is_over(self):
        """It has, or is not to."""
        return True

    def check(self):
        """Checks what has become of the guest; the daemon has been started anew."""

    def close(self):
        pass

    # What is not the kinds' own

    def stop(self):
        """Has the daemon of the host stop its guests and end, and tells how long that took."""
        t, host = self.t, self.host
        later = host.conn.getLibVersion() >= TOLD_TO_END
        limit = later and self.later_limit or self.limit
        began = time.monotonic()
        self.bus.tell_shutdown()
        time.sleep(LET_GO)
        if host.daemon.poll() is None:
            # Its main loop takes a new connection.
            with contextlib.suppress(libvirt.libvirtError):
                t.timed(AT_ONCE, lambda: host.connect().getHostname(), "a new connection")
        self.let_go()
        if later:
            time.sleep(max(0, began + GRACE - time.monotonic()))
            t.wait(self.is_over, 20, "the end of what has been let go")
            host.daemon.send_signal(signal.SIGTERM)
        while not host.wait_daemon(0.5) and time.monotonic() < began + limit + GRACE:
            # 9.0.0 forgets that it is to end until something happens to it.
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", host.port), 1).close()
        took = time.monotonic() - began
        t.log(f"after {took:.1f} s the daemon's exit status is {host.daemon.returncode}")
        t.tell(f"ended after {took:.1f} s")
        t.check(took < limit, f"the daemon has not ended after {took:.0f} s")

    def check_saved(self, guest):
        """The guest was saved on self.host and can be restored."""
        t, host = self.t, self.host
        t.check(os.path.exists(host.saved_path(guest.name)), f"{guest.name} was not saved")
        domain = host.domain(guest.name)
        t.check(not domain.isActive() and domain.hasManagedSaveImage(),
                f"{guest.name} is in state {domain.state()}, not saved")
        t.timed(RESTORE, domain.create, f"restoring {guest.name}")
        if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED:
            t.log(f"{guest.name} is paused")
            domain.resume()
        guest.check_alive()
        t.check_no_job(host, guest)

    def check_off(self, host):
        """The guest is not on @host, which has not saved it."""
        t, name = self.t, self.guest.name
        t.wait(lambda: host.qemu_pid(name) is None, 10, f"the end of QEMU on {host.name}")
        t.check(not os.path.exists(host.saved_path(name)), f"{host.name} has saved the guest")
        # Unpatched 11.3.0 does so: docs/found-in-stock.md
        if os.path.lexists(f"{host.folder}/etc/qemu/autostart/{name}.xml.once"):
            t.check(t.stock, f"{host.name} starts at its next boot what has gone")
            t.tell(f"{t.told}, and {host.name} starts at its next boot what has gone")
        with contextlib.suppress(libvirt.libvirtError):
            t.check(not host.domain(name).isActive(), f"the guest is active on {host.name}")

    def check_runs(self, host, guest=None):
        """The guest, or another one, is on @host and runs, or can be resumed."""
        t, guest = self.t, guest or self.guest
        domain = host.domain(guest.name)
        t.wait(lambda: faults.leaked_job(host, guest.name) is None, 20,
               f"the end of the job of {guest.name} on {host.name}")
        state = domain.state()
        t.log(f"{host.name} has {guest.name} in state {state}")
        if state[0] == libvirt.VIR_DOMAIN_PAUSED:
            t.timed(AT_ONCE, domain.resume, "resume")
        guest.check_alive()
        t.check_no_job(host, guest)


class Migrates(Busy):
    """The guest is being migrated, with a slow network."""

    def begin(self):
        t = self.t
        self.guest.start(t.alpha)
        t.beta.conn.defineXML(self.guest.xml)
        self.m = phases.Migration(t, PERSISTENT, self.guest)
        phases.memory(self.m)

    def stand_still(self):
        self.m.stream.rate = 0

    def hurry(self):
        self.m.hurry()

    def has_ended(self):
        return self.m.client.poll() is not None

    def error(self):
        """That of the migration, which nothing holds any more"""
        self.m.let_go()
        return self.m.result(30)

    def close(self):
        if hasattr(self, "m"):
            self.m.end()


class StandsStill(Migrates):
    """The migration never gets to its end: it fails, and the source has the guest."""
    let_go = Migrates.stand_still

    def check(self):
        error = self.error()
        self.t.check(error, "the migration succeeded")
        self.check_off(self.t.beta)
        self.check_runs(self.t.alpha)


class Ends(Migrates):
    """The migration succeeds before its host gets round to the guest."""
    let_go = Migrates.hurry
    is_over = Migrates.has_ended

    def check(self):
        error = self.error()
        self.t.check(not error, f"the migration fails with: {error}")
        self.check_off(self.t.alpha)


class Arriving(StandsStill):
    """The guest arrives and never gets here: its migration fails and the source has it. A guest
    that cannot be saved, as it is transient, stays active."""
    name = "arriving"
    transient = True
    host_name, other = "beta", "alpha"
    # A suspend and a save wait for it; later nobody tries to suspend it.
    limit = 30 + 30 + SLACK
    later_limit = 30 + 30 + 30 + SLACK

    def begin(self):
        super().begin()
        if self.transient:
            self.third = BareGuest(self.t.folder, self.t.tools, name="third", area=16, disk_mib=4)
            session.give_to_user(self.third.folder)
            self.host.conn.createXML(self.third.xml)

    def check(self):
        super().check()
        if self.transient:
            self.check_runs(self.host, self.third)


class ArrivingLast(Arriving):
    """The same, and the daemon has no other active guest when it ends."""
    name = "arriving-last"
    transient = False


class Arrives(Ends):
    """The guest arrives meanwhile, and is saved then."""
    name = "arrives"
    host_name, other = "beta", "alpha"

    def check(self):
        super().check()
        self.check_saved(self.guest)


class Leaving(StandsStill):
    """The guest never gets to where it is to go: the host has it still."""
    name = "leaving"
    other = "beta"
    limit = 30 + 30 + SLACK
    later_limit = 30 + 30 + 30 + 30 + SLACK


class Leaves(Ends):
    """The guest has left before it is saved."""
    name = "leaves"
    other = "beta"

    def check(self):
        super().check()
        self.check_runs(self.t.beta)


class Dies(Busy):
    """QEMU is being killed, but dies only after 10 s: the guest is gone."""
    name = "dies"
    limit = 10 + SLACK

    def begin(self):
        domain = self.guest.start(self.host)
        os.kill(self.host.qemu_pid(self.guest.name), signal.SIGSTOP)
        threading.Thread(target=self._destroy, args=(domain,), daemon=True).start()
        time.sleep(0.5)

    def _destroy(self, domain):
        with contextlib.suppress(libvirt.libvirtError):
            domain.destroy()

    def check(self):
        self.check_off(self.host)
        domain = self.host.domain(self.guest.name)
        self.t.timed(RESTORE, domain.create, "start")
        self.guest.check_alive()
        self.t.check_no_job(self.host, self.guest)


class Saves(Busy):
    """A client saves the guest, which is done before it can be saved once more."""
    name = "saves"

    def begin(self):
        self.guest.start(self.host)
        self.pipe = jobs.SlowPipe(os.path.join(self.guest.folder, "saved"))
        os.chmod(self.pipe.path, 0o666)
        domain = self.host.connect().lookupByName(self.guest.name)
        self.errors = []
        self.thread = threading.Thread(target=self._save, args=(domain,), daemon=True)
        self.thread.start()
        self.t.wait(lambda: (self.host.status_job(self.guest.name) or {}).get("async") == "save",
                    20, "the save")

    def _save(self, domain):
        try:
            domain.save(self.pipe.path)
        except libvirt.libvirtError as error:
            self.errors.append(error.with_traceback(None))

    def let_go(self):
        self.pipe.hurry()

    def check(self):
        self.thread.join(30)
        self.t.check(not self.thread.is_alive(), "the client's save does not end")
        self.check_off(self.host)


class Saving(Saves):
    """A client's save does not end: it is cancelled, and the guest is still there."""
    name = "saving"
    limit = 30 + 30 + 30 + SLACK
    later_limit = 30 + 30 + 30 + 30 + SLACK

    def let_go(self):
        self.pipe.rate = 0

    def check(self):
        self.thread.join(30)
        self.t.check(bool(self.errors), "the client's save succeeded")
        self.t.check(not os.path.exists(self.host.saved_path(self.guest.name)),
                     "the guest was saved, and is there")
        self.check_runs(self.host)


def stop_and_start(t, busy):
    t.allow(*TOO_LATE)
    try:
        busy.open(t)
        busy.stop()
        busy.host.start()
        busy.check()
        busy.check_saved(busy.idle)
    finally:
        busy.close()


@scenario(kinds=[Arrives, Leaves, Dies, Saves], timeout=240)
def host_shutdown(t, busy):
    """The daemon ends as soon as it can, no guest is lost, and the one that has nothing to do
    with it is saved."""
    stop_and_start(t, busy)


@scenario(kinds=[Arriving, ArrivingLast, Leaving, Saving], timeout=400, slow=True,
          stock_fails={"arriving-last": "9.0.0: the main loop waits for a lock that it has"})
def host_shutdown_held(t, busy):
    """The same while what the guest does does not end: the daemon does not wait for it."""
    stop_and_start(t, busy)
