# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a daemon must not have said, and what it must not have left behind."""

import re
import subprocess
import sys
import threading
import time

import libvirt

# A line of the daemon's log: time: thread: level : where : text
LINE = re.compile(r"^\S+ \S+: \d+: (?P<level>warning|error) : (?P<where>\S+) : (?P<text>.*)$")

# The daemon has misused a job or the monitor. Stock's own warnings, from the
# job engine and its users; those of the series speak of async jobs or the
# monitor, too.
FAULTS = re.compile("|".join((
    r"Entering a monitor without owning a job",
    r"monitor must not be NULL",
    r"Object cannot be NULL",
    r"seem(s)? to be the async job owner",
    r"async job is owned by thread",
    r"called without a nested job",
    r"unexpected async job",
    r"still active during domain deletion",
    r"Cannot start job \(",
    r"in the future$",
    r"cannot acquire (state change lock|job mutex)",
)))

# Any warning about these is a fault, worded however it may be, but for libvirt's note that
# somebody has used a domain's monitor (which 9.0.0 forgets to write).
SUSPECT = re.compile(r"async job|(?<!is tainted: custom-)monitor|interruptible|nested",
                     re.IGNORECASE)

# What a daemon says on its standard error when something is broken
BROKEN = re.compile(r"assertion|CRITICAL|segfault|Sanitizer|runtime error", re.IGNORECASE)

# ... but for this, which stock 9.0.0 says at the first statistics of each
# domain (qemuDomainRefreshStatsSchema frees a schema that is not there yet).
KNOWN = re.compile(r"g_hash_table_unref: assertion 'hash_table != NULL' failed")


def log_faults(host, offset=0, allow=()):
    """Returns the lines of @host's log that tell of a fault, from byte @offset
    on, without those that match one of the expressions @allow."""
    found = []
    with open(host.log, errors="replace") as file:
        file.seek(offset)
        for line in file:
            match = LINE.match(line)
            if not match:
                continue
            text = match["text"]
            fault = (FAULTS.search(text)
                     or (match["level"] == "warning" and SUSPECT.search(text)))
            if fault and not any(re.search(pattern, text) for pattern in allow):
                found.append(f"{line.rstrip()}; log {host.log}")
    with open(host.output_log, errors="replace") as file:
        found += [f"{line.rstrip()}; log {host.output_log}" for line in file
                  if BROKEN.search(line) and not KNOWN.search(line)]
    return found


def within(seconds, call, what):
    """Returns call(); raises TimeoutError, naming @what, if that takes longer.
    The call itself cannot be ended and is left to itself."""
    done = []

    def run(done):
        try:
            done.append((True, call()))
        except BaseException as error:  # pylint: disable=broad-except
            done.append((False, error))
            # It has this frame among its own: no gc runs to free them, and a connection in them.
            del done

    thread = threading.Thread(target=run, args=(done,), daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise TimeoutError(f"{what} took longer than {seconds} s")
    ok, value = done.pop()
    if ok:
        return value
    try:
        raise value
    finally:
        del value   # as above


# A tracer keeps the process that it traces from going away once that is dead.
KEEPER = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
PTRACE_SEIZE = 0x4206
print("ready" if libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) == 0 else "no", flush=True)
sys.stdin.read()
"""


def keep_dead(pid):
    """Has the process @pid stay what it is, a zombie, once it has been killed, until
    the function that is returned is called. Other signals just stop it."""
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER, str(pid)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if keeper.stdout.readline().strip() != "ready":
        raise OSError(f"process {pid} cannot be traced")

    def release():
        keeper.stdin.close()
        keeper.wait()

    return release


def leaked_job(host, name):
    """Returns what shows that a job was left behind on a domain for which
    nothing is being done, or None."""
    try:
        domain = within(5, lambda: host.domain(name), "lookup")
    except libvirt.libvirtError:
        return None
    except TimeoutError as error:
        return str(error)
    try:
        kind = within(5, domain.jobInfo, "domjobinfo")[0] if domain.isActive() else 0
        if kind != libvirt.VIR_DOMAIN_JOB_NONE:
            return f"domjobinfo on {host.name} tells of a job of type {kind}"
        within(5, lambda: host.conn.domainListGetStats([domain]), "domstats")
        if domain.isActive():
            # A job that modifies, which no async job would let in
            within(5, lambda: domain.setMemoryFlags(domain.maxMemory(),
                                                    libvirt.VIR_DOMAIN_AFFECT_LIVE), "setmem")
            # An event may be about to be dealt with, in a job of its own.
            deadline = time.monotonic() + 3
            while job := host.status_job(name):
                if job.get("type") == "none" and job.get("async") == "none":
                    break
                if time.monotonic() > deadline:
                    return f"the status file on {host.name} has a job {job}"
                time.sleep(0.05)
    except (libvirt.libvirtError, TimeoutError) as error:
        return f"on {host.name}: {error}"
    return None
