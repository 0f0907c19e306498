# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of async job, held open for as long as a test needs it.

Nothing in libvirt is made to sleep: a job stays open because it has a low
bandwidth, writes to a pipe that is read slowly, or works on a disk behind a
slow NBD server.

Each kind of job is a class with these members:

    name         as scenarios are named after it
    async_job    as libvirt calls it in the domain's status file
    abortable    whether virDomainAbortJob must end it
    ...          and what else Job says about it
    open(t)      starts a guest and the job, returns once the job is under way
    host, domain where the job is
"""

import array
import contextlib
import fcntl
import itertools
import os
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import libvirt

from .agent import FREEZE, Agent
from .hook_host import HookHost

OPEN_TIMEOUT = 30

# What a held job moves per second, in bytes: slow enough that none of them
# ends by itself, fast enough to let go of what is in flight.
SLOW = 1 << 20

MIGRATE_FLAGS = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
                 | libvirt.VIR_MIGRATE_PERSIST_DEST)


def copy_disk(guest, domain):
    """Makes the file that the disk of @guest is copied to when @domain migrates without a shared
    one. Returns its path, and the parameters of the migration."""
    copy = f"{guest.disk}.copy"
    with open(copy, "wb") as file:
        file.truncate(os.path.getsize(guest.disk))
    xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE)
    return copy, {libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS: ["vda"],
                  libvirt.VIR_MIGRATE_PARAM_DEST_XML: xml.replace(guest.disk, copy)}


class SlowPipe:
    """A FIFO that takes what is written to it at @rate bytes per second."""

    def __init__(self, path, rate=SLOW):
        self.path = path
        self.rate = rate
        self._ended = False
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def close(self):
        """There is nobody who reads, until read() is called."""
        self.rate = 0
        os.close(self._fd)
        self._fd = -1

    def end(self):
        """Nobody reads any more."""
        self._ended = True
        self._thread.join()
        if self._fd >= 0:
            os.close(self._fd)

    def read(self):
        """Takes what comes at full speed."""
        self._fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.hurry()

    def hurry(self):
        """Takes all that comes; one read takes no more than the pipe holds."""
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.rate = 1 << 24

    def _drain(self):
        while not self._ended:
            time.sleep(0.05)
            wanted = int(self.rate * 0.05)
            try:
                if wanted:
                    os.read(self._fd, wanted)
            except BlockingIOError:
                pass

    def stand_still(self, t):
        """Takes nothing more, and waits until whoever writes is stuck."""
        self.rate = 0
        # Pages that are not full count as such: no exact number can be told.
        half = fcntl.fcntl(self._fd, fcntl.F_GETPIPE_SZ) // 2
        seen, since = 0, time.monotonic()

        def stuck():
            nonlocal seen, since
            if self._waiting() != seen:
                seen, since = self._waiting(), time.monotonic()
            return seen >= half and time.monotonic() - since > 1

        t.wait(stuck, 30, "the pipe does not fill up")

    def _waiting(self):
        """How many bytes the pipe holds"""
        count = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, count)
        return count[0]


# libvirt opens a saved image twice since this version: first for what is before the memory.
READS_TWICE = 11003000


class SlowFeed:
    """A FIFO at @path out of which the file @data comes at @rate bytes per second. @first: how
    many bytes of it somebody reads before, and closes the file."""

    def __init__(self, data, path, first=0, rate=SLOW):
        self.rate = rate
        self.fed = 0    # bytes after @first that are in the FIFO, or read
        self._ended = False
        os.mkfifo(path)
        threading.Thread(target=self._feed, args=(data, path, first), daemon=True).start()

    def hurry(self):
        self.rate = 1 << 26

    def end(self):
        """Nobody reads any more."""
        self._ended = True

    def _feed(self, data, path, first):
        try:
            # Open for reading, too, it outlives who reads it first.
            with open(data, "rb") as source, \
                    open(path, "r+b" if first else "wb", buffering=0) as fifo:
                if first:
                    fifo.write(source.read(first))
                    source.seek(0)
                while not self._ended and (chunk := source.read(self.rate // 20)):
                    self.fed += fifo.write(chunk)
                    time.sleep(0.05)
        except BrokenPipeError:
            pass


_nbd_ports = itertools.count(10809)


def _slow_server(t, path, limit, rate):
    """Returns the process, which takes connections, and its port"""
    port = next(_nbd_ports)
    process = subprocess.Popen(
        ["qemu-nbd", "--object", f"throttle-group,id=slow,x-bps-{limit}={rate}",
         "--image-opts", "--persistent", "--shared=8", "--bind=127.0.0.1", f"--port={port}",
         "--export-name=disk", "--cache=none",
         f"driver=throttle,throttle-group=slow,file.driver=file,file.filename={path}"],
        stdin=subprocess.DEVNULL, stdout=t.log_file, stderr=t.log_file)
    while process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        time.sleep(0.05)
    raise OSError(f"qemu-nbd ended with {process.returncode}")


def _source(port):
    return f"<source protocol='nbd' name='disk'><host name='127.0.0.1' port='{port}'/></source>"


def slow_export(t, path, limit, rate=SLOW):
    """Offers the file @path by NBD; @limit names what is slow, read or write, and @rate how
    slow, in bytes a second. Returns the source for domain XML."""
    return _source(_slow_server(t, path, limit, rate)[1])


def _url(port):
    return f"nbd://127.0.0.1:{port}/disk"


def slow_url(t, path, limit, rate=SLOW):
    """The same; returns the address as QEMU has it."""
    return _url(_slow_server(t, path, limit, rate)[1])


def slow_disk(t, guest, limit):
    """Has @guest use its raw disk by NBD, slowly. Returns the server's process, and its address."""
    process, port = _slow_server(t, guest.disk, limit, SLOW)
    guest.xml = (guest.xml.replace("<disk type='file'", "<disk type='network'").replace(
        f"<source file='{guest.disk}'/>", _source(port)))
    return process, _url(port)


def stop_at_once(host, guest, timeout=20):
    """Stops the guest's QEMU as soon as it is there, so that libvirt goes on waiting for
    its monitor. Returns its process, for SIGCONT."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, TypeError):
            pid = host.qemu_pid(guest.name)
            # Before that it is a process of libvirt's, which is waited for with the lock.
            if "qemu" in os.path.basename(os.readlink(f"/proc/{pid}/exe")):
                os.kill(pid, signal.SIGSTOP)
                return pid
        time.sleep(0.002)
    raise TimeoutError(f"no QEMU of {guest.name} on {host.name} within {timeout} s")


def fill(path, mib):
    """Fills a raw image with data that is not zero."""
    with open(path, "r+b") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))


class Job:
    """A job that a blocking call runs. Subclasses say which in call()."""

    name = async_job = None
    abortable = True
    transient = False       # the host forgets a domain that is off
    abort_is_failure = True # an aborted job's call, or the job itself, has failed
    # Seconds that a destroy may take. QEMU does not end before a slow disk, or a busy one, has
    # taken what it has to write; after 10 s libvirt kills it.
    destroy_limit = 25
    host_name = "alpha"

    def __init__(self):
        self.t = self.guest = self.host = self.domain = None
        self._thread = None
        self._error = None

    def open(self, t):
        self.set_up(t)
        self.reopen()

    def set_up(self, t):
        """Has a guest for the job run"""
        self.t = t
        self.host = t.host(self.host_name)
        self.guest = self.make_guest()
        self.domain = self.guest.start(self.host)
        t.learn(self.domain)

    def make_guest(self):
        return self.t.guest()

    def prepare(self):
        """Whatever the job needs each time it is opened"""

    def call(self, domain):
        """The call that runs the job; it is on a connection of its own"""
        raise NotImplementedError

    def reopen(self):
        """Opens the job on the running guest, once more."""
        self.begin()
        self._wait_open()

    def begin(self):
        """The same without waiting until it is under way"""
        self.prepare()
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.run_call()
        except libvirt.libvirtError as error:
            # Not the frames, with the connection in them: no gc runs.
            self._error = error.with_traceback(None)

    def run_call(self):
        """Makes the call, on the domain where it is now"""
        self.call(self.host.connect().lookupByName(self.guest.name))

    def _wait_open(self):
        deadline = time.monotonic() + OPEN_TIMEOUT
        while not self.is_open():
            if not self._thread.is_alive():
                self.t.fail(f"the job ended before it was under way: {self._error}")
            if time.monotonic() > deadline:
                self.t.fail(f"no job of type {self.async_job} after {OPEN_TIMEOUT} s")
            time.sleep(0.02)
        time.sleep(0.5)
        if not self.is_open():
            self.t.fail(f"the job did not stay open: {self._error}")

    def is_open(self):
        status = self.host.status_job(self.guest.name)
        return status is not None and status.get("async") in self.async_job.split(" or ")

    def returned(self):
        """Is there no call, or none any more, that runs the job?"""
        return not self._thread or not self._thread.is_alive()

    def wait_end(self, timeout=15):
        """Waits until the call that runs the job has returned. Returns its error,
        or None if it succeeded."""
        self._thread.join(timeout)
        if not self.returned():
            self.t.fail(f"the call that runs the job has not returned within {timeout} s")
        return self._error

    def let_go(self):
        """Lets the job go on to its end."""

    def before_restart(self):
        """Clears away what would keep the domain from starting again."""

    def check_over(self):
        """Checks, after the domain was destroyed or died, that nothing is left of
        it or of the job and that it can be used again."""
        self.before_restart()
        self.t.check_startable(self.host, self.guest)


class StoppedJob(Job):
    """A job that waits for a QEMU whose process, self.stopped, has been stopped"""

    def let_go(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.stopped, signal.SIGCONT)


class MigrationOut(Job):
    name = "migrate-out"
    async_job = "migration out"

    def prepare(self):
        """The destination has forgotten all about an earlier attempt."""
        self.t.wait(lambda: not self.t.beta.conn.listAllDomains(), 10,
                    "the destination still has the domain")

    def is_open(self):
        """The stream has been opened, too: a source that dies before leaves stock's
        destination with the domain for ever."""
        return super().is_open() and self.phase() in ("perform2", "perform3")

    def phase(self):
        return (self.t.alpha.status_job(self.guest.name) or {}).get("phase")

    def call(self, domain):
        domain.migrate3(self.t.beta.connect(),
                        {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1}, MIGRATE_FLAGS)

    def check_over(self):
        self.t.wait(lambda: not self.t.beta.conn.listAllDomains(), 10,
                    "the destination still has the domain")
        super().check_over()


class MigrationPeer(MigrationOut):
    name = "migrate-p2p"

    def call(self, domain):
        domain.migrateToURI3(self.t.beta.uri, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1},
                             MIGRATE_FLAGS | libvirt.VIR_MIGRATE_PEER2PEER)


class MigrationTunnelled(MigrationOut):
    name = "migrate-tunnelled"

    def call(self, domain):
        domain.migrateToURI3(self.t.beta.uri, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1},
                             MIGRATE_FLAGS | libvirt.VIR_MIGRATE_PEER2PEER
                             | libvirt.VIR_MIGRATE_TUNNELLED)


class MigrationStorage(MigrationOut):
    name = "migrate-storage"

    def make_guest(self):
        guest = self.t.guest(disk_mib=32)
        fill(guest.disk, 32)
        return guest

    def call(self, domain):
        domain.migrate3(self.t.beta.connect(), {
            libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1, **copy_disk(self.guest, domain)[1]},
                        MIGRATE_FLAGS | libvirt.VIR_MIGRATE_NON_SHARED_DISK)


class MigrationIn(MigrationOut):
    """The same as seen from the host that receives: @host is that one."""

    name = "migrate-in"
    async_job = "migration in"
    abortable = False
    transient = True

    def open(self, t):
        self.t = t
        self.guest = t.guest()
        t.learn(self.guest.start(t.alpha))
        self.host = t.beta
        self.reopen()
        self.domain = t.beta.domain(self.guest.name)

    def run_call(self):
        self.call(self.t.alpha.connect().lookupByName(self.guest.name))

    def check_over(self):
        """The guest runs on where it came from, and can still be moved."""
        self.t.wait(lambda: not self.t.beta.conn.listAllDomains(), 10,
                    "the destination still has the domain")
        self.guest.check_alive()
        self.t.check_no_job(self.t.alpha, self.guest)
        self.t.alpha.domain(self.guest.name).migrate3(self.t.beta.conn, {}, MIGRATE_FLAGS)
        self.guest.check_alive()


class Save(Job):
    name = "save"
    async_job = "save"
    count = 0

    def prepare(self):
        self.count += 1
        self.pipe = SlowPipe(os.path.join(self.guest.folder, f"{self.name}.{self.count}"))

    def let_go(self):
        self.pipe.hurry()

    def call(self, domain):
        domain.saveFlags(self.pipe.path, None, 0)


def programs(t):
    """The folder whose programs hosts find first that are started from now on"""
    folder = os.path.join(t.folder, "bin")
    if not os.path.isdir(folder):
        os.makedirs(folder)
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    return folder


def put_before(t, program, script):
    """Hosts that have not been started yet find a shell script in the place of @program."""
    path, text = os.path.join(programs(t), program), f"#!/bin/sh\n{script}"
    # A file that is being written cannot be executed, and a process that another thread has just
    # forked may have it open for longer than we do.
    with contextlib.suppress(FileNotFoundError), open(path) as file:
        if file.read() == text:
            return
    with open(path, "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
        file.write(text)


class HeldProgram:
    """A program in the place of @program, which is in /usr/bin, too, for hosts that have not been
    started yet. While it is held it does not go on if its arguments are like @arguments, a pattern
    of the shell's `case`; @done: it has done its work then, and does not end."""

    def __init__(self, t, program, arguments="*", done=False):
        self._held, self._begun = (os.path.join(t.folder, f"{program}.{what}")
                                   for what in ("held", "begun"))
        real = f"/usr/bin/{program} \"$@\""
        before, after = (f"{real} || exit", "") if done else ("", f"exec {real}")
        put_before(t, program, f"{before}\ncase \" $* \" in\n{arguments}) : >{self._begun}\n"
                   f"while [ -e {self._held} ]; do sleep 0.1; done\nesac\n{after}\n")

    def hold(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._begun)
        with open(self._held, "w"):
            pass

    def begun(self):
        """Has it got to where it is held?"""
        return os.path.exists(self._begun)

    def let_go(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._held)


def configure(t, lines):
    """Hosts that have not been started yet have these lines in their qemu.conf, once."""
    if lines not in t.qemu_conf:
        t.qemu_conf += lines


def hold_gzip(t, arguments):
    """Hosts that have not been started yet compress what they save; gzip does not end if it has
    these arguments, a pattern. Returns the HeldProgram."""
    configure(t, 'save_image_format = "gzip"\n')
    return HeldProgram(t, "gzip", arguments, done=True)


class HeldByProgram:
    """What a job adds that waits for a HeldProgram: hold_program(t) makes it. The job's host must
    not have been started before."""

    def open(self, t):
        self.program = self.hold_program(t)
        super().open(t)

    def prepare(self):
        self.program.hold()

    def let_go(self):
        self.program.let_go()

    def is_open(self):
        return super().is_open() and self.program.begun()


class CompressedSave(HeldByProgram, Job):
    """A save whose compressor does not end, when it has compressed all, before it may. Its
    host must not have been started before, as it has a configuration of its own."""

    name = "save-compressed"
    async_job = "save"
    host_name = "beta"

    @staticmethod
    def hold_program(t):
        return hold_gzip(t, '*" -c "*')

    def call(self, domain):
        domain.saveFlags(os.path.join(self.guest.folder, "image"), None, 0)


class ManagedSave(Save):
    name = "managedsave"

    def prepare(self):
        self.path = os.path.join(self.host.folder, "lib", "qemu", "save",
                                 f"{self.guest.name}.save")
        self.before_restart()
        self.pipe = SlowPipe(self.path)

    def call(self, domain):
        domain.managedSave(0)

    def before_restart(self):
        if os.path.exists(self.path):
            os.unlink(self.path)


class Dump(Save):
    name = "dump"
    async_job = "dump"
    flags = 0

    def call(self, domain):
        domain.coreDumpWithFormat(self.pipe.path, libvirt.VIR_DOMAIN_CORE_DUMP_FORMAT_RAW,
                                  self.flags)


class DumpLive(Dump):
    name = "dump-live"
    flags = libvirt.VIR_DUMP_LIVE


class DumpMemory(Dump):
    name = "dump-memory"
    flags = libvirt.VIR_DUMP_MEMORY_ONLY
    abortable = False


class SnapshotMemory(Save):
    """External snapshot with memory, while the guest runs on"""

    name = "snapshot-live"
    async_job = "snapshot"
    flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE

    def call(self, domain):
        overlay = os.path.join(self.guest.folder, f"overlay.{self.name}.{self.count}")
        domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>s{self.count}</name>
              <memory snapshot='external' file='{self.pipe.path}'/>
              <disks><disk name='vda' snapshot='external'><source file='{overlay}'/></disk></disks>
            </domainsnapshot>""", self.flags)


class SnapshotPaused(SnapshotMemory):
    """The same with the guest stopped meanwhile"""

    name = "snapshot-paused"
    flags = 0


class SnapshotFrozen(Job):
    """An external snapshot of disks for which the guest's agent freezes the file systems"""

    name = "snapshot-frozen"
    async_job = "snapshot"
    abortable = False

    def make_guest(self):
        guest = self.t.guest()
        self.agent = Agent(guest)
        return guest

    def prepare(self):
        self.t.wait(self.agent.connected, 20, "libvirt does not connect to the agent")
        self.agent.hold(FREEZE)

    def is_open(self):
        return super().is_open() and self.agent.asked(FREEZE)

    def let_go(self):
        self.agent.release(FREEZE)

    def call(self, domain):
        overlay = os.path.join(self.guest.folder, "overlay")
        domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>s</name>
              <disks><disk name='vda' snapshot='external'><source file='{overlay}'/></disk></disks>
            </domainsnapshot>""", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                                 | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)


class SnapshotFormat(Job):
    """An external snapshot whose memory has been written, and whose new image is being
    formatted on a slow server"""

    name = "snapshot-format"
    async_job = "snapshot"
    abortable = False   # not as the others: scenario abort-format
    # Formatting writes some clusters only, and reads less.
    slow = ("write", 160 << 10)

    def prepare(self):
        self.image = os.path.join(self.guest.folder, "new-image")
        with open(self.image, "wb") as file:
            file.truncate(os.path.getsize(self.guest.disk) + (64 << 20))
        self.source = slow_export(self.t, self.image, *self.slow)

    def call(self, domain):
        memory = os.path.join(self.guest.folder, "memory")
        domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <memory snapshot='external' file='{memory}'/>
              <disks><disk name='vda' snapshot='external' type='network'>
                <driver type='qcow2'/>{self.source}
              </disk></disks>
            </domainsnapshot>""", 0)

    def _wait_open(self):
        self.t.wait(lambda: os.stat(self.image).st_blocks, 60, "the image is not being formatted")
        super()._wait_open()


class SnapshotOpen(SnapshotFormat):
    """The same, while QEMU opens the image that it has begun to format"""

    name = "snapshot-open"
    slow = ("read", 16 << 10)


class SnapshotInternal(Job):
    """An internal snapshot of a domain that runs: its memory goes to a slow disk"""

    name = "snapshot-internal"
    async_job = "snapshot"
    abortable = False

    def make_guest(self):
        guest = self.t.guest(disk_format="qcow2")
        # What is offered by NBD does not grow.
        os.truncate(guest.disk, 1 << 30)
        slow_disk(self.t, guest, "write")
        return guest

    def call(self, domain):
        domain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)


class SnapshotInternalDelete(StoppedJob):
    """The deletion of one, by a QEMU that does not answer"""

    name = "snapshot-internal-delete"
    async_job = "snapshot"
    abortable = False

    def make_guest(self):
        return self.t.guest(disk_format="qcow2")

    def prepare(self):
        self.domain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)
        self.stopped = self.host.qemu_pid(self.guest.name)
        os.kill(self.stopped, signal.SIGSTOP)

    def call(self, domain):
        domain.snapshotLookupByName("s").delete()


class SnapshotDelete(Job):
    """Deletion of an external snapshot: the overlay is committed to a slow base"""

    name = "snapshot-delete"
    async_job = "snapshot"
    abortable = False   # not as the others: scenario abort-commit

    def make_guest(self):
        guest = self.t.guest(disk_mib=128, disk_rate=2000)
        slow_disk(self.t, guest, "write")
        return guest

    def prepare(self):
        overlay = os.path.join(self.guest.folder, "overlay")
        self.domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>s</name>
              <disks><disk name='vda' snapshot='external'><source file='{overlay}'/></disk></disks>
            </domainsnapshot>""", libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
        wanted = self.guest.disk_safe() + 4000
        self.guest.wait(lambda: self.guest.disk_safe() > wanted, 30, "writes too slowly")

    def call(self, domain):
        domain.snapshotLookupByName("s").delete()


class Backup(Job):
    """A job that goes on after the call that begins it"""

    async_job = "backup"

    def _wait_open(self):
        self._thread.join(OPEN_TIMEOUT)
        if self._thread.is_alive() or self._error:
            self.t.fail(f"no backup: {self._error}")
        time.sleep(0.5)
        if not self.is_open():
            self.t.fail("the backup did not stay open")

    def wait_begun(self, timeout=15):
        """Waits until the call that begins the job has returned."""
        self._thread.join(timeout)

    def wait_end(self, timeout=15):
        """Waits until the job is gone. Returns the error that it ended with, None
        if it succeeded; the domain's last job tells."""
        deadline = time.monotonic() + timeout
        while self.is_open():
            if time.monotonic() > deadline:
                self.t.fail(f"the backup has not ended within {timeout} s")
            time.sleep(0.05)
        try:
            stats = self.domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
        except libvirt.libvirtError as error:
            return error
        if stats.get("type") == libvirt.VIR_DOMAIN_JOB_COMPLETED:
            return None
        return libvirt.libvirtError(f"backup ended as {stats}")


class BackupPush(Backup):
    name = "backup-push"
    count = 0

    def make_guest(self):
        guest = self.t.guest(disk_mib=32)
        fill(guest.disk, 32)
        slow_disk(self.t, guest, "read")
        return guest

    def call(self, domain):
        self.count += 1
        target = os.path.join(self.guest.folder, f"backup.{self.count}")
        domain.backupBegin(f"""
            <domainbackup>
              <disks><disk name='vda' type='file'>
                <target file='{target}'/><driver type='qcow2'/>
              </disk></disks>
            </domainbackup>""", None, 0)


class BackupPull(Backup):
    name = "backup-pull"
    abort_is_failure = False    # it is how a pull backup ends
    count = 0

    def call(self, domain):
        self.count += 1
        base = os.path.join(self.guest.folder, f"scratch.{self.count}")
        domain.backupBegin(f"""
            <domainbackup mode='pull'>
              <server transport='unix' socket='{base}.sock'/>
              <disks><disk name='vda' type='file'><scratch file='{base}'/></disk></disks>
            </domainbackup>""", None, 0)


HEADER = struct.Struct("=16s5I56x")


def read_first(host, saved):
    """How much of the saved image @saved libvirt reads before it opens it once more, in bytes"""
    if host.conn.getLibVersion() < READS_TWICE:
        return 0
    # struct _virQEMUSaveHeader, and the XML and the cookie behind it
    with open(saved, "rb") as file:
        return HEADER.size + HEADER.unpack(file.read(HEADER.size))[2]


class Restore(Job):
    """The start of a domain out of a saved image"""

    name = "restore"
    async_job = "start"
    abortable = False
    count = 0

    def prepare(self):
        self.count += 1
        saved = os.path.join(self.guest.folder, f"saved.{self.count}")
        self.domain.save(saved)
        self.path = f"{saved}.slow"
        self.pipe = SlowFeed(saved, self.path, read_first(self.host, saved))

    def run_call(self):
        """There is no domain to call yet."""
        self.host.connect().restore(self.path)


class CompressedRestore(HeldByProgram, Restore):
    """The same out of a compressed one: QEMU has read all, and the program that decompresses does
    not end. Its host as for a CompressedSave."""

    name = "restore-compressed"
    host_name = "beta"

    @staticmethod
    def hold_program(t):
        return hold_gzip(t, '*" -dc "*')

    def prepare(self):
        self.count += 1
        self.path = os.path.join(self.guest.folder, f"saved.{self.count}")
        self.domain.save(self.path)
        self.program.hold()


class Start(StoppedJob):
    """The start of a domain whose QEMU does not answer its monitor yet"""

    name = async_job = "start"
    abortable = False

    def prepare(self):
        self.domain.destroy()

    def begin(self):
        super().begin()
        self.stopped = stop_at_once(self.host, self.guest)

    def call(self, domain):
        domain.create()


class OffJob(Job):
    """A job on a domain that is off, and has no file about its status as long as it has no QEMU"""

    abortable = False

    def set_up(self, t):
        self.t = t
        self.host = t.host(self.host_name)
        self.guest = self.make_guest()
        self.domain = self.host.conn.defineXML(self.guest.xml)

    def is_open(self):
        return not self.returned()

    def call(self, domain):
        domain.create()


class StartHook(OffJob):
    """The start of a domain whose hook script takes its time. It makes its host a HookHost, which
    must not have been started before."""

    name = "start-hook"
    async_job = "start"
    host_name = "gamma"

    def set_up(self, t):
        t.host_type = HookHost
        super().set_up(t)

    def prepare(self):
        self._holding = self.host.holding(self.guest, "start")
        self._release = self._holding.__enter__()   # pylint: disable=unnecessary-dunder-call

    def is_open(self):
        return super().is_open() and "start" in self.host.calls(self.guest)

    def let_go(self):
        self._release()


TPM = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices>"


def hold_tpm(t):
    """Has the state of a new TPM not be made before it may. Returns the HeldProgram."""
    # As whom Debian has a TPM run is not a user of each machine.
    configure(t, 'swtpm_user = "root"\nswtpm_group = "root"\n')
    return HeldProgram(t, "swtpm_setup", '*" --createek "*|*" --overwrite "*')


def hold_img(t):
    """Has qemu-img change no snapshot before it may. Returns the HeldProgram."""
    return HeldProgram(t, "qemu-img", '" snapshot "*')


class StartHelper(HeldByProgram, OffJob):
    """The start of a domain with a new TPM, which takes its time"""

    name = "start-helper"
    async_job = "start"
    host_name = "delta"
    hold_program = staticmethod(hold_tpm)

    def make_guest(self):
        guest = super().make_guest()
        guest.xml = guest.xml.replace("</devices>", TPM)
        return guest


class SnapshotOff(HeldByProgram, OffJob):
    """An internal snapshot of a domain that is off, which qemu-img makes"""

    name = "snapshot-off"
    async_job = "snapshot"
    host_name = "delta"
    hold_program = staticmethod(hold_img)

    def make_guest(self):
        return self.t.guest(disk_format="qcow2")

    def call(self, domain):
        domain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)


class SnapshotRevert(Start):
    """A domain that is off reverts to an internal snapshot of when it ran."""

    name = "snapshot-revert"
    async_job = "start or snapshot"     # which of them depends on the release

    def make_guest(self):
        return self.t.guest(disk_format="qcow2")

    def prepare(self):
        self.domain.snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)
        super().prepare()

    def call(self, domain):
        domain.revertToSnapshot(domain.snapshotLookupByName("s"))


# The first libvirt that reverts to an external snapshot, in a job that admits an abort
REVERTS = 9_009_000


class RevertExternal(Job):
    """A domain that is off reverts to an external snapshot of when it ran: its memory is
    read. Needs libvirt REVERTS."""

    name = "revert-external"
    async_job = "snapshot"
    abortable = False

    def prepare(self):
        memory, overlay = (os.path.join(self.guest.folder, name) for name in ("memory", "overlay"))
        self.domain.snapshotCreateXML(f"""
            <domainsnapshot>
              <name>s</name>
              <memory snapshot='external' file='{memory}'/>
              <disks><disk name='vda' snapshot='external'><source file='{overlay}'/></disk></disks>
            </domainsnapshot>""", 0)
        self.domain.destroy()
        os.rename(memory, f"{memory}.data")
        self.pipe = SlowFeed(f"{memory}.data", memory, read_first(self.host, f"{memory}.data"),
                             8 * SLOW)

    def call(self, domain):
        domain.revertToSnapshot(domain.snapshotLookupByName("s"))


def unread(kind):
    """A @kind of job whose image is a pipe that nobody reads, so that opening it waits"""
    class Unread(kind):
        def prepare(self):
            super().prepare()
            self.pipe.close()

        def let_go(self):
            self.pipe.read()
    return Unread


KINDS = (MigrationOut, MigrationPeer, MigrationTunnelled, MigrationStorage, MigrationIn,
         Save, ManagedSave, Dump, DumpLive, DumpMemory, SnapshotMemory, SnapshotPaused,
         SnapshotDelete, BackupPush, BackupPull, Restore)
