# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hook script that takes its time while a domain starts: who waits for it, and what those
are told who do not."""

import contextlib
import os
import signal
import time

import libvirt
import libvirt_qemu

from harness import faults, jobs, queries
from harness.bare_guest import BareGuest
from harness.hook_host import HookHost
from harness.scenario import scenario
from .waiting import Call

# Seconds: an answer that waits for nothing, on a busy machine; for which a call waits for a
# job at most (VIR_JOB_WAIT_TIME), and more than that; what a start takes
AT_ONCE = 3
WAIT = 30
LONG = 34
START = 20

MAC = "52:54:00:12:34:56"
CHANNEL = "org.test.0"
DEVICES = f"""
    <interface type='user'><mac address='{MAC}'/><model type='virtio'/></interface>
    <channel type='unix'><target type='virtio' name='{CHANNEL}'/></channel>
  </devices>"""

WAITS = "the domain is locked while the script runs"


class Prepare:
    """The domain is active; that is all."""
    name = "prepare"
    process = False


class Start:
    """QEMU's command line is there."""
    name = "start"
    process = False


class Started:
    """QEMU runs."""
    name = "started"
    process = True


KINDS = [Prepare, Start, Started]


def make_guest(t, name):
    """A guest that has what calls may ask for"""
    guest = BareGuest(t.folder, t.tools, name=name, area=16, disk_mib=4)
    guest.xml = guest.xml.replace("  </devices>", DEVICES.strip("\n"))
    return guest


def begin_start(t, host, guest, operation):
    """Starts @guest, which is defined; the hook is held at @operation. Returns the Call."""
    domain = host.connect().lookupByName(guest.name)
    before = len(host.calls(guest))
    call = Call(domain.create)
    t.wait(lambda: operation in host.calls(guest)[before:], START, f"the hook's {operation}")
    return call


def answers(conn, domain, guest):
    """Calls that need no job, by name"""
    def stream(call):
        st = conn.newStream()
        try:
            call(st)
        finally:
            with contextlib.suppress(libvirt.libvirtError):
                st.abort()

    live = libvirt.VIR_DOMAIN_AFFECT_LIVE
    nowait = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    lease, arp, agent = (libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
                         libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
                         libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
    return {
        "list": conn.listAllDomains,
        "list of active ones": lambda: conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE),
        "list of IDs": conn.listDomainsID,
        "number": conn.numOfDomains,
        "statistics of all": conn.getAllDomainStats,
        "statistics of all, NOWAIT": lambda: conn.getAllDomainStats(0, nowait),
        "statistics": lambda: conn.domainListGetStats([domain]),
        "lookup by name": lambda: conn.lookupByName(guest.name),
        "lookup by UUID": lambda: conn.lookupByUUIDString(domain.UUIDString()),
        "domstate": domain.state,
        "dominfo": domain.info,
        "active": domain.isActive,
        "persistent": domain.isPersistent,
        "updated": domain.isUpdated,
        "dumpxml": domain.XMLDesc,
        "dumpxml --inactive": lambda: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE),
        "dumpxml --migratable": lambda: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE),
        "dumpxml --security-info": lambda: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE),
        "autostart": domain.autostart,
        "maxmem": domain.maxMemory,
        "metadata": lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None),
        "domcontrol": domain.controlInfo,
        "messages": domain.messages,
        "job statistics": domain.jobStats,
        "label": domain.securityLabel,
        "labels": domain.securityLabelList,
        "scheduler": domain.schedulerType,
        "schedinfo": lambda: domain.schedulerParametersFlags(live),
        "blkiotune": lambda: domain.blkioParameters(live),
        "memtune": lambda: domain.memoryParameters(live),
        "numatune": lambda: domain.numaParameters(live),
        "domiftune": lambda: domain.interfaceParameters(MAC, live),
        "domifstat": lambda: domain.interfaceStats(MAC),
        "domifaddr, lease": lambda: domain.interfaceAddresses(lease),
        "domifaddr, arp": lambda: domain.interfaceAddresses(arp),
        "domifaddr, agent": lambda: domain.interfaceAddresses(agent),
        "cpu-stats": lambda: domain.getCPUStats(True),
        "vcpuinfo": domain.vcpus,
        "vcpucount": lambda: domain.vcpusFlags(live),
        "vcpupin": lambda: domain.vcpuPinInfo(live),
        "emulatorpin": lambda: domain.emulatorPinInfo(live),
        "console": lambda: stream(lambda st: domain.openConsole("serial0", st)),
        "channel": lambda: stream(lambda st: domain.openChannel(CHANNEL, st)),
        "peek": lambda: domain.blockPeek("vda", 0, 512),
        "saved": domain.hasManagedSaveImage,
        "snapshots": domain.listAllSnapshots,
        "checkpoints": domain.listAllCheckpoints,
        "backup": domain.backupGetXMLDesc,
        "speed": domain.migrateGetMaxSpeed,
        "agent's timeout": lambda: domain.agentSetResponseTimeout(5),
        "agent": lambda: libvirt_qemu.qemuAgentCommand(domain, '{"execute": "guest-ping"}', 1, 0),
        "guest's information": domain.guestInfo,
        "guest's name": lambda: domain.hostname(libvirt.VIR_DOMAIN_GET_HOSTNAME_AGENT),
        "suspend to RAM": lambda: domain.pMSuspendForDuration(
            libvirt.VIR_NODE_SUSPEND_TARGET_MEM, 0),
        "new definition": lambda: conn.defineXML(guest.xml),
        "another one of that UUID": lambda: conn.createXML(guest.xml),
    }


# Those which ask for what is there with the process only, and their error without it
NEED_PROCESS = ("schedinfo", "blkiotune", "memtune", "domifstat", "domifaddr, lease",
                "domifaddr, arp", "cpu-stats", "vcpuinfo", "console", "channel")
NOT_RUNNING = "domain is not running"


def ask(t, host, guest):
    """Returns what becomes of each of these calls, which must not wait."""
    conn = host.connect()
    domain = t.timed(AT_ONCE, lambda: conn.lookupByName(guest.name), "lookup")
    results = {}
    slowest = (0, None)
    for what, call in answers(conn, domain, guest).items():
        began = time.monotonic()
        try:
            results[what] = faults.within(AT_ONCE, call, what)
        except TimeoutError as error:
            t.fail(str(error))
        except libvirt.libvirtError as error:
            results[what] = error
            t.log(f"{what}: {error}")
        slowest = max(slowest, (time.monotonic() - began, what))
    t.log(f"slowest answer: {slowest[1]}, {slowest[0]:.2f} s")
    t.tell(f"slowest answer {slowest[0]:.2f} s")
    return results


def check_answers(t, guest, results, process):
    """What is told of @guest, whose QEMU has been started or not, is true."""
    t.check(guest.name in {domain.name() for domain in results["list of active ones"]},
            "a domain that starts is not listed as active")
    for what in ("domstate", "dominfo", "dumpxml", "label", "labels", "scheduler", "peek",
                 "statistics", "new definition"):
        # No cgroup is used here, which a scheduler asks for.
        if what == "scheduler" and process:
            continue
        t.check(not isinstance(results[what], Exception), f"{what}: {results[what]}")
    error = results["another one of that UUID"]
    t.check(isinstance(error, libvirt.libvirtError) and "already active" in str(error),
            f"another domain with the UUID of one that starts: {error}")
    stats = results["statistics"][0][1]
    t.check("state.state" in stats, f"domstats has only {sorted(stats)}")
    if process:
        return
    for what in NEED_PROCESS:
        error = results[what]
        t.check(isinstance(error, libvirt.libvirtError)
                and error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID
                and NOT_RUNNING in str(error), f"{what} without a process: {error}")
    t.check(results["dominfo"][4] == 0,
            f"the CPU time of no process is {results['dominfo'][4]} ns")
    t.check("cpu.time" not in stats, f"the CPU time of no process is {stats.get('cpu.time')} ns")


@scenario(kinds=KINDS, timeout=180, other=True, stock_fails={kind.name: WAITS for kind in KINDS})
def hook_script(t, kind):
    """The hook script of a start takes its time: what needs no job is answered at once, for
    this domain and others, and what does need one when the script has ended."""
    t.host_type = HookHost
    host = t.alpha
    other, guest = make_guest(t, "other"), make_guest(t, "guest")
    other.start(host)
    host.conn.defineXML(guest.xml)
    with host.holding(guest, kind.name) as release:
        start = begin_start(t, host, guest, kind.name)
        query = Call(lambda: host.connect().lookupByName(guest.name).blockStats("vda"))
        again = Call(lambda: host.connect().lookupByName(guest.name).create())
        ask(t, host, other)
        check_answers(t, guest, ask(t, host, guest), kind.process)
        t.check(os.path.exists(host.status_path(guest.name)) == kind.process,
                "a status file of a domain without a process, or none of one with it")
        for call in (start, query, again):
            t.check(call.is_alive(), f"a call has ended: {call.result} {call.error}")
        release()
        for call in (start, query, again):
            call.join(START)
            t.check(not call.is_alive(), "a call does not end")
    t.check(not start.error, f"the start failed: {start.error}")
    t.check(not query.error, f"a query that has waited failed: {query.error}")
    t.check(again.error and again.error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
            f"a second start: {again.error}")
    guest.check_alive()
    t.check_no_job(host, guest)
    t.check_no_job(host, other)


def check_ended(t, host, guest, before):
    """@guest is off, and the scripts that the hook was called for since its line @before ran
    one after the other."""
    t.check(host.qemu_pid(guest.name) is None, "QEMU is there still")
    calls = host.calls(guest)[before:]
    t.log(f"the hook was called for: {calls}")
    t.check("release" in calls, "nobody has told the hook of the end")
    for first, second in zip(calls[::2], calls[1::2]):
        t.check(second == f"{first} ends", f"two scripts ran beside each other: {calls}")


@scenario(kinds=KINDS, timeout=180, other=True, stock_fails={kind.name: WAITS for kind in KINDS})
def destroyed_in_hook_script(t, kind):
    """A destroy amid the hook script of a start waits for the script, and gets through: the
    start fails, but for one that is done, and only then the hook is told to release what it
    has prepared."""
    t.host_type = HookHost
    host = t.alpha
    guest = make_guest(t, "guest")
    host.conn.defineXML(guest.xml)
    before = len(host.calls(guest))
    with host.holding(guest, kind.name) as release:
        start = begin_start(t, host, guest, kind.name)
        destroy = Call(t.timed(AT_ONCE, lambda: host.connect().lookupByName(guest.name),
                               "lookup").destroy)
        time.sleep(0.5)
        t.timed(AT_ONCE, lambda: host.connect().listAllDomains(), "list")
        refused = Call(lambda: host.connect().lookupByName(guest.name).blockStats("vda"))
        refused.join(AT_ONCE)
        t.check(refused.error
                and refused.error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID,
                f"a query to a domain that is being destroyed: {refused.error}")
        t.timed(AT_ONCE, lambda: queries.domain_stats(host.connect().lookupByName(guest.name)),
                "domstats")
        t.check(start.is_alive() and destroy.is_alive(), "somebody has not waited for the script")
        release()
        for call in (start, destroy):
            call.join(START)
            t.check(not call.is_alive(), "a call does not end")
    t.log(f"start: {start.error}; destroy: {destroy.error}")
    t.check(not start.error if kind.process else NOT_RUNNING in str(start.error),
            f"the start: {start.error}")
    t.check(not destroy.error, f"the destroy: {destroy.error}")
    check_ended(t, host, guest, before)
    t.check_startable(host, guest)


@scenario(stock_fails=WAITS)
def qemu_killed_in_hook_script(t):
    """QEMU dies while the hook is told that it runs: the start has succeeded, and the end of
    the domain is told when the script has ended."""
    t.host_type = HookHost
    host = t.alpha
    guest = make_guest(t, "guest")
    host.conn.defineXML(guest.xml)
    with host.holding(guest, "started") as release:
        start = begin_start(t, host, guest, "started")
        domain = t.timed(AT_ONCE, lambda: host.connect().lookupByName(guest.name), "lookup")
        os.kill(host.qemu_pid(guest.name), signal.SIGKILL)
        time.sleep(1)
        t.check(start.is_alive(), f"the start did not wait for the script: {start.error}")
        release()
        start.join(START)
        t.check(not start.is_alive() and not start.error, f"the start: {start.error}")
    t.wait(lambda: not domain.isActive(), START, "the domain's end")
    t.check(domain.state() == [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED],
            f"the domain is in state {domain.state()}")
    t.check_startable(host, guest)


@scenario(timeout=240, stock_fails=WAITS)
def long_hook_script(t):
    """The hook script takes longer than a call waits for a job: neither a destroy nor a query
    gives up, as nobody did who waited for the lock."""
    t.host_type = HookHost
    host = t.alpha
    guest, doomed = make_guest(t, "guest"), make_guest(t, "doomed")
    for each in (guest, doomed):
        host.conn.defineXML(each.xml)
    with host.holding(guest, "started") as release, host.holding(doomed, "prepare") as let_go:
        starts = [begin_start(t, host, guest, "started"), begin_start(t, host, doomed, "prepare")]
        query = Call(lambda: host.connect().lookupByName(guest.name).blockStats("vda"))
        destroy = Call(lambda: host.connect().lookupByName(doomed.name).destroy())
        deadline = time.monotonic() + LONG
        while time.monotonic() < deadline:
            t.timed(AT_ONCE, lambda: host.conn.listAllDomains(), "list")
            t.timed(AT_ONCE, lambda: host.conn.getAllDomainStats(), "statistics of all")
            time.sleep(1)
        for call in (*starts, query, destroy):
            t.check(call.is_alive(), f"a call has ended: {call.result} {call.error}")
        release()
        let_go()
        for call in (*starts, query, destroy):
            call.join(START)
            t.check(not call.is_alive(), "a call does not end")
    t.check(not starts[0].error, f"the start failed: {starts[0].error}")
    t.check(not query.error, f"the query failed: {query.error}")
    t.check(query.took > WAIT, f"the query has waited for {query.took:.0f} s only")
    t.check(starts[1].error, "a domain that was to be destroyed has started")
    t.log(f"start: {starts[1].error}; destroy: {destroy.error}")
    t.check(host.qemu_pid(doomed.name) is None, "QEMU is there still")
    guest.check_alive()
    t.check_no_job(host, guest)
    t.check_startable(host, doomed)


@scenario(kinds=KINDS, timeout=180, stock_fails={kind.name: WAITS for kind in KINDS})
def hook_script_of_arrival(t, kind):
    """The same on the receiving host of a migration: it answers while the script runs. The
    guest that is destroyed then goes on where it was."""
    t.host_type = HookHost
    guest = make_guest(t, "guest")
    guest.start(t.alpha)
    host = t.beta
    for destroyed in (True, False):
        before = len(host.calls(guest))
        with host.holding(guest, kind.name) as release:
            domain = t.alpha.connect().lookupByName(guest.name)
            there = host.connect()
            migration = Call(lambda: domain.migrate3(there, {}, jobs.MIGRATE_FLAGS))
            t.wait(lambda: kind.name in host.calls(guest)[before:], START,
                   f"the hook's {kind.name}")
            check_answers(t, guest, ask(t, host, guest), kind.process)
            if destroyed:
                destroy = Call(lambda: host.connect().lookupByName(guest.name).destroy())
                time.sleep(0.5)
                t.timed(AT_ONCE, host.connect().listAllDomains, "list")
                t.check(destroy.is_alive(), "the destroy has not waited for the script")
            t.check(migration.is_alive(), f"the migration has ended: {migration.error}")
            release()
            migration.join(60)
            t.check(not migration.is_alive(), "the migration does not end")
        if destroyed:
            destroy.join(START)
            t.check(not destroy.is_alive(), "the destroy does not end")
            t.log(f"migration: {migration.error}; destroy: {destroy.error}")
            t.check(migration.error, "the migration succeeded")
            t.check(not destroy.error or destroy.error.get_error_code() in (
                libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN),
                    f"the destroy: {destroy.error}")
            check_ended(t, host, guest, before)
            guest.check_alive()
            t.check_no_job(t.alpha, guest)
        else:
            t.check(not migration.error, f"the migration failed: {migration.error}")
            guest.check_alive()
            t.check_no_job(host, guest)


@scenario(kinds=[Prepare, Start], timeout=180)
def daemon_restarted_in_hook_script(t, kind):
    """The daemon dies amid the hook script of a start: the next one has the domain off, and
    does not stumble over what a client has set meanwhile."""
    t.host_type = HookHost
    host = t.alpha
    guest = make_guest(t, "guest")
    host.conn.defineXML(guest.xml)
    with host.holding(guest, kind.name):
        start = begin_start(t, host, guest, kind.name)
        # Stock waits with the lock held.
        Call(lambda: host.connect().lookupByName(guest.name).agentSetResponseTimeout(5)).join(1)
        t.check(not os.path.exists(host.status_path(guest.name)),
                "there is a status file without a process")
        host.kill_daemon()
        start.join(AT_ONCE)
        host.start()
        t.check(t.timed(AT_ONCE, lambda: host.domain(guest.name).state(), "domstate")[0]
                == libvirt.VIR_DOMAIN_SHUTOFF, "the next daemon has the domain running")
    t.check_startable(host, guest)
