# SPDX-License-Identifier: LGPL-2.1-or-later
"""One libvirt host: a daemon with file system and host name of its own."""

import fcntl
import glob
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
import xml.etree.ElementTree as ElementTree

import libvirt

from . import corpus, leaks, sandbox

NAMES = ("alpha", "beta", "gamma", "delta")

# Where the daemon keeps what must be apart per host, and the folder that
# stands in for it below the host's own folder
FOLDERS = {
    "/etc/libvirt": "etc",
    "/var/lib/libvirt": "lib",
    "/var/lib/swtpm-localca": "swtpm-localca",
    "/var/cache/libvirt": "cache",
    "/var/log/libvirt": "log",
    "/run/libvirt": "run",
}

START_TIMEOUT = 60
# 11.3.0's node device driver may hold up the end for 30 s (docs/found-in-stock.md).
STOP_TIMEOUT = 40
LEAKS_TIMEOUT = 120     # with a report of leaks

# How many calls a daemon executes at once is what Debian ships: nothing is set.
LIBVIRTD_CONF = """
listen_tls = 0
listen_tcp = 1
listen_addr = "127.0.0.1"
tcp_port = "{port}"
auth_tcp = "none"
auth_unix_rw = "none"
host_uuid = "{uuid}"
log_level = 3
log_filters = "{filters}"
log_outputs = "1:file:/var/log/libvirt/libvirtd.log"
"""

QEMU_CONF = """
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
migration_port_min = {port_min}
migration_port_max = {port_max}
"""

# How valgrind's findings begin; it also warns of what it does not know of the kernel
MEMORY_FAULT = re.compile(r"^==\d+== (Invalid |Conditional jump |Use of uninit|Syscall param |"
                          r"Mismatched |Source and dest|Process terminating)")
# How a sanitizer says what it has found: ThreadSanitizer ends with a summary
SANITIZER_FAULT = re.compile(r"(ERROR: (?!LeakSanitizer: detected).*|runtime error: .*|"
                             r"SUMMARY: ThreadSanitizer: .*)")
# ... or that it has found leaks only, which is what harness/leaks.py is about
LEAKS = re.compile(r"LeakSanitizer: detected memory leaks")
# What an unpacked daemon has at a fixed place, so that it is shown there. Its drivers and
# libraries are found by the environment.
INSTALLED = ("/usr/share/libvirt", "/usr/lib/libvirt")
# The daemon of Debian's packages ends at its start if the user is missing that it was built
# to run QEMU as, whatever qemu.conf says. Their postinst makes him.
ACCOUNTS = {
    "/etc/passwd": "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n",
    "/etc/group": "libvirt-qemu:x:64055:\n",
}
# A second thread may be running when libvirtd forks.
SANITIZERS = {
    "ASAN_OPTIONS": "log_path={folder}/sanitizer:detect_leaks=0",
    "UBSAN_OPTIONS": "log_path={folder}/sanitizer:print_stacktrace=1:"
                     "suppressions=" + os.path.join(os.path.dirname(__file__), "undefined.supp"),
    "TSAN_OPTIONS": "log_path={folder}/sanitizer:die_after_fork=0:exitcode=0:history_size=4:"
                    "suppressions=" + os.path.join(os.path.dirname(__file__), "races.supp"),
}
# What ASAN_OPTIONS has besides if the daemon is to tell what memory it has lost when it ends.
# GLib has no frame pointers, by which who has called it would be found faster.
LOOK_FOR_LEAKS = ":detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=20"
JOB_FILTERS = "1:conf.virdomainjob 1:qemu.qemu_domainjob 1:qemu.qemu_domain"


class HostError(Exception):
    pass


def sanitizer_faults(path):
    """What a sanitizer has found, a line each, once each"""
    with open(path, errors="replace") as file:
        text = file.read()
    found = [match.group(1).strip() for match in SANITIZER_FAULT.finditer(text)]
    return list(dict.fromkeys(found)) or ([] if LEAKS.search(text) else ["see the log"])


def how_ended(code):
    """What a process has done that has this exit status"""
    return f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


class Host:
    """A libvirt host that runs the daemon of @build: a build tree, or a folder into which
    packages have been unpacked (scripts/unpack).

    @qemu_conf, @libvirtd_conf: lines to add to these files; @debug_jobs: has the
    daemon log each job. @cache: a folder where what a daemon of this build learns
    about QEMU is kept from run to run, or None. @valgrind: whether the daemon runs
    under valgrind, which writes to the files valgrind.PID beside the daemon's log;
    a sanitizer, if the build has one, to sanitizer.PID. @find_leaks: whether AddressSanitizer
    tells there what memory the daemon has lost when it ends.
    """

    path = "/system"    # of its URI

    def __init__(self, folder, name, build, qemu_conf="", debug_jobs=False, cache=None,
                 libvirtd_conf="", valgrind=False, find_leaks=False):
        index = NAMES.index(name)
        self.name = name
        self.build = build
        self.folder = os.path.join(folder, name)
        self.port = 16510 + index
        self.uri = f"qemu+tcp://127.0.0.1:{self.port}{self.path}"
        self.log = os.path.join(self.folder, "log", "libvirtd.log")
        self.output_log = os.path.join(self.folder, "log", "output.log")
        self.daemon = None
        self._valgrind = valgrind
        self._find_leaks = find_leaks
        self._wanted = False    # the daemon has been started and not been ended
        self._holder = None
        self._conn = None
        self._run = folder
        self._cache = cache

        for inside in FOLDERS.values():
            os.makedirs(os.path.join(self.folder, inside))
        self._fetch_cache()
        filters = [JOB_FILTERS] if debug_jobs else []
        if corpus.wanted():
            filters.append(corpus.FILTER)
        self._write("libvirtd.conf", LIBVIRTD_CONF.format(
            port=self.port, uuid=uuid.uuid4(),
            filters=" ".join(filters)) + libvirtd_conf)
        self._write("qemu.conf", QEMU_CONF.format(
            port_min=49152 + 100 * index, port_max=49251 + 100 * index) + qemu_conf)
        self._hold_namespaces()

    def _write(self, name, text):
        with open(os.path.join(self.folder, "etc", name), "w") as file:
            file.write(text)

    def _hold_namespaces(self):
        """Starts the process that keeps the host's namespaces while no daemon runs."""
        ready_r, ready_w = os.pipe()
        self._holder = os.fork()
        if self._holder == 0:
            try:
                for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(signum, signal.SIG_DFL)
                sandbox.die_with_parent()
                sandbox.unshare(sandbox.CLONE_NEWNS | sandbox.CLONE_NEWUTS)
                sandbox.mount("none", "/", None, sandbox.MS_REC | sandbox.MS_PRIVATE)
                sandbox.set_hostname(self.name)
                self._enter_root()
                scratch = os.path.join(self.folder, "scratch")
                os.mkdir(scratch)
                for path in INSTALLED:
                    sandbox.provide_folder(path, scratch)
                for path, inside in FOLDERS.items():
                    sandbox.provide_folder(path, scratch)
                    sandbox.bind(os.path.join(self.folder, inside), path)
                hosts = os.path.join(self.folder, "hosts")
                with open(hosts, "w") as file:
                    file.writelines(f"127.0.0.1 {name}\n" for name in ("localhost",) + NAMES)
                sandbox.bind(hosts, "/etc/hosts")
                for path, text in ACCOUNTS.items():
                    self._provide_account(path, text)
                self._adapt_root(scratch)
                os.write(ready_w, b"ready")
                while True:
                    signal.pause()
            except OSError as error:
                os.write(ready_w, str(error).encode())
            finally:
                os._exit(1)
        os.close(ready_w)
        with os.fdopen(ready_r, "rb", buffering=0) as pipe:
            answer = pipe.read(1000).decode()
        if answer != "ready":
            raise HostError(f"{self.name}: no namespaces: {answer}")

    def _enter_root(self):
        """For a subclass: makes another file system that of the calling process."""

    def _adapt_root(self, scratch):
        """For a subclass: changes what the calling process has mounted."""

    def _provide_account(self, path, text):
        """Has the file of accounts show a line besides, inside the host."""
        with open(path) as file:
            accounts = file.read()
        if f"\n{text.partition(':')[0]}:" in accounts:
            return
        copy = os.path.join(self.folder, os.path.basename(path))
        with open(copy, "w") as file:
            file.write(accounts + text)
        sandbox.bind(copy, path)

    def command(self, *argv):
        """Returns the command that runs @argv inside the host."""
        holder = f"/proc/{self._holder}"
        # Without the root it would be that of the machine, not of scripts/in-release.
        return ["nsenter", f"--mount={holder}/ns/mnt", f"--uts={holder}/ns/uts",
                f"--root={holder}/root", "--", *argv]

    def use_build(self, build, cache=None):
        """Has the next start() be of the daemon of another build. No daemon may run."""
        self.build = build
        self._cache = cache
        # The folder itself is mounted in the host.
        with os.scandir(os.path.join(self.folder, "cache")) as entries:
            for entry in entries:
                shutil.rmtree(entry.path)
        self._fetch_cache()

    def _daemon(self):
        """The command that runs the daemon, and what its environment has besides"""
        if os.path.exists(os.path.join(self.build, "src", "libvirtd")):
            return [os.path.join(self.build, "src", "libvirtd")], {}
        drivers = glob.glob(os.path.join(self.build, "usr/lib/*/libvirt/connection-driver"))
        if len(drivers) != 1:
            raise HostError(f"{self.build} is neither a build of libvirt nor its packages")
        modules = os.path.dirname(drivers[0])
        # In a mount namespace of its own, which ends with it and its guests
        shows = [f"mount --bind '{self.build}{path}' {path}" for path in INSTALLED
                 if os.path.isdir(self.build + path)]
        return (["unshare", "--mount", "--propagation", "private", "sh", "-ec",
                 "\n".join([*shows, 'exec "$@"']), "sh",
                 os.path.join(self.build, "usr/sbin/libvirtd")],
                {"LD_LIBRARY_PATH": os.path.dirname(modules), "LIBVIRT_DRIVER_DIR": drivers[0],
                 "LIBVIRT_STORAGE_FILE_DIR": os.path.join(modules, "storage-file"),
                 "LIBVIRT_LOCK_MANAGER_PLUGIN_DIR": os.path.join(modules, "lock-driver")})

    def start(self):
        """Starts the daemon and waits until it answers."""
        command, environment = self._daemon()
        self._wanted = True
        with open(self.output_log, "a") as output:
            self.daemon = subprocess.Popen(
                self.command(*self._checker(), *command,
                             "--listen", "--pid-file", "/run/libvirt/libvirtd.pid"),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
                env={**os.environ, **environment, **self._sanitizers()},
                start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self._conn = self.connect()
                self._conn.getHostname()
                break
            except libvirt.libvirtError as error:
                if self.daemon.poll() is not None:
                    raise HostError(f"{self.name}: the daemon ended at its start; "
                                    f"log {self.log}") from error
                if time.monotonic() > deadline:
                    raise HostError(f"{self.name}: the daemon does not answer; "
                                    f"log {self.log}") from error
                time.sleep(0.05)
        # Has it learn all; else the first query does, which takes long.
        self._conn.getCapabilities()
        if self._cache:
            self._copy_cache(os.path.join(self.folder, "cache"), self._cache)

    def _sanitizers(self):
        """Their options, in the environment"""
        found = {name: value.format(folder=os.path.dirname(self.log))
                 for name, value in SANITIZERS.items()}
        if self._find_leaks:
            found["ASAN_OPTIONS"] += LOOK_FOR_LEAKS
        return found

    def _fetch_cache(self):
        if self._cache:
            os.makedirs(self._cache, exist_ok=True)
            self._copy_cache(self._cache, os.path.join(self.folder, "cache"))

    def _copy_cache(self, source, destination):
        """Other hosts, of other processes too, copy from and to the kept cache."""
        with open(f"{self._cache}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run(["cp", "-a", f"{source}/.", destination], check=True)

    def _checker(self):
        """What the daemon is run by"""
        if not self._valgrind:
            return []
        # Fair, or a thread that waits for a lock may starve.
        return ["valgrind", "--quiet", "--error-limit=no", "--num-callers=30",
                "--fair-sched=yes", f"--log-file={os.path.dirname(self.log)}/valgrind.%p"]

    def memory_faults(self):
        """What valgrind or a sanitizer has found wrong, by file"""
        folder = os.path.dirname(self.log)
        if not self._valgrind:
            return [f"{self.name}: {fault}; log {path}" for path in self._reports()
                    for fault in sanitizer_faults(path)][:3]
        files = [os.path.join(folder, name) for name in os.listdir(folder)
                 if name.startswith("valgrind.")]
        if not files:
            return [f"{self.name}: no log of valgrind"]
        found = []
        for path in files:
            with open(path, errors="replace") as file:
                found += [f"{self.name}: valgrind: {line.strip()}; log {path}" for line in file
                          if MEMORY_FAULT.search(line)]
        return found[:3]

    def _reports(self):
        """The files of a sanitizer"""
        return sorted(glob.glob(os.path.join(os.path.dirname(self.log), "sanitizer.*")))

    def lost_memory(self):
        """Ends the daemon. Returns what memory it and those before it have lost that ended
        by themselves, too: one that was killed says nothing."""
        found = []
        if self._wanted:
            self.end_daemon()
            code = self.daemon.returncode
            if code and not any(path.endswith(f".{self.daemon.pid}") for path in self._reports()):
                found.append(f"{self.name}: the daemon was told to end and "
                             f"{how_ended(code)}; log {self.log}")
        return found + [f"{self.name}: {leak}; log {path}" for path in self._reports()
                        for leak in leaks.unknown(path)]

    def connect(self):
        """Opens a new connection to the daemon."""
        return libvirt.open(self.uri)

    @property
    def conn(self):
        """A connection of the main thread; new after each start of the daemon."""
        return self._conn

    def end_daemon(self, signum=signal.SIGTERM):
        """Ends the daemon and leaves the guests alone."""
        self._conn = None
        self._wanted = False
        self.daemon.send_signal(signum)
        if not self.wait_daemon(LEAKS_TIMEOUT if self._find_leaks else STOP_TIMEOUT):
            self.daemon.kill()
            self.daemon.wait()
            raise HostError(f"{self.name}: the daemon does not end; log {self.log}")

    def wait_daemon(self, timeout):
        """Waits for the end of the daemon, which has been told to end. Returns
        whether it has ended within @timeout seconds."""
        self._conn = None
        self._wanted = False
        try:
            self.daemon.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill_daemon(self):
        """Kills the daemon with SIGKILL and leaves the guests alone."""
        self.end_daemon(signal.SIGKILL)

    def death(self):
        """How the daemon has ended without having been told to, or None."""
        if not self._wanted or self.daemon.poll() is None:
            return None
        return f"the daemon of {self.name} {how_ended(self.daemon.returncode)}; log {self.log}"

    def domain(self, name):
        return self.conn.lookupByName(name)

    def qemu_pid(self, name):
        """Returns the process id of a guest's QEMU, or None if it has none."""
        try:
            with open(self._state_path(f"{name}.pid")) as file:
                pid = int(file.read())
            os.kill(pid, 0)
            return pid
        except (FileNotFoundError, ProcessLookupError):
            return None

    def status_path(self, name):
        """Path of the file in which the daemon keeps an active domain's state."""
        return self._state_path(f"{name}.xml")

    def _state_path(self, name):
        return os.path.join(self.folder, "run", "qemu", name)

    def saved_path(self, name):
        """Path of the image of a domain that is saved until its next start."""
        return os.path.join(self.folder, "lib", "qemu", "save", f"{name}.save")

    def status_job(self, name):
        """The attributes of the job in the domain's status file; None: no job."""
        try:
            with open(self.status_path(name), "rb") as file:
                text = file.read()
        except FileNotFoundError:
            return None
        corpus.keep("status", text)
        job = ElementTree.fromstring(text).find("job")
        return None if job is None else dict(job.attrib)

    def config_path(self, name):
        """Path of the file in which the daemon keeps a persistent domain's XML."""
        return os.path.join(self.folder, "etc", "qemu", f"{name}.xml")

    def qemu_log(self, name):
        return os.path.join(self.folder, "log", "qemu", f"{name}.log")
