# SPDX-License-Identifier: LGPL-2.1-or-later
"""What QEMU cannot do, so that no libvirt can: each fails once a QEMU can do it."""

import contextlib
import json
import os
import subprocess
import time

from harness import jobs
from harness.scenario import scenario

# MiB of the guest; bytes a second for what is not zero of it, and for its state
MEMORY = 64
RATE = 128 << 10


class Qemu:
    """A QEMU without libvirt whose only disk is on a slow server"""

    def __init__(self, t, image):
        self._process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", str(MEMORY), "-display", "none",
             "-nodefaults", "-qmp", "stdio", "-drive", "if=virtio,format=qcow2,node-name=disk,file="
             + jobs.slow_url(t, image, "write", RATE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=t.log_file, text=True)
        self._read()
        self.ask("qmp_capabilities")

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"QEMU ended with {self._process.wait()}")
        return json.loads(line)

    def send(self, command, arguments):
        self._process.stdin.write(json.dumps(
            {"execute": command, "arguments": arguments, "id": command}) + "\n")
        self._process.stdin.flush()

    def answer(self, command):
        """Waits for what it says to @command, which has been sent."""
        while True:
            told = self._read()
            if told.get("id") == command:
                return told

    def ask(self, command):
        self.send(command, {})
        return self.answer(command)

    def end(self):
        self._process.kill()
        self._process.wait()


class Job:
    """The job of QEMU 6.0 and later, by which libvirt 10.9 and later does it"""
    name = "job"
    command = "snapshot-save"
    arguments = {"job-id": "job", "tag": "s", "vmstate": "disk", "devices": ["disk"]}


class Monitor:
    """The command of the human monitor, by which older ones do"""
    name = "monitor"
    command = "human-monitor-command"
    arguments = {"command-line": "savevm s"}


@scenario(kinds=[Job, Monitor], timeout=120)
def qemu_makes_snapshot(t, kind):
    """QEMU makes an internal snapshot, and answers no command before it has. That it is a job of
    QEMU's does not help: not even the command that begins the job is answered."""
    image = os.path.join(t.folder, "image")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "64M"], check=True)
    os.truncate(image, 1 << 30)     # what is offered by NBD does not grow
    with contextlib.ExitStack() as stack:
        qemu = Qemu(t, image)
        stack.callback(qemu.end)
        began = time.monotonic()
        qemu.send(kind.command, kind.arguments)
        time.sleep(1)
        asked = time.monotonic()
        qemu.send("query-status", {})
        t.check("return" in qemu.answer(kind.command), "the snapshot failed")
        took = time.monotonic() - began
        qemu.answer("query-status")
        waited = time.monotonic() - asked
    t.log(f"the snapshot took {took:.1f} s, the status was told after {waited:.1f} s")
    t.tell(f"no answer for {waited:.1f} s")
    t.check(took > 4, f"the snapshot took {took:.1f} s only, or is made in the background now")
    t.check(waited > took - 2, f"QEMU told its status after {waited:.1f} of {took:.1f} s")
