# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every check of the harness can fail: faults that are made are found."""

import mmap
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

from harness import availability_report, faults, jobs, phases, relay, sandbox
from harness.guest import GuestFault
from harness.scenario import scenario

PATTERN_MAGIC = 0x6a6f626775657374  # as in tests/guest/pattern.h


def finds(t, call, what):
    """call() must find fault with the guest."""
    try:
        call()
    except GuestFault as fault:
        t.log(f"found: {fault}")
        return
    t.fail(f"{what} goes unnoticed")


def jobstorm(t, *args, limit=60):
    """Runs virt-jobstorm; returns its exit status and what it said."""
    done = subprocess.run([os.path.join(t.tools, "virt-jobstorm"), *args],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=limit)
    t.log(f"exit status {done.returncode}\n{done.stdout}")
    return done.returncode, done.stdout


@scenario()
def finds_lost_disk_block(t):
    guest = t.guest()
    domain = guest.start(t.alpha)
    domain.destroy()
    last = guest.check_disk()
    for block, what in ((last, "the last block"), (0, "the first block")):
        with open(guest.disk, "r+b") as disk:
            disk.seek(block * 4096 + 2000)
            good = disk.read(1)
            disk.seek(block * 4096 + 2000)
            disk.write(bytes([good[0] ^ 1]))
            disk.flush()
            finds(t, guest.check_disk, f"a wrong bit in {what}")
            disk.seek(block * 4096 + 2000)
            disk.write(good)
    guest.check_disk()


@scenario()
def finds_bad_memory(t):
    """One bit of the guest's memory is changed from outside."""
    guest = t.guest(odd_memory=False)
    guest.xml = guest.xml.replace(
        "<vcpu>", "<memoryBacking><source type='file'/><access mode='shared'/>"
        "</memoryBacking><vcpu>")
    guest.start(t.alpha)
    memory = [os.path.join(folder, name) for folder, _, names in
              os.walk(os.path.join(t.alpha.folder, "lib", "qemu", "ram")) for name in names]
    t.check(len(memory) == 1, f"not one file with memory: {memory}")
    with open(memory[0], "r+b") as file, mmap.mmap(file.fileno(), 0) as area:
        page = struct.pack("<Q", PATTERN_MAGIC ^ 7)
        where = area.find(page)
        while where % 4096:
            t.check(where >= 0, "the pattern is not in memory")
            where = area.find(page, where + 1)
        area[where + 3000] ^= 1
    finds(t, guest.check_alive, "a wrong bit in memory")


@scenario()
def finds_dead_guest(t):
    guest = t.guest()
    domain = guest.start(t.alpha)
    domain.suspend()
    finds(t, lambda: guest.check_alive(3), "a guest that stands still")


@scenario()
def relay_tells_of_a_dead_peer(t):
    """Whose buffers were full when it died"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        network = relay.Relay(("127.0.0.1", 0), listener.getsockname())
        with socket.create_connection(network.address) as sender:
            peer, _ = listener.accept()
            network.rate = 0
            sender.settimeout(0.5)
            t.check(raises(TimeoutError, sender.sendall, bytes(8 << 20)), "nothing is held")
            peer.close()
            network.free()
            sender.settimeout(5)
            t.check(raises(ConnectionError, sender.sendall, bytes(8 << 20)), "nobody told it")
        network.close()


def raises(kind, call, *args):
    try:
        call(*args)
    except kind:
        return True
    return False


@scenario()
def finds_warnings(t, guest):
    t.check(not faults.log_faults(t.alpha), "a fault without a cause")
    line = ("2026-01-01 00:00:00.000+0000: 7: warning : qemuDomainObjEnterMonitorInternal:6101 : "
            "Entering a monitor without owning a job. Job none owner (null) (0)\n")
    with open(t.alpha.log, "a") as log:
        log.write(line)
    found = faults.log_faults(t.alpha)
    t.check(len(found) == 1, f"found {found}")
    t.allow("Entering a monitor")


@scenario()
def finds_dead_daemon(t, hosts):
    hosts[0].daemon.kill()
    hosts[0].daemon.wait()
    t.check(t.deaths() and "SIGKILL" in t.deaths()[0], f"found {t.deaths()}")
    t.alpha.start()


@scenario()
def finds_leaked_job(t):
    job = jobs.BackupPull()
    job.open(t)
    leak = faults.leaked_job(t.alpha, job.guest.name)
    t.check(leak, "an open backup goes unnoticed")
    t.log(f"found: {leak}")
    job.domain.abortJob()
    job.wait_end()


@scenario()
def jobstorm_finds_stuck_query(t, guest):
    pid = t.alpha.qemu_pid(guest.name)
    process = subprocess.Popen(
        [os.path.join(t.tools, "virt-jobstorm"), "--uri", t.alpha.uri, "--domain", guest.name,
         "--check", "--seconds", "30", "--query-timeout", "3", "--clients", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(2)
    os.kill(pid, signal.SIGSTOP)
    try:
        output, _ = process.communicate(timeout=20)
    finally:
        os.kill(pid, signal.SIGCONT)
    t.log(output)
    t.check(process.returncode == 1, f"exit status {process.returncode}")
    t.check("has had no answer for 3 s" in output, "the reason is not told")


@scenario()
def jobstorm_finds_failed_migration(t, guest):
    """Without the flag unsafe, libvirt does not move a disk that is not shared."""
    status, output = jobstorm(t, "--uri", t.alpha.uri, "--uri", t.beta.uri, "--domain",
                              guest.name, "--check", "--migrate", t.beta.uri, "--flags", "live")
    t.check(status == 1, f"exit status {status}")
    t.check("Unsafe migration" in output, "the reason is not told")


@scenario()
def jobstorm_finds_missing_domain(t):
    """The domain goes away under the queries: they must not call that right."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    process = subprocess.Popen(
        [os.path.join(t.tools, "virt-jobstorm"), "--uri", t.alpha.uri, "--domain", guest.name,
         "--check", "--seconds", "5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(2)
    domain.destroy()
    output, _ = process.communicate(timeout=30)
    t.log(output)
    t.check(process.returncode == 1, f"exit status {process.returncode}")
    t.check("the domain runs, but is said not to" in output, "the reason is not told")


@scenario()
def jobstorm_ends_when_told(t, guest):
    process = subprocess.Popen(
        [os.path.join(t.tools, "virt-jobstorm"), "--uri", t.alpha.uri, "--domain", guest.name,
         "--check", "--seconds", "60"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=5)
    t.log(output)
    t.check(process.returncode == 3 and "interrupted after" in output, "it is not told")
    t.check("p99.9" in output, "what it had is not told")


@scenario()
def jobstorm_refuses_nonsense(t):
    t.alpha.conn  # pylint: disable=pointless-statement
    uri = ("--uri", t.alpha.uri)
    for args in ((), uri, (*uri, "--domain", "x"), (*uri, "--domain", "x", "--migrate"),
                 (*uri, "--domain", "x", "--migrate", t.alpha.uri),
                 (*uri, "--domain", "x", "--seconds", "1"),
                 (*uri, "--domain", "x", "--seconds", "1", "--clients", "-1"),
                 (*uri, "--domain", "x", "--migrate", "test:///default", "--flags", "nonsense"),
                 ("--uri", "qemu+tcp://127.0.0.1:1/system", "--domain", "x", "--seconds", "1")):
        status, output = jobstorm(t, *args)
        t.check(status == 2 and output.startswith("virt-jobstorm: "),
                f"{args}: exit status {status}")


def processes_with(text):
    """Ids of the processes whose command line has @text"""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if text in file.read():
                    found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@scenario(timeout=180)
def nothing_survives(t):
    """However a run is ended, its daemons, guests and mounts end with it."""
    work = os.path.join(t.folder, "work")
    demo = os.path.join(os.path.dirname(os.path.abspath(sandbox.__file__)), "demo.py")
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        output = os.path.join(t.folder, f"demo-{signum}.log")
        with open(output, "w") as file:
            process = subprocess.Popen(
                [sys.executable, "-B", demo, "--series", t.build, "--tools", t.tools,
                 "--work", work, "--area", "16", "--rounds", "1000", "--held", "0"],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file)

        def text():
            with open(output) as file:
                return file.read()

        t.wait(lambda: "downtime" in text() or process.poll() is not None, 60,
               "no round begins")
        t.check(process.poll() is None, f"the run ended too early: {text()[-200:]}")
        process.send_signal(signum)
        status = process.wait(30)
        t.log(f"after {signum!r}: {status}: {text().splitlines()[-1:]}")
        wanted = -signal.SIGKILL if signum == signal.SIGKILL else 130
        t.check(status == wanted, f"exit status {status} after {signum!r}")
        t.wait(lambda: not processes_with(work.encode()), 5, f"processes left after {signum!r}")
        with open("/proc/self/mounts") as file:
            t.check(work not in file.read(), f"mounts left after {signum!r}")
        if signum != signal.SIGKILL:
            t.check(text().splitlines()[-1].startswith("demo: FAILED: interrupted"),
                    f"no verdict after {signum!r}")
    shutil.rmtree(work)


def compared(phase, host, call, stock, series):
    """What the comparison says of one call: (worse, on purpose)"""
    def result(verdict, seconds):
        return {host: {call: {"verdict": verdict, "seconds": seconds, "code": 0, "text": ""}}}

    return tuple(len(texts) for texts in availability_report.compare(
        phase, result(*stock), result(*series)))


@scenario()
def availability_finds_worse(t):
    """Each way in which the series may do worse than stock is told from none."""
    yes, later, no, waits, crash = (("answered", 0.1), ("answered", 2.5), ("refused", 0.1),
                                    ("waits", 3), ("crash", 0))
    order = (yes, later, no, waits, crash)
    for i, stock in enumerate(order):
        for j, series in enumerate(order):
            got = compared("memory", "source", "domstats", stock, series)
            wanted = (1, 0) if j > i else (0, 0)
            t.check(got == wanted, f"{stock} and then {series}: {got}")
    # Noise is no delay, nor is a refusal that took its time.
    for stock, series in ((yes, ("answered", 0.75)), (("answered", 2), ("answered", 5)),
                          (("refused", 1), ("refused", 5)), (waits, ("refused", 9))):
        t.check(compared("memory", "source", "domstats", stock, series) == (0, 0),
                f"{stock} and then {series} is said to be worse")
    # What is exempt is so for a while only, and there only.
    for host, series, wanted in (("source", ("answered", 3), (0, 1)), ("source", waits, (1, 0)),
                                 ("source", ("answered", 5), (1, 0)),
                                 ("destination", ("answered", 5), (1, 0))):
        got = compared("switchover-answer", host, "domstats", yes, series)
        t.check(got == wanted, f"{series} in a switchover on the {host}: {got}")
    t.check(compared("switchover", "source", "destroy", yes, ("answered", 5)) == (1, 0),
            "a destroy is exempt")


@scenario()
def phases_find_what_is_not_held(t, guest):
    """A migration that ends before its phase is reached, or has no such phase, is told."""
    m = phases.Migration(t, phases.KINDS["direct"], guest)
    t.alpha.domain(guest.name).destroy()
    for reach, what in ((lambda: phases.PHASES["memory"].reach(m), "a domain that is off"),
                        (lambda: phases.hold(t, "direct", "mirror", guest).__enter__(),
                         "a phase that the kind has not")):
        try:
            reach()
        except phases.NotHeld as error:
            t.log(f"found: {error}")
        else:
            t.fail(f"{what} goes unnoticed")
    m.end()
