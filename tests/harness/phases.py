# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of migration, held in each of its phases for as long as a test needs.

Nothing in libvirt or QEMU is made to sleep. The network between the two hosts
stands still at the right moment (harness/relay.py), or a QEMU is stopped with
SIGSTOP. The client that asks for the migration is a process of its own.

    with phases.hold(t, kind, phase) as held:
        held.source, held.destination    hosts; held.guest: the guest
        held.client                      the client, a Popen; may be killed
        held.release()                   lets the migration go on
        held.result(seconds)             its error as a dictionary, None: success

KINDS and PHASES map names to what there is; Phase.missing(kind) tells why a
kind of migration has no such phase.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import typing

import libvirt
import libvirt_qemu

from . import faults, jobs, relay

SLOW = jobs.SLOW
SOME = 256 << 10    # bytes that show that data flows

# Seconds; a phase is reached within a few
REACH_TIMEOUT = 30

# The source connects to HERE, where the relays are, and QEMU listens THERE.
HERE = "127.0.0.1"
THERE = "127.0.0.2"

_ports = itertools.count(20000, 2)


class NotHeld(Exception):
    """The migration could not be brought into the phase, or has left it."""


# --- kinds -------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    text: str
    flags: int = 0
    live: bool = True
    paused: bool = False    # the guest is, before it is migrated
    unix: bool = False

    def has(self, name):
        """Has it the flag VIR_MIGRATE_<name>?"""
        return bool(self.flags & getattr(libvirt, f"VIR_MIGRATE_{name}"))

    @property
    def p2p(self):
        return self.has("PEER2PEER")

    @property
    def tunnelled(self):
        return self.has("TUNNELLED")

    @property
    def storage(self):
        return self.has("NON_SHARED_DISK")

    @property
    def postcopy(self):
        return self.has("POSTCOPY")

    @property
    def tls(self):
        return self.has("TLS")


P2P = libvirt.VIR_MIGRATE_PEER2PEER
STORAGE = libvirt.VIR_MIGRATE_NON_SHARED_DISK

KINDS = {kind.name: kind for kind in (
    Kind("direct", "managed by the client"),
    Kind("p2p", "managed by the source's daemon", P2P),
    Kind("tunnelled", "peer-to-peer, the data go through the daemons",
         P2P | libvirt.VIR_MIGRATE_TUNNELLED),
    Kind("storage", "managed by the client, with a copy of the disk", STORAGE),
    Kind("storage-p2p", "peer-to-peer, with a copy of the disk", P2P | STORAGE),
    Kind("unix", "peer-to-peer, over a UNIX socket", P2P, unix=True),
    Kind("postcopy", "managed by the client, may end as post-copy",
         libvirt.VIR_MIGRATE_POSTCOPY),
    Kind("postcopy-p2p", "peer-to-peer, may end as post-copy",
         P2P | libvirt.VIR_MIGRATE_POSTCOPY),
    Kind("parallel", "peer-to-peer, over parallel connections",
         P2P | libvirt.VIR_MIGRATE_PARALLEL),
    Kind("tls", "managed by the client, encrypted by QEMU", libvirt.VIR_MIGRATE_TLS),
    Kind("paused", "managed by the client, of a guest that is paused", paused=True),
    Kind("offline", "managed by the client, the guest stops first", live=False),
)}


def make_certificates(folder):
    """Makes what QEMU needs for TLS on both hosts: an authority, and a key that it
    has certified, as server and as client."""
    os.makedirs(folder)

    def openssl(*args):
        done = subprocess.run(["openssl", *args], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise NotHeld(f"openssl: {done.stdout.strip()}")

    new_key = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(*new_key, "-x509", "-days", "2", "-subj", "/CN=test authority",
            "-keyout", "ca-key.pem", "-out", "ca-cert.pem")
    openssl(*new_key, "-subj", "/CN=test host", "-keyout", "server-key.pem", "-out", "host.csr")
    with open(os.path.join(folder, "host.ext"), "w") as file:
        file.write(f"subjectAltName=IP:{HERE},DNS:localhost\nbasicConstraints=critical,CA:FALSE\n"
                   "keyUsage=critical,digitalSignature,keyEncipherment\n"
                   "extendedKeyUsage=serverAuth,clientAuth\n")
    openssl("x509", "-req", "-in", "host.csr", "-CA", "ca-cert.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-days", "2", "-extfile", "host.ext", "-out", "server-cert.pem")
    for what in ("key", "cert"):
        os.link(os.path.join(folder, f"server-{what}.pem"),
                os.path.join(folder, f"client-{what}.pem"))


def prepare_hosts(t, kinds):
    """Configures the hosts for @kinds; to be called before the first is used."""
    if any(kind.tls for kind in kinds):
        folder = os.path.join(t.folder, "tls")
        make_certificates(folder)
        t.qemu_conf += (f'migrate_tls_x509_cert_dir = "{folder}"\n'
                        "migrate_tls_x509_verify = 1\n")


# --- one migration -----------------------------------------------------------

class Migration:
    """One migration of @guest, which runs on @t's alpha, to @t's beta."""

    def __init__(self, t, kind, guest):
        self.t = t
        self.kind = kind
        self.guest = guest
        self.source = t.alpha
        self.destination = t.beta
        self.client = None
        self._conns = {}
        self.params = {}
        self._given = {}        # the parameters of the last start()
        self._result = None
        self._stopped = []      # processes that have been sent SIGSTOP
        port = next(_ports)

        # The client's calls to the source; the client's, or with a peer-to-peer
        # migration the source's, calls to the destination
        self.source_calls = relay.CallRelay(self.source.port, self.source.path)
        self.peer_calls = relay.CallRelay(self.destination.port, self.destination.path)
        if kind.tunnelled:
            self.stream = self.peer_calls
        elif kind.unix:
            # Each host has a /run/libvirt of its own.
            name = f"migration-{port}.sock"
            self.stream = relay.Relay(
                *(relay.UnixAddress(os.path.join(host.folder, "run", name))
                  for host in (self.source, self.destination)))
            self.params[libvirt.VIR_MIGRATE_PARAM_URI] = f"unix:///run/libvirt/{name}"
        else:
            self.stream = relay.Relay((HERE, port), (THERE, port))
            self.params[libvirt.VIR_MIGRATE_PARAM_URI] = f"tcp://{HERE}:{port}"
            self.params[libvirt.VIR_MIGRATE_PARAM_LISTEN_ADDRESS] = THERE
        self.nbd = None
        if kind.storage:
            self.nbd = relay.Relay((HERE, port + 1), (THERE, port + 1))
            self.params[libvirt.VIR_MIGRATE_PARAM_DISKS_PORT] = port + 1
            self.params.update(jobs.copy_disk(guest, self.domain)[1])

    @property
    def domain(self):
        """The domain on the source, on a connection of its own: the daemon may have
        been started anew."""
        return self.source.connect().lookupByName(self.guest.name)

    @property
    def relays(self):
        return [one for one in (self.source_calls, self.peer_calls, self.stream, self.nbd) if one]

    def start(self, extra_flags=0, **params):
        """Has the client ask for the migration."""
        flags = self.kind.flags | extra_flags | libvirt.VIR_MIGRATE_UNSAFE
        if self.kind.live:
            flags |= libvirt.VIR_MIGRATE_LIVE
        self._result, self._given = None, params
        self.client = subprocess.Popen(
            [sys.executable, "-B", os.path.join(os.path.dirname(__file__), "migrate_client.py"),
             json.dumps({"source": self.source_calls.uri, "destination": self.peer_calls.uri,
                         "domain": self.guest.name, "flags": flags, "p2p": self.kind.p2p,
                         "params": {**self.params, **params}})],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.t.log_file, text=True)

    def result(self, timeout=30):
        """Waits until the client has ended. Returns the migration's error as a
        dictionary with code and message, None if it succeeded."""
        if self._result is None:
            try:
                output, _ = self.client.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise NotHeld(f"the migration has not ended within {timeout} s") from error
            try:
                self._result = json.loads(output)
            except ValueError:
                self._result = {"code": -1,
                                "message": f"the client ended with {self.client.returncode}"}
        return self._result if self._result["code"] else None

    # What a phase is told by

    def wait(self, condition, what, timeout=REACH_TIMEOUT, ended=False):
        """Waits until condition() is true; unless @ended, the client must live."""
        deadline = time.monotonic() + timeout
        while not condition():
            if not ended and self.client.poll() is not None:
                raise NotHeld(f"{what}: the migration has ended before: {self.result()}")
            if time.monotonic() > deadline:
                raise NotHeld(f"{what}: not within {timeout} s")
            time.sleep(0.03)

    def job(self, host):
        """The job in the domain's status file on @host: (async job, phase)"""
        job = host.status_job(self.guest.name) or {}
        return job.get("async"), job.get("phase")

    def wait_phase(self, *phases):
        self.wait(lambda: self.job(self.source)[1] in phases, f"phase {phases[0]} of the source")

    def wait_caught(self, calls, what):
        self.wait(calls.caught.is_set, what)

    def start_recovery(self):
        """Starts the recovery of a post-copy whose network was cut, up to where the
        destination is about to be asked to finish; m.peer_calls holds that."""
        self.peer_calls.keep("finish", relay.CALL)
        self.start(libvirt.VIR_MIGRATE_POSTCOPY_RESUME)
        self.wait_caught(self.peer_calls, "the call of finish")
        # Before QEMU 9.1 libvirt does not wait for that: a destination that finishes earlier
        # takes the old failure for one of the recovery.
        self.wait(lambda: self.state(self.destination)[1] !=
                  libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED,
                  "QEMU's notice of the recovery on the destination")

    def wait_flow(self, channel, what):
        before = channel.moved
        self.wait(lambda: channel.moved > before + SOME, f"{what} flow")

    def state(self, host):
        """The domain's state and its reason, on a connection that nobody else uses"""
        if host.name not in self._conns:
            self._conns[host.name] = host.connect()
        return tuple(self._conns[host.name].lookupByName(self.guest.name).state())

    def qemu_status(self, host):
        """The status of the migration, as the domain's QEMU on @host tells it"""
        domain = host.connect().lookupByName(self.guest.name)
        answer = libvirt_qemu.qemuMonitorCommand(domain, '{"execute": "query-migrate"}', 0)
        return json.loads(answer)["return"].get("status")

    def wait_state(self, host, state, reason=None):
        self.wait(lambda: self.state(host)[0] == state
                  and reason in (None, self.state(host)[1]),
                  f"state {state}/{reason} of the domain on {host.name}", ended=True)

    # What a phase is held by

    def stop_qemu(self, host, at_once=False):
        """@at_once: as soon as it is there"""
        if at_once:
            pid = jobs.stop_at_once(host, self.guest)
        else:
            pid = host.qemu_pid(self.guest.name)
            os.kill(pid, signal.SIGSTOP)
        self._stopped.append(pid)

    def continue_qemu(self):
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._stopped = []

    def converge(self):
        """Has QEMU switch over now, with much left to be sent."""
        self.domain.migrateSetMaxDowntime(1000000)

    def let_go(self):
        """Holds nothing any more, but leaves a bandwidth as it is."""
        self.continue_qemu()
        for one in self.relays:
            one.free()

    def hurry(self):
        """Lets the migration have all the bandwidth there is."""
        for flags in (0, libvirt.VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY):
            with contextlib.suppress(libvirt.libvirtError, TimeoutError):
                faults.within(3, lambda: self.domain.migrateSetMaxSpeed(1 << 20, flags),
                              "the bandwidth")

    def release(self):
        """Lets the migration go on at full speed, if it still can."""
        self.let_go()
        if libvirt.VIR_MIGRATE_PARAM_BANDWIDTH in self._given:
            self.hurry()

    def end(self, keep=False):
        """Ends the migration and the domain, whatever has become of them. @keep: not
        the domain, if it is on the source only and the migration has ended."""
        self.let_go()
        if keep:
            with contextlib.suppress(NotHeld):
                self.result(10)
            keep = self.is_back()
        if not keep:
            self._destroy()
        if self.client:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.client.wait(20)
            self.client.kill()
            self.client.wait()
            self.client.stdout.close()
            # It may have brought the guest to where it was not before.
            if not keep:
                self._destroy()
        for one in self.relays:
            one.close()

    def is_back(self):
        """Is the domain on the source only, without a job?"""
        def has(host):
            try:
                return bool(host.connect().lookupByName(self.guest.name).isActive())
            except libvirt.libvirtError:
                return False

        return (has(self.source) and not has(self.destination)
                and self.job(self.source)[0] in (None, "none"))

    def _destroy(self):
        """Destroys the guest on both hosts."""
        def destroy(host):
            with contextlib.suppress(libvirt.libvirtError):
                host.connect().lookupByName(self.guest.name).destroy()

        ends = [threading.Thread(target=destroy, args=(host,), daemon=True)
                for host in (self.source, self.destination)]
        for thread in ends:
            thread.start()
        for thread in ends:
            thread.join(30)


# --- phases ------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Phase:
    name: str
    text: str       # where the migration is
    means: str      # what holds it there
    reach: typing.Callable
    without: typing.Callable
    # The host whose daemon is killed and started again once `reach` is done;
    # that is done to all guests on it
    restarts: typing.Optional[str]

    def missing(self, kind):
        """Why a @kind of migration has no such phase; None: it has."""
        return self.without(kind)


PHASES = {}


def phase(name, text, means, without=lambda kind: None, restarts=None):
    """Makes a function that brings a Migration into a phase one of the PHASES.
    @without: tells why a kind has no such phase, or None; @restarts: see Phase"""
    def register(function):
        PHASES[name] = Phase(name, text, means, function, without, restarts)
        return function
    return register


def lacks(condition, reason):
    return lambda kind: reason if condition(kind) else None


NO_PEER = lacks(lambda kind: not kind.p2p, "the client, not the source, talks to the peer")
NO_STREAM = lacks(lambda kind: kind.tunnelled, "QEMU has no connection to its peer")
NO_DISK = lacks(lambda kind: not kind.storage, "no disk is copied")
NO_POSTCOPY = lacks(lambda kind: not kind.postcopy, "it is not allowed to end as post-copy")


@phase("begin", "the source collects what the guest is", "its QEMU is stopped")
def begin(m):
    m.stop_qemu(m.source)
    m.start()
    step = "perform" if m.kind.p2p else "begin"
    m.wait(lambda: step in m.source_calls.seen, f"the call of {step}")
    time.sleep(0.5)


@phase("peer-connect", "the source connects to the destination's daemon",
       "which takes no connection", NO_PEER)
def peer_connect(m):
    m.peer_calls.stop_accepting()
    m.start()
    m.wait(lambda: m.job(m.source)[0] == "migration out", "the job")
    time.sleep(0.3)


@phase("begun", "between begin and prepare", "the call of prepare is kept")
def begun(m):
    m.peer_calls.keep("prepare", relay.CALL)
    m.start()
    m.wait_caught(m.peer_calls, "the call of prepare")


@phase("prepared", "the destination has prepared, between prepare and perform",
       "the reply to prepare is kept")
def prepared(m):
    m.peer_calls.keep("prepare", relay.REPLY)
    m.start()
    m.wait_caught(m.peer_calls, "the reply to prepare")


def _connecting(port):
    """How many connections to @port are being made"""
    with open("/proc/net/tcp") as file:
        lines = [line.split() for line in file.read().splitlines()[1:]]
    return sum(fields[2].endswith(f":{port:04X}") and fields[3] == "02" for fields in lines)


@phase("connect", "the source connects to the destination's QEMU",
       "a socket that takes no connection", NO_STREAM)
def connect(m):
    m.stream.stop_accepting()
    if m.kind.unix:
        m.start()
        m.wait_phase("perform3")
        time.sleep(0.5)
        return
    port = m.stream.address[1]
    ours = _connecting(port)
    m.start()
    m.wait(lambda: _connecting(port) > ours, "the connection to QEMU")
    time.sleep(0.2)


@phase("mirror", "the disk is copied over NBD", "1 MiB/s for it", NO_DISK)
def mirror(m):
    m.nbd.rate = SLOW
    m.start()
    m.wait_flow(m.nbd, "the disk's data")


@phase("memory", "the memory is copied", "a bandwidth of 1 MiB/s")
def memory(m):
    if m.kind.storage:
        # A bandwidth would count for the disk, too.
        m.stream.rate = SLOW
        m.start()
    else:
        m.start(**{libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1})
    m.wait_flow(m.stream, "the memory's data")


def _slow_memory(m, **params):
    """As memory(), with a bandwidth of the network, not one of QEMU's"""
    if m.kind.tunnelled:
        m.start(**params)
        m.wait(lambda: m.job(m.source)[1] == "perform3", "perform")
        m.stream.rate = SLOW
    else:
        m.stream.rate = SLOW
        m.start(**params)
    m.wait_flow(m.stream, "the memory's data")


def _wait_guest_stopped(m):
    if m.kind.live and not m.kind.paused:
        m.wait_state(m.source, libvirt.VIR_DOMAIN_PAUSED)
    else:
        time.sleep(1)   # it had been stopped before


@phase("switchover", "the guest is stopped, the rest of its state is sent",
       "the network stands still; QEMU does not answer its monitor meanwhile")
def switchover(m):
    _slow_memory(m)
    m.converge()
    _wait_guest_stopped(m)
    m.stream.rate = 0
    time.sleep(0.3)


@phase("switchover-answer", "all is sent, QEMU waits for its peer to say that it has it",
       "what the destination says is kept", NO_STREAM)
def switchover_answer(m):
    _slow_memory(m)
    m.stream.back_rate = 0
    m.stream.rate = None
    m.converge()
    _wait_guest_stopped(m)
    time.sleep(0.5)


@phase("performed", "between perform and finish", "the call of finish is kept")
def performed(m):
    m.peer_calls.keep("finish", relay.CALL)
    m.start()
    m.wait_caught(m.peer_calls, "the call of finish")


@phase("finished", "the guest runs on the destination, between finish and confirm",
       "the reply to finish is kept")
def finished(m):
    m.peer_calls.keep("finish", relay.REPLY)
    m.start()
    m.wait_caught(m.peer_calls, "the reply to finish")


@phase("source-end", "the source ends its QEMU",
       "it is stopped; libvirt kills it after 10 s")
def source_end(m):
    finished(m)
    m.stop_qemu(m.source)
    m.peer_calls.let_go()
    time.sleep(1)


@phase("aborted", "the migration was aborted, the destination is to be told",
       "the call of finish is kept")
def aborted(m):
    m.peer_calls.keep("finish", relay.CALL)
    memory(m)
    m.domain.abortJob()
    m.wait_caught(m.peer_calls, "the call of finish")


@phase("cancelling", "the migration was aborted, the copy of the disk is to end",
       "the network stands still", NO_DISK)
def cancelling(m):
    mirror(m)
    m.nbd.rate = 0
    time.sleep(0.3)

    def abort():
        with contextlib.suppress(libvirt.libvirtError):
            m.source.connect().lookupByName(m.guest.name).abortJob()

    threading.Thread(target=abort, daemon=True).start()
    time.sleep(1)


@phase("postcopy", "the guest runs on the destination, its memory is to follow",
       "a bandwidth of 1 MiB/s", NO_POSTCOPY)
def postcopy(m):
    m.start(**{libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1,
               libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY: 1})
    m.wait_flow(m.stream, "the memory's data")
    m.domain.migrateStartPostCopy()
    m.wait_state(m.source, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY)
    m.wait(lambda: m.job(m.destination)[1] == "finish3", "finish on the destination")
    time.sleep(0.3)


@phase("postcopy-failed", "the network was cut in post-copy", "nobody asks for its recovery",
       NO_POSTCOPY)
def postcopy_failed(m):
    postcopy(m)
    m.stream.cut()
    m.wait_state(m.source, libvirt.VIR_DOMAIN_PAUSED,
                 libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED)
    m.wait_state(m.destination, libvirt.VIR_DOMAIN_RUNNING,
                 libvirt.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED)
    if not m.result():
        raise NotHeld("the migration succeeded although the network was cut")
    # The source's QEMU may get to know later than libvirt, and refuses a recovery until then.
    m.wait(lambda: m.qemu_status(m.source) == "postcopy-paused",
           "QEMU's notice that the network was cut", ended=True)


@phase("postcopy-recovery", "post-copy goes on after the network was cut",
       "a bandwidth of 1 MiB/s", NO_POSTCOPY)
def postcopy_recovery(m):
    postcopy_failed(m)
    m.stream.rate = SLOW
    m.start_recovery()
    m.peer_calls.let_go()
    m.wait_flow(m.stream, "the memory's data")


@phase("source-restarted", "the source's daemon was killed in the copy of memory and is back",
       "nothing; what is left is measured", restarts="source")
def source_restarted(m):
    memory(m)


@phase("destination-restarted",
       "the destination's daemon was killed in the copy of memory and is back",
       "nothing; what is left is measured", restarts="destination")
def destination_restarted(m):
    memory(m)


@phase("postcopy-source-restarted", "the source's daemon was killed in post-copy and is back",
       "a bandwidth of 1 MiB/s", NO_POSTCOPY, restarts="source")
def postcopy_source_restarted(m):
    postcopy(m)


@phase("postcopy-destination-restarted",
       "the destination's daemon was killed in post-copy and is back",
       "a bandwidth of 1 MiB/s", NO_POSTCOPY, restarts="destination")
def postcopy_destination_restarted(m):
    postcopy(m)


def restart_daemon(host):
    host.kill_daemon()
    host.start()


def make_guest(t, kind, **settings):
    """A guest for this @kind of migration, not yet started"""
    if kind.storage:
        settings.setdefault("disk_mib", 32)
    guest = t.guest(**settings)
    if kind.storage:
        jobs.fill(guest.disk, 32)
    return guest


@contextlib.contextmanager
def hold(t, kind, phase_name, guest=None):
    """Holds a migration of @kind in the phase @phase_name; gives the Migration.
    @guest: one that runs on t.alpha (default: a new one, which is started)"""
    kind = KINDS[kind] if isinstance(kind, str) else kind
    step = PHASES[phase_name]
    reason = step.missing(kind)
    if reason:
        raise NotHeld(f"a migration of the kind {kind.name} has no phase {step.name}: {reason}")
    if guest is None:
        guest = make_guest(t, kind)
        guest.start(t.alpha)
    m = Migration(t, kind, guest)
    try:
        if kind.paused:
            m.domain.suspend()
        step.reach(m)
        if step.restarts:
            restart_daemon(getattr(m, step.restarts))
        yield m
    finally:
        m.end()
