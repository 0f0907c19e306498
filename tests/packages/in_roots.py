#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one case on hosts that are roots of a Debian release, or of two: Debian's libvirt is
replaced by ours, and ours by Debian's, by apt. No network; needs root. Called by
test_packages.py."""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402
import libvirt_qemu  # noqa: E402

from harness import jobs, queries, sandbox  # noqa: E402
from harness.installed import RootHost  # noqa: E402
from harness.scenario import Failure, Test  # noqa: E402
from scenarios.daemon_restarts import check_usable, restart  # noqa: E402
from scenarios.during_jobs import abort_now, query_for_a_while  # noqa: E402
from scenarios.migrations import migrating  # noqa: E402


class LongBackupPush(jobs.BackupPush):
    """One that outlasts the replacement of packages, 4 minutes, on a busy machine, too. QEMU
    does not ask for all at once then, for which an abort would have to wait. (libvirt's call for
    the speed waits for the backup on 11.3.0, see docs/found-in-stock.md.)"""

    def call(self, domain):
        super().call(domain)
        for job in self.ask(domain, "query-block-jobs"):
            self.ask(domain, "block-job-set-speed", device=job["device"], speed=128 << 10)

    @staticmethod
    def ask(domain, command, **arguments):
        """What QEMU answers"""
        return json.loads(libvirt_qemu.qemuMonitorCommand(
            domain, json.dumps({"execute": command, "arguments": arguments}), 0))["return"]


# What a daemon does when it comes back amid a job is in scenarios/daemon_restarts.py.
CANCELLED = (jobs.MigrationOut, jobs.MigrationPeer, jobs.MigrationTunnelled,
             jobs.MigrationStorage, jobs.Save, jobs.Dump, jobs.DumpLive, jobs.SnapshotMemory)
GOES_ON = (jobs.BackupPull, LongBackupPush)
STUCK = (jobs.DumpMemory,)

# Hosts here have a qemu.conf of their own, which is to stay.
KEEP_CONF = "Dpkg::Options::=--force-confold"

# What apt and dpkg keep about themselves, and what only names what was done
NOT_OURS = re.compile(r"/(var/(lib/(dpkg|apt)|cache|log)|proc|sys|dev|run|tmp)(/|$)")


class RootTest(Test):
    """Hosts that are copies of a root with Debian's libvirt."""

    def __init__(self, folder, args):  # pylint: disable=super-init-not-called
        self.args = args
        self.folder, self.tools, self.log_file = folder, args.tools, sys.stdout
        self.stock = False
        self.newer = ()     # the hosts of the other release of Debian
        self._hosts, self._guests, self._allowed, self._reference = {}, [], [], ()

    def _host(self, name):
        if name not in self._hosts:
            root = self.args.newer_root if name in self.newer else self.args.root
            self._hosts[name] = host = RootHost(self.folder, name, root, self.args.work,
                                                debug_jobs=True)
            host.start()
        return self._hosts[name]

    # --- the three lines, as scripts/package prints them ---

    def install(self, host, restarted=False):
        before = self.versions(host)
        line = self.args.newer_install if host.name in self.newer else self.args.install
        host.execute("sh", "-ec", line.replace("get install", "get install -y"))
        after = self.versions(host)
        self.check(set(after) == {*before, "libvirt-iaj"}, f"installed are {sorted(after)}")
        self.check(all(re.search(r"[+.]iaj", version) for version in after.values()),
                   f"not all are ours: {after}")
        if restarted:
            host.end_daemon()
            host.start()

    def pin(self, host):
        host.execute("sh", "-ec", self.args.pin)

    def take_back(self, host):
        _, output = host.execute("sh", "-ec", self.args.take_back)
        self.log(output)
        versions = self.versions(host)
        self.check(versions and not any("iaj" in version for version in versions.values()),
                   f"still installed: {versions}")

    @staticmethod
    def versions(host):
        """The packages of libvirt's source that are installed, with their versions"""
        found = host.execute("dpkg-query", "-W", "-f",
                             r"${source:Package} ${db:Status-Status} ${Package} ${Version}\n")[1]
        return dict(re.findall("(?m)^libvirt installed (.*) (.*)$", found))

    def version(self, host):
        return self.versions(host).get("libvirt-daemon-driver-qemu")

    def checked(self, host, status, words):
        """The check must end with @status and say @words."""
        code, text = host.execute("libvirt-iaj", "check", ok=None)
        self.log(f"check: {code}: {text.strip()}")
        self.check(code == status and words in text,
                   f"the check said {text.strip()!r} with status {code}, not {words!r} with {status}")

    @staticmethod
    def security_update(host, release):
        """Debian's repository has a newer version of all packages; returns it. They differ
        from the old ones by that alone."""
        with open(os.path.join(host.root, "debian-repository/Packages")) as file:
            old = re.search(r"(?m)^Package: libvirt-daemon-driver-qemu\n(?:.+\n)*?Version: (.+)",
                            file.read())[1]
        new = re.sub(r"(\+deb\d+u)(\d+)$", lambda m: f"{m[1]}{int(m[2]) + 1}", old)
        new = new if new != old else f"{old}+deb{release}u1"
        host.execute("sh", "-ec", """
            cd /debian-repository
            for deb in *.deb; do
                dpkg-deb --raw-extract "$deb" next
                sed -i "s/$1/$2/g" next/DEBIAN/control
                dpkg-deb -Znone --build next . >/dev/null
                rm -r next
            done
            dpkg-scanpackages --multiversion . >Packages
            apt-get update""", "sh", old, new)
        return new

    @staticmethod
    def backport(host):
        """A repository that apt takes nothing from by itself has a much newer version."""
        host.execute("sh", "-ec", """
            cp -r /debian-repository /backports
            cd /backports
            sed -i 's/^Version: .*/Version: 99/' Packages
            printf 'NotAutomatic: yes\nButAutomaticUpgrades: yes\n' >Release
            printf 'SHA256:\n %s %s Packages\n' "$(sha256sum <Packages | cut -d' ' -f1)" \\
                "$(stat -c %s Packages)" >>Release
            echo 'deb [trusted=yes] file:/backports ./' >/etc/apt/sources.list.d/backports.list
            apt-get update""")


# --- the cases ---

def replaced_amid(t, kind, before, change):
    """Amid a job, the packages are replaced by change(host), and then the daemon."""
    for host in (t.alpha, t.beta):
        before(host)
    job = kind()
    job.open(t)
    loop = t.query_loop(job.host, job.guest, calls=("job",))
    for host in (t.alpha, t.beta):
        change(host)
    t.check(job.is_open(), "the job did not outlive the replacement of the packages")
    t.check(loop.stop(), "a query was not answered while the packages were replaced")
    wrong = loop.unexpected()
    t.check(loop.times and not wrong, f"while the packages were replaced: {wrong[:1]}")
    t.log(f"{len(loop.times)} answers while the packages were replaced, slowest "
          f"{loop.slowest():.2f} s")
    restart(t, job)
    if kind in GOES_ON:
        t.check(job.is_open(), "the backup is gone")
        query_for_a_while(t, t.query_loop(job.host, job.guest), 1)
        abort_now(t, job)
        check_usable(t, job)
        return
    t.check(job.wait_end() is not None, "the job's call succeeded although the daemon died")
    if kind in STUCK:
        t.timed(job.destroy_limit, job.domain.destroy, "destroy")
        job.check_over()
    else:
        check_usable(t, job)


def upgrade(t, kind):
    """Debian's packages are replaced by ours amid a job."""
    replaced_amid(t, kind, lambda host: None, t.install)
    t.checked(t.alpha, 0, "installed and running")
    if kind is jobs.MigrationPeer:
        for host in (t.beta,):
            host.end_daemon()
            host.start()
        answered_on_both(t, t._guests[0])


def take_back(t, kind):
    """Our packages are replaced by Debian's amid a job."""
    replaced_amid(t, kind, lambda host: t.install(host, restarted=True), t.take_back)


def answered_on_both(t, guest):
    """With ours on both hosts, both answer while the guest moves."""
    move(t, guest, t.alpha, t.beta, (t.alpha, t.beta))


def p2p(_, guest, source, destination, parameters, flags=libvirt.VIR_MIGRATE_PEER2PEER):
    source.connect().lookupByName(guest.name).migrateToURI3(
        destination.uri, parameters, jobs.MIGRATE_FLAGS | flags)


def tunnelled(*how):
    p2p(*how, libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_TUNNELLED)


def direct(_, guest, source, destination, parameters, flags=0):
    source.connect().lookupByName(guest.name).migrate3(
        destination.connect(), parameters, jobs.MIGRATE_FLAGS | flags)


def storage(t, guest, source, destination, parameters):
    """The disk is copied, to a file beside it."""
    copy, more = jobs.copy_disk(guest, source.domain(guest.name))
    direct(t, guest, source, destination, {**parameters, **more},
           libvirt.VIR_MIGRATE_NON_SHARED_DISK)
    guest.disk = copy


def postcopy(t, guest, source, destination, parameters):
    """Half of the memory, at most, has been sent when post-copy begins."""
    domain = source.domain(guest.name)
    states = set()
    with migrating(t, guest, jobs.MIGRATE_FLAGS | libvirt.VIR_MIGRATE_POSTCOPY,
                   {**parameters, libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 2,
                    libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY: 16},
                   (source, destination)) as thread:
        domain.migrateStartPostCopy()
        deadline = time.monotonic() + 60
        while thread.is_alive() and time.monotonic() < deadline:
            with contextlib.suppress(libvirt.libvirtError):
                states.add(tuple(domain.state()))
            time.sleep(0.02)
    t.check((libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY) in states,
            f"the guest did not run there before all had been sent: {states}")


def move(t, guest, source, destination, ours, migrate=p2p):
    """The guest moves, and the hosts of @ours answer meanwhile."""
    loops = {host: t.query_loop(host, guest, postcopy=migrate is postcopy and host is destination)
             for host in ours}
    migrate(t, guest, source, destination, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 16})
    for host, loop in loops.items():
        t.check(loop.stop(), f"a query on {host.name} has no answer")
        wrong = [error for error in loop.unexpected(
            (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID))
            if error != queries.EMPTY]
        t.check(loop.times and not wrong, f"on {host.name}: {wrong[:1]}")
        t.log(f"{host.name}: {len(loop.times)} answers, slowest {loop.slowest():.2f} s")
    guest.check_alive()


def two_debians(t, ours):
    """A guest moves from a host of one release of Debian to one of the next, and back. What
    it is made of is what the older QEMU has."""
    t.newer = ("beta",)
    guest = t.guest()
    for host in (t.alpha, t.beta):
        if host.name in ours:
            t.install(host, restarted=True)
    t.learn(guest.start(t.alpha))
    versions = [(host.conn.getLibVersion(), host.conn.getVersion()) for host in (t.alpha, t.beta)]
    t.log(f"libvirt and QEMU: {versions}, ours on {ours}")
    t.check(all(old < new for old, new in zip(*versions)), f"no newer release: {versions}")
    answering = [host for host in (t.alpha, t.beta) if host.name in ours]
    for migrate in (p2p, tunnelled, direct, storage, postcopy):
        t.log(migrate.__name__)
        move(t, guest, t.alpha, t.beta, answering, migrate)
        move(t, guest, t.beta, t.alpha, answering, migrate)
    t.alpha.domain(guest.name).destroy()
    guest.check_disk()


def check_command(t):
    """The check tells each state that an operator may be in."""
    host = t.alpha
    t.install(host)
    t.checked(host, 1, "restart it")        # Debian's daemon still runs
    host.end_daemon()
    t.checked(host, 0, "no daemon runs")
    host.start()
    t.checked(host, 0, "installed and running")
    code, text = host.execute("setpriv", "--reuid=nobody", "--clear-groups", "libvirt-iaj",
                              "check", ok=None)
    t.check(code == 3 and "needs root" in text, f"not as root: {code}, {text}")
    # Another version of ours, which the daemon does not run
    driver = host.execute("sh", "-c", "echo /usr/lib/*/libvirt/connection-driver/"
                          "libvirt_driver_qemu.so")[1].strip()
    host.execute("sh", "-ec", "cp $1 $1.old; cp $1 $1.new; echo >>$1.new; mv $1.new $1", "sh", driver)
    t.checked(host, 1, "restart it")
    host.execute("mv", f"{driver}.old", driver)
    t.checked(host, 0, "installed and running")
    # What apt does not take by itself is no reason to build anew.
    t.backport(host)
    t.checked(host, 0, "installed and running")
    # A security update takes it away, unless pinned, and our small package stays to tell so.
    newer = t.security_update(host, t.args.release)
    t.checked(host, 1, newer)
    t.pin(host)
    host.execute("apt-get", "upgrade", "-y", "-o", KEEP_CONF)
    t.check("iaj" in t.version(host), f"in spite of the pin, installed is {t.version(host)}")
    t.checked(host, 1, newer)
    os.unlink(os.path.join(host.root, "etc/apt/preferences.d/libvirt-iaj.pref"))
    host.execute("apt-get", "upgrade", "-y", "-o", KEEP_CONF)
    t.check(t.version(host) == newer, f"without a pin, installed is {t.version(host)}")
    t.checked(host, 2, "without interruptible async jobs")


def files(host):
    """All files of the host but those of apt and dpkg themselves, below its root"""
    found = set()
    for folder, names, others in os.walk(host.root):
        inside = folder[len(host.root):] or "/"
        names[:] = [name for name in names
                    if not NOT_OURS.match(os.path.join(inside, name))
                    and not os.path.ismount(os.path.join(folder, name))]
        found |= {os.path.join(inside, name) for name in names + others}
    return found


def known(host):
    """The installed packages, and which of them apt may remove by itself; the one that our
    first line names is wanted by itself from then on."""
    return {*host.execute("dpkg-query", "-W")[1].splitlines(),
            *host.execute("apt-mark", "showauto")[1].split()} - {"libvirt-daemon-driver-qemu"}


def purge(t):
    """Taken back, nothing of ours is left, and the same packages of Debian's are there.
    Purged in place of that, ours leaves what Debian's would leave."""
    alpha, beta = t.alpha, t.beta
    for host in (alpha, beta):
        host.end_daemon()
    before, packages = files(alpha), known(alpha)
    t.install(alpha)
    t.check("/usr/sbin/libvirt-iaj" in files(alpha), "the check is not installed")
    t.pin(alpha)
    # If apt cannot take it back, it stays, with its pin.
    broken = os.path.join(alpha.root, "etc/apt/apt.conf.d/99broken")
    with open(broken, "w") as file:
        file.write('DPkg::Pre-Invoke { "false"; };\n')
    ours = files(alpha)
    code, _ = alpha.execute("sh", "-ec", t.args.take_back, ok=None)
    t.check(code != 0 and "iaj" in t.version(alpha) and files(alpha) == ours,
            f"exit status {code}, installed is {t.version(alpha)}, "
            f"gone: {sorted(ours - files(alpha))[:5]}")
    os.unlink(broken)
    t.take_back(alpha)
    after = files(alpha)
    t.check(before == after, f"left behind: {sorted(after - before)[:5]}, "
                             f"gone: {sorted(before - after)[:5]}")
    t.check(known(alpha) == packages, f"not as before: {sorted(known(alpha) ^ packages)[:5]}")
    left = [path for path in after if "iaj" in path]
    t.check(not left, f"left behind: {left}")
    # Both purged, from equal roots: alpha with ours, beta with Debian's
    t.install(alpha)
    for host in (alpha, beta):
        names = t.versions(host)
        # Not inside the host, where folders of libvirt's are mount points
        subprocess.run(["chroot", host.root, "dpkg", "--purge", "--force-depends", *names],
                       stdin=subprocess.DEVNULL, stdout=sys.stdout, stderr=subprocess.STDOUT,
                       env={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C",
                            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=True)
    os.unlink(os.path.join(alpha.root, "etc/apt/sources.list.d/libvirt-iaj.sources"))
    shutil.rmtree(os.path.join(alpha.root, "var/lib/libvirt-iaj"))
    ours, debian = files(alpha), files(beta)
    t.check(ours == debian, f"ours leaves {sorted(ours ^ debian)[:5]}")


def two_hosts(t):
    """The autopkgtest, in a root with our packages."""
    host = t.alpha
    t.install(host)
    host.end_daemon()
    where = os.path.join(t.args.repository, "..", "debian", "tests", "two-hosts")
    _, output = host.execute("env", f"AUTOPKGTEST_TMP={t.folder}/two-hosts", os.path.normpath(where))
    t.log(output)
    t.check(output.splitlines()[-1] == "two-hosts: ok", "did not end in `two-hosts: ok`")


CASES = {
    **{f"upgrade/{kind.name}": (upgrade, kind) for kind in CANCELLED + GOES_ON + STUCK},
    **{f"take-back/{kind.name}": (take_back, kind) for kind in CANCELLED + GOES_ON + STUCK},
    "check": (check_command,),
    "purge": (purge,),
    "two-hosts": (two_hosts,),
}
# Debian's packages on either side, or ours on both
TWO_DEBIANS = {
    "two-debians/ours": (two_debians, ("alpha", "beta")),
    "two-debians/older-stock": (two_debians, ("beta",)),
    "two-debians/newer-stock": (two_debians, ("alpha",)),
}


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    test = RootTest(folder, ARGS)
    function, *kind = {**CASES, **TWO_DEBIANS}[ARGS.case]
    try:
        function(test, *kind)
        deaths = test.deaths()
        test.check(not deaths, "; ".join(deaths))
    except sandbox.Interrupted:
        print("interrupted or out of time")
        return 1
    except Exception as error:  # pylint: disable=broad-except
        if not isinstance(error, Failure):
            traceback.print_exc(file=sys.stdout)
        print(f"files: {folder}")
        print("; ".join(test.deaths()) or str(error).replace("\n", "; ") or type(error).__name__)
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    PARSER.add_argument("--root", required=True, help="see tests/packages/hosts-root")
    PARSER.add_argument("--repository", required=True, help="see scripts/package")
    PARSER.add_argument("--release", required=True, help="of Debian")
    for line in ("install", "pin", "take-back"):
        PARSER.add_argument(f"--{line}", required=True, help="what scripts/package prints")
    PARSER.add_argument("--newer-root", help="the same of the next release, for two-debians")
    PARSER.add_argument("--newer-install", help="its line")
    PARSER.add_argument("--tools", required=True, help="folder with our tools and the guest")
    PARSER.add_argument("--work", required=True, help="folder of all these")
    PARSER.add_argument("case", choices=(*CASES, *TWO_DEBIANS), metavar="CASE",
                        help=", ".join((*CASES, *TWO_DEBIANS)))
    ARGS = PARSER.parse_args()
    sys.exit(sandbox.run(main, ARGS.work, f"root-{ARGS.case.replace('/', '-')}"))
