# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts that run an installed libvirtd: this system's, or that of a root folder."""

import os
import subprocess

from . import sandbox
from .host import Host, HostError


class InstalledHost(Host):
    """A host that runs the daemon which is installed here."""

    def __init__(self, folder, name, **options):
        super().__init__(folder, name, "/", **options)

    def _daemon(self):
        return ["/usr/sbin/libvirtd"], {}

    def command(self, *argv):
        # Who enters a mount namespace leaves a root that this process was put in.
        root = f"/proc/{self._holder}/root"
        return ["nsenter", f"--root={root}", f"--wd={root}", *super().command(*argv)[1:]]


class RootHost(InstalledHost):
    """A host whose file system is a copy of the folder @root, in which @shown, a folder
    that holds @folder, is seen under its own path. The copy lives as long as the sandbox."""

    def __init__(self, folder, name, root, shown, **options):
        self.root = os.path.join(folder, f"{name}.root")
        layers = [os.path.join(folder, f"{name}.{layer}") for layer in ("upper", "work")]
        for path in (self.root, *layers):
            os.mkdir(path)
        sandbox.mount("overlay", self.root, "overlay", 0,
                      f"lowerdir={root},upperdir={layers[0]},workdir={layers[1]}")
        self._shown = shown
        super().__init__(folder, name, **options)

    def _enter_root(self):
        inside = self.root + self._shown
        os.makedirs(inside, exist_ok=True)
        sandbox.mount(self._shown, inside, None, sandbox.MS_BIND)
        sandbox.mount("proc", f"{self.root}/proc", "proc")
        sandbox.bind("/dev", f"{self.root}/dev")
        sandbox.bind("/sys", f"{self.root}/sys")
        os.chroot(self.root)
        os.chdir("/")
        with open("/etc/hosts", "a"):
            pass    # a root need not have it

    def execute(self, *argv, ok=(0,)):
        """Runs a command inside the host; returns its exit status and its output."""
        run = subprocess.run(self.command("env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C",
                                          "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *argv),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
        if ok and run.returncode not in ok:
            raise HostError(f"{self.name}: {' '.join(argv)}: exit status {run.returncode}: "
                            + "; ".join(run.stdout.splitlines()[-5:]))
        return run.returncode, run.stdout
