# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls for a guest that is still on its way, on the host that receives it."""

import contextlib
import os
import signal
import statistics
import threading
import time

import libvirt
import libvirt_qemu

from harness import jobs, phases, queries
from harness.scenario import Failure, is_stock, scenario

from .during_jobs import DIED

# Seconds
QUICK = 2           # for a query; this is no benchmark
MODIFY = 3          # what modifies must still wait after that
SETUP = 20          # for a domain to be set up, on a busy machine
END_LIMIT = 45      # for a migration to end
DESTROY_LIMIT = 15  # QEMU, if it does not answer SIGTERM, is killed after 10

WAITS = "queries wait for 30 s on the host that receives"
READ_ONLY = '{"execute": "query-migrate"}'


def qmp(command):
    return lambda domain: libvirt_qemu.qemuMonitorCommand(domain, command, 0)


def hmp(command):
    return lambda domain: libvirt_qemu.qemuMonitorCommand(
        domain, command, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)


# Every API that begins a query job and needs neither an agent nor special hardware
ANSWERED = {
    "domblkstat": lambda domain: domain.blockStats("vda"),
    "domblkstat, all": lambda domain: domain.blockStatsFlags("vda"),
    "domblkinfo": lambda domain: domain.blockInfo("vda"),
    "domblkerror": lambda domain: domain.diskErrors(),
    "blkdeviotune": lambda domain: domain.blockIoTune("vda"),
    "blockjob": lambda domain: domain.blockJobInfo("vda"),
    "dommemstat": lambda domain: domain.memoryStats(),
    "iothreadinfo": lambda domain: domain.ioThreadInfo(libvirt.VIR_DOMAIN_AFFECT_LIVE),
    "perf": lambda domain: domain.perfEvents(),
    "migrate-getmaxdowntime": lambda domain: domain.migrateGetMaxDowntime(),
    "migrate-getspeed": lambda domain: domain.migrateGetMaxSpeed(),
    "migrate-compcache": lambda domain: domain.migrateGetCompressionCache(),
    "domjobinfo": lambda domain: domain.jobStats(),
    "dominfo": lambda domain: domain.info(),
    "dumpxml": lambda domain: domain.XMLDesc(),
    "vcpuinfo": lambda domain: domain.vcpus(),
}

# What is refused at once
REFUSED = {
    "domjobabort": (libvirt.VIR_ERR_OPERATION_INVALID, lambda domain: domain.abortJob()),
    # As by unpatched libvirt: KubeVirt takes an answer for the migration's end.
    "domjobinfo, the old call": (libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
                                 lambda domain: domain.jobInfo()),
}

# What waits until the guest is there, as what modifies it does; False: it may fail then
WAITING = {
    "qemu-monitor-command query-migrate": (True, qmp(READ_ONLY)),
    "qemu-monitor-command cont": (True, qmp('{"execute": "cont"}')),
    "qemu-monitor-command --hmp info": (True, hmp("info registers")),
    "qemu-monitor-command, not JSON": (False, qmp("query-status")),
    "memory-peek": (True, lambda domain: domain.memoryPeek(
        0, 4096, libvirt.VIR_MEMORY_PHYSICAL)),
    "screenshot": (False, lambda domain: domain.screenshot(domain.connect().newStream(), 0)),
    "setmem": (True, lambda domain: domain.setMemoryFlags(
        domain.maxMemory(), libvirt.VIR_DOMAIN_AFFECT_LIVE)),
}


def check_answers(t, host, guest, reference, refused=tuple(REFUSED)):
    """All queries for the @guest that arrives on @host are answered, with as much as
    it gave before (@reference), and what can be told at once not to go is refused."""
    domain = host.connect().lookupByName(guest.name)
    stats = t.timed(QUICK, lambda: queries.domain_stats(domain), "domstats")
    missing = sorted(set(reference) - set(stats))
    t.check(not missing, f"domstats lacks {missing}")
    for name, call in ANSWERED.items():
        try:
            t.timed(QUICK, lambda call=call: call(domain), name)
        except libvirt.libvirtError as error:
            raise Failure(f"{name}: {error}") from error
    for name in refused:
        code, call = REFUSED[name]
        try:
            t.timed(QUICK, lambda call=call: call(domain), name)
        except libvirt.libvirtError as error:
            t.log(f"{name}: {error}")
            t.check(error.get_error_code() == code, f"{name} failed with {error}")
        else:
            t.fail(f"{name} was answered")


# What domjobinfo tells in a phase; QEMU is in its setup until the stream begins.
JOB = {"prepared": {"migration_phase": "prepare", "migration_status": "setup"},
       "mirror": {"migration_phase": "prepare", "migration_status": "setup"},
       "memory": {"migration_phase": "prepare", "migration_status": "active"},
       "postcopy": {"migration_phase": "finish", "migration_status": "postcopy-active"}}


def check_job(t, host, guest, **expected):
    """domjobinfo tells of a migration that comes in."""
    domain = host.connect().lookupByName(guest.name)
    stats = t.timed(QUICK, domain.jobStats, "domjobinfo")
    t.log(f"domjobinfo: {stats}")
    expected = {"type": libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
                "operation": libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, **expected}
    wrong = {name: stats.get(name) for name, value in expected.items()
             if stats.get(name) != value}
    t.check(not wrong, f"domjobinfo has {wrong}, expected was {expected}")
    t.check(stats.get("time_elapsed", 0) > 0, "domjobinfo does not tell the time elapsed")


class Background:
    """A call that is under way in a thread and on a connection of its own."""

    def __init__(self, host, guest, call):
        self.error = None
        conn = host.connect()

        def run():
            try:
                call(conn.lookupByName(guest.name))
            except libvirt.libvirtError as error:
                self.error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def waits(self, seconds):
        self._thread.join(seconds)
        return self._thread.is_alive()


class Waiting:
    """All of WAITING for the @guest that arrives on @host; they wait for it."""

    def __init__(self, t, host, guest):
        self._t = t
        self._calls = {name: Background(host, guest, call) for name, (_, call) in WAITING.items()}
        end = time.monotonic() + MODIFY
        for name, call in self._calls.items():
            t.check(call.waits(max(end - time.monotonic(), 0)),
                    f"{name} did not wait for the guest: {call.error}")

    def check_answered(self):
        """The guest is there: they do not wait any more, and succeed."""
        for name, call in self._calls.items():
            self._t.check(not call.waits(QUICK), f"{name} waits although the guest is there")
            self._t.log(f"{name}: {call.error or 'done'}")
            self._t.check(call.error is None or not WAITING[name][0], f"{name}: {call.error}")


def arrive(t, kind, names, **settings):
    """Holds a migration of the @kind in each of the phases @names and has all queries
    answered; then lets it end, and the guest is well."""
    guest = phases.make_guest(t, kind, **settings)
    domain = guest.start(t.alpha)
    t.learn(domain)
    fields = set(queries.domain_stats(domain))
    for name in names:
        reference = queries.in_postcopy(fields) if name == "postcopy" else fields
        with phases.hold(t, kind, name, guest) as m:
            check_answers(t, m.destination, guest, reference)
            check_job(t, m.destination, guest, **JOB[name])
            loop = queries.QueryLoop(m.destination, guest.name, reference)
            waiting = Waiting(t, m.destination, guest)
            m.release()
            t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
            t.check(loop.stop(), "a query has not come back")
            t.log(f"{len(loop.times)} answers, median {loop.median():.3f} s, "
                  f"slowest {loop.slowest():.3f} s")
            t.check(not loop.errors, f"a query failed: {loop.errors[:1]}")
            waiting.check_answered()
            if kind.paused:
                m.destination.domain(guest.name).resume()
            guest.check_alive()
            t.check_no_job(m.destination, guest)
        guest = phases.make_guest(t, kind, **settings) if name != names[-1] else None
        if guest:
            t.learn(guest.start(t.alpha))


KINDS = [phases.KINDS[name] for name in ("direct", "p2p", "tunnelled", "storage", "postcopy")]
MORE = [kind for kind in phases.KINDS.values() if kind not in KINDS]


def as_kinds(kinds):
    """The kinds of migration as what a scenario takes"""
    class Wrapped:
        def __init__(self, kind):
            self.kind, self.name = kind, kind.name

        def __call__(self):
            return self.kind
    return [Wrapped(kind) for kind in kinds]


def phases_of(kind):
    if kind.postcopy:
        return ["postcopy"]
    return ["mirror", "memory"] if kind.storage else ["memory"]


def stock_waits(kinds):
    return {kind.name: WAITS for kind in kinds}


@scenario(kinds=as_kinds(KINDS), stock_fails=stock_waits(KINDS), other=True)
def arriving(t, kind):
    """Every query is answered while the guest arrives."""
    phases.prepare_hosts(t, [kind])
    arrive(t, kind, phases_of(kind))


@scenario(kinds=as_kinds(MORE), slow=True, stock_fails=stock_waits(MORE))
def arriving_more(t, kind):
    """The same for the other kinds of migration"""
    phases.prepare_hosts(t, [kind])
    arrive(t, kind, phases_of(kind))


@scenario(stock_fails=WAITS)
def arriving_prepared(t):
    """Between prepare and perform nothing has come yet, and all is answered."""
    arrive(t, phases.KINDS["direct"], ["prepared"])


# --- a query is under way when it ends -----------------------------------------

def stuck_query(t, m):
    """A query on the destination whose QEMU, stopped, does not answer"""
    m.stop_qemu(m.destination)
    query = Background(m.destination, m.guest, lambda domain: domain.blockStats("vda"))
    t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
    return query


def ends_destroyed(t, m):
    domain = m.destination.connect().lookupByName(m.guest.name)
    t.timed(DESTROY_LIMIT, domain.destroy, "destroy")


def ends_qemu_killed(_t, m):
    os.kill(m.destination.qemu_pid(m.guest.name), signal.SIGKILL)


def ends_source_killed(_t, m):
    os.kill(m.source.qemu_pid(m.guest.name), signal.SIGKILL)
    time.sleep(1)
    m.continue_qemu()


def ends_client_killed(_t, m):
    m.client.kill()


def ends_aborted(_t, m):
    m.domain.abortJob()
    time.sleep(1)
    m.continue_qemu()


def ends_well(_t, m):
    # QEMU must answer for the rest of the memory to arrive.
    m.continue_qemu()
    m.release()


class End:
    def __init__(self, do):
        self.name = do.__name__.replace("ends_", "").replace("_", "-")
        self.do = do

    def __call__(self):
        return self


ENDS = [End(do) for do in (ends_destroyed, ends_qemu_killed, ends_source_killed,
                           ends_client_killed, ends_aborted, ends_well)]


@scenario(other=True, stock_fails="11.3.0 queues a message twice, and its main loop never ends")
def tunnel_of_killed_qemu(t):
    """A daemon is not deaf after QEMU has died in a tunnelled migration, of which the daemon has
    more data than QEMU took."""
    with phases.hold(t, "tunnelled", "memory") as m:
        daemon, qemu = m.destination.daemon.pid, m.destination.qemu_pid(m.guest.name)
        # What the daemon keeps of the stream is as much as it may, and the pipe to QEMU is full,
        m.stop_qemu(m.destination)
        time.sleep(3)
        # then is empty, and nobody reads it any more.
        os.kill(daemon, signal.SIGSTOP)
        try:
            m.continue_qemu()
            time.sleep(1)
            os.kill(qemu, signal.SIGKILL)
            t.wait(lambda: not os.path.exists(f"/proc/{qemu}"), 5, "QEMU is still there")
        finally:
            os.kill(daemon, signal.SIGCONT)
        time.sleep(1)
        t.timed(5, lambda: m.destination.connect().listAllDomains(), "a list")
        error = m.result(END_LIMIT)
        t.check(error is not None, "the migration succeeded")
        t.wait(lambda: not m.destination.conn.listAllDomains(), DESTROY_LIMIT,
               "the destination still has the domain")
        m.guest.check_alive()


@scenario(kinds=ENDS, stock_fails={end.name: WAITS for end in ENDS})
def query_under_way(t, end):
    """A query waits for QEMU when the incoming migration comes to its end."""
    with phases.hold(t, "direct", "memory") as m:
        query = stuck_query(t, m)
        end.do(t, m)
        if end.name == "client-killed":
            m.client.wait()
        else:
            error = m.result(END_LIMIT)
            t.log(f"the migration's end: {error}")
            t.check((error is None) == (end.name == "well"), f"the migration's end is {error}")
        t.check(not query.waits(DESTROY_LIMIT), "the query has not come back")
        t.log(f"the query's end: {query.error}")
        if end.name == "well":
            t.check(query.error is None, f"the query failed: {query.error}")
            m.guest.check_alive()
        else:
            t.check(query.error is None or query.error.get_error_code() in DIED,
                    f"the query failed with {query.error}")
            t.wait(lambda: not m.destination.conn.listAllDomains(), DESTROY_LIMIT,
                   "the destination still has the domain")


# --- the domain is being set up ------------------------------------------------

@contextlib.contextmanager
def held_in_setup(t, guest):
    """A migration whose destination's QEMU is stopped as soon as it is there, so that
    libvirt goes on waiting for its monitor"""
    m = phases.Migration(t, phases.KINDS["direct"], guest)
    try:
        m.start()
        m.stop_qemu(m.destination, at_once=True)
        yield m
    finally:
        m.end()


@scenario(stock_fails=WAITS)
def arriving_setup(t):
    """While the domain is set up, domstats tells what is known without QEMU, and
    domjobinfo what goes on, at once. What needs QEMU waits for the end of it."""
    guest = t.guest()
    t.learn(guest.start(t.alpha))
    t.beta.conn  # starts the host
    with held_in_setup(t, guest) as m:
        conn = m.destination.connect()
        t.wait(conn.listAllDomains, 5, "the destination does not know the domain")
        domain = conn.lookupByName(guest.name)
        for _ in range(3):
            stats = t.timed(QUICK, lambda: queries.domain_stats(domain), "domstats")
            t.log(f"domstats: {stats}")
            t.check("state.state" in stats and "balloon.maximum" in stats,
                    "domstats does not tell what is known")
            t.check("balloon.rss" not in stats, "the domain has been set up already")
            t.check(queries.in_setup(stats), "domstats does not tell that it is being set up")
        t.timed(QUICK, conn.getAllDomainStats, "domstats of all")
        check_job(t, m.destination, guest, migration_phase="prepare")
        query = Background(m.destination, guest, lambda domain: domain.blockStats("vda"))
        t.check(query.waits(1), f"a query did not wait for the setup: {query.error}")
        m.release()
        t.check(not query.waits(20), "the query has not come back")
        t.check(query.error is None, f"the query failed: {query.error}")
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        guest.check_alive()


# --- the daemon is restarted -----------------------------------------------------

@scenario(stock_fails=WAITS)
def arriving_restarted(t):
    """A daemon restarted in post-copy answers for the guest, which runs."""
    guest = phases.make_guest(t, phases.KINDS["postcopy"])
    domain = guest.start(t.alpha)
    t.learn(domain)
    reference = queries.in_postcopy(queries.domain_stats(domain))
    with phases.hold(t, "postcopy", "postcopy-destination-restarted", guest) as m:
        check_answers(t, m.destination, guest, reference)
        check_job(t, m.destination, guest)
        m.release()
        t.wait(lambda: m.job(m.destination)[0] in (None, "none"), END_LIMIT,
               "the job has not ended")
        guest.check_alive()


# --- hosts that are upgraded one after the other -----------------------------------

class Mixed:
    """A @kind of migration between stock and the series"""

    def __init__(self, kind):
        self.kind, self.name = kind, kind.name

    def __call__(self):
        return self


@scenario(kinds=[Mixed(kind) for kind in KINDS], needs_stock=True)
def mixed(t, case):
    """There from stock to the series, which answers, and back."""
    kind = case.kind
    t.builds["alpha"] = t.stock_build()
    guest = phases.make_guest(t, kind)
    domain = guest.start(t.alpha)
    t.learn(domain)
    reference = queries.domain_stats(domain)
    with phases.hold(t, kind, "memory", guest) as m:
        check_answers(t, m.destination, guest, reference)
        m.release()
        t.check(m.result(END_LIMIT) is None, f"to the series: {m.result()}")
        guest.check_alive()
        if kind.storage:
            return      # the disk is another one now
        flags = kind.flags | libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
        domain = m.destination.domain(guest.name)
        if kind.p2p:
            t.timed(END_LIMIT, lambda: domain.migrateToURI3(t.alpha.uri, {}, flags), "back to stock")
        else:
            t.timed(END_LIMIT, lambda: domain.migrate3(t.alpha.connect(), {}, flags),
                    "back to stock")
        guest.check_alive()


# --- a saved guest -----------------------------------------------------------------

LOADING = [jobs.Restore, jobs.CompressedRestore]


@scenario(kinds=LOADING, stock_fails={
    kind.name: "queries wait until the guest is restored" for kind in LOADING})
def loading(t, job):
    """Every query is answered while QEMU reads a saved guest, and when it has, until the program
    that decompresses it has ended."""
    job.open(t)
    t.wait(lambda: "balloon.rss" in queries.domain_stats(job.domain), SETUP,
           "the domain is set up")
    reference = queries.domain_stats(job.domain)
    check_answers(t, job.host, job.guest, reference, refused=["domjobabort"])
    stats = job.domain.jobStats()
    t.log(f"domjobinfo: {stats}")
    t.check(stats.get("operation") == libvirt.VIR_DOMAIN_JOB_OPERATION_RESTORE,
            "domjobinfo does not tell that the domain is restored")
    Waiting(t, job.host, job.guest)
    t.check(job.is_open(), "the restore has ended meanwhile")
    t.timed(DESTROY_LIMIT, job.domain.destroy, "destroy")
    job.let_go()
    t.check(job.wait_end() is not None, "the restore succeeded although the domain was destroyed")
    if job.name == "restore":
        return
    job.domain.create()
    job.guest.check_alive()
    job.reopen()
    job.let_go()
    t.check(job.wait_end(30) is None, f"the restore failed: {job.wait_end()}")
    job.guest.check_alive()


# --- held for minutes ----------------------------------------------------------------

MINUTES = 3


@scenario(slow=True, timeout=400, stock_fails=WAITS)
def arriving_three_minutes(t):
    """A migration that takes minutes: both hosts answer all the time. How fast is in
    the log."""
    guest = phases.make_guest(t, phases.KINDS["direct"])
    t.learn(guest.start(t.alpha))
    with phases.hold(t, "direct", "memory", guest) as m:
        loops = {host.name: t.query_loop(host, guest, clients=2, calls=("stats", "block"))
                 for host in (m.source, m.destination)}
        time.sleep(60 * MINUTES)
        faults = []
        for name, loop in loops.items():
            t.check(loop.stop(), f"a query on {name} has not come back")
            t.log(f"{name}: {len(loop.times)} answers, median {loop.median() * 1000:.1f} ms, "
                  f"slowest {loop.slowest() * 1000:.0f} ms, {len(loop.errors)} errors")
            faults += [f"{name}: {error}" for error in loop.errors]
        t.check(not faults, f"{len(faults)} queries failed, first: {faults[:1]}")
        m.release()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        guest.check_alive()


# --- one guest of many arrives -------------------------------------------------------

IDLE = 19
STALL = 5           # seconds; unpatched libvirt takes 30 for each answer

IDLE_XML = """
<domain type='qemu'>
  <name>idle{number}</name>
  <memory unit='MiB'>8</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
"""


def ask_all(t, conn, seconds, count, what):
    """Asks for the statistics of all domains for some seconds."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        found = t.timed(STALL, conn.getAllDomainStats, "domstats of all")
        times.append(time.monotonic() - began)
        t.check(len(found) >= count, f"{len(found)} domains, not {count}")
    t.log(f"{what}: {len(times)} answers, median {1000 * statistics.median(times):.0f} ms, "
          f"slowest {1000 * max(times):.0f} ms")


@scenario(slow=True, timeout=240, stock_fails=WAITS)
def arriving_among_twenty(t):
    """The statistics of a host with 19 idle domains do not stall while a guest arrives."""
    conn = t.beta.connect()
    for number in range(IDLE):
        conn.createXML(IDLE_XML.format(number=number), libvirt.VIR_DOMAIN_START_PAUSED)
    guest = phases.make_guest(t, phases.KINDS["direct"])
    t.learn(guest.start(t.alpha))
    ask_all(t, conn, 10, IDLE, "without a migration")
    m = phases.Migration(t, phases.KINDS["direct"], guest)
    try:
        m.start(**{libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 8})
        ask_all(t, conn, 10, IDLE, "while a guest is prepared and arrives")
        t.check(m.job(m.destination)[0] == "migration in", "the guest has arrived already")
        m.hurry()
        ask_all(t, conn, 5, IDLE, "at the end")
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        guest.check_alive()
    finally:
        m.end()


# --- hosts of two releases -----------------------------------------------------------

class Cluster(Mixed):
    """A @kind of migration from a host of one release of libvirt to one of another.
    @stock: which of the releases is without the series, if one is"""

    def __init__(self, kind, way, stock):
        super().__init__(kind)
        self.way, self.stock = way, stock
        self.name = f"{kind.name}-{way}{stock and '-stock-' + stock}"


@scenario(kinds=[Cluster(kind, way, stock) for kind in KINDS for way in ("there", "back")
                 for stock in ("", "here", "other")], slow=True, needs_stock=True)
def two_releases(t, case):
    """From this release of libvirt to another one, or back from that: a host with the series
    answers while the guest arrives, and the guest is well."""
    kind = case.kind
    own, other = ("alpha", "beta") if case.way == "there" else ("beta", "alpha")
    t.builds[other] = t.other_build(stock=case.stock == "other")
    if case.stock == "here":
        t.builds[own] = t.stock_build()
    phases.prepare_hosts(t, [kind])
    guest = phases.make_guest(t, kind)
    domain = guest.start(t.alpha)
    t.learn(domain)
    versions = [host.conn.getLibVersion() for host in (t.alpha, t.beta)]
    t.log(f"from libvirt {versions[0]} to {versions[1]}")
    t.check(versions[0] != versions[1], f"both hosts have libvirt {versions[0]}")
    with phases.hold(t, kind, phases_of(kind)[-1], guest) as m:
        if not is_stock(m.destination.build):
            for name in ("domblkstat", "dommemstat", "domjobinfo", "dumpxml"):
                call = ANSWERED[name]
                t.timed(QUICK, lambda call=call: call(
                    m.destination.connect().lookupByName(guest.name)), name)
        if not kind.postcopy:
            t.timed(QUICK, lambda: m.source.connect().lookupByName(guest.name).blockStats("vda"),
                    "domblkstat on the source")
        m.release()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        guest.check_alive()
