# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host whose daemon is that of an ordinary user, and the bus on which daemons are told
that the machine is about to shut down."""

import os
import shutil
import subprocess

from . import sandbox
from .host import Host

# "nobody" and its group, whom the bus has to know
USER = 65534

BUS = """<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
"""


class Bus:
    """A system bus for the hosts that are made after it, with nobody on it but them"""

    def __init__(self, t):
        folder = os.path.join(t.folder, "bus")
        os.mkdir(folder)
        config, socket = os.path.join(folder, "bus.conf"), os.path.join(folder, "socket")
        with open(config, "w") as file:
            file.write(BUS.format(socket=socket))
        self.address = f"unix:path={socket}"
        self._tell = os.path.join(t.tools, "tell-shutdown")
        subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"],
                         stdin=subprocess.DEVNULL, stdout=t.log_file, stderr=t.log_file)
        t.wait(lambda: os.path.exists(socket), 10, "the bus")
        # Of all daemons, which inherit it
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self.address

    def tell_shutdown(self):
        """Says that the machine is about to shut down, as logind does."""
        subprocess.run([self._tell, self.address], check=True)


class SessionHost(Host):
    """A host on which a user runs the daemon: guests are his, and so are all files."""

    path = "/session"

    def __init__(self, *args, **settings):
        # What a daemon of root's has learnt of QEMU is not for others to write.
        settings["cache"] = None
        super().__init__(*args, **settings)
        give_to_user(self.folder)

    def _write(self, name, text):
        super()._write(name, text.replace('"root"', f'"+{USER}"'))

    def _adapt_root(self, scratch):
        for path in (self.folder, self.build):
            sandbox.open_way(path, scratch)

    def _daemon(self):
        command, environment = super()._daemon()
        return (["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command],
                {**environment, "HOME": "/var/lib/libvirt", "XDG_CONFIG_HOME": "/etc",
                 "XDG_CACHE_HOME": "/var/cache", "XDG_DATA_HOME": "/var/lib",
                 "XDG_RUNTIME_DIR": "/run"})

    def _state_path(self, name):
        return os.path.join(self.folder, "run", "qemu", "run", name)

    def saved_path(self, name):
        return os.path.join(self.folder, "etc", "qemu", "save", f"{name}.save")

    def qemu_log(self, name):
        return os.path.join(self.folder, "cache", "qemu", "log", f"{name}.log")


def give_to_user(folder):
    """Has the user own the folder and all that is in it."""
    for path, _, files in os.walk(folder):
        for name in ("", *files):
            shutil.chown(os.path.join(path, name), USER, USER)
