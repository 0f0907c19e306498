# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test guest: its definition, what its console says, and its disk."""

import os
import re
import subprocess
import time
import uuid

BOOT_TIMEOUT = 240    # on a machine that is busy with other builds

XML = """
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    {initrd}
    <cmdline>{cmdline}</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='{disk_format}' cache='none'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
      {disk_extra}
    </disk>
    <controller type='usb' model='none'/>
    <serial type='file'>
      <source path='{console}' append='on'/>
      <target port='0'/>
    </serial>
  </devices>
</domain>
"""

# QEMU before 9.0 loses writes of an emulated guest that migrates, about once in
# fifty migrations: it clears the dirty bits of memory 64 pages at a time without
# telling the emulator (mended in "physmem: Fix migration dirty bitmap coherency
# with TCG memory access"). It does tell it for memory whose size is not a
# multiple of 64 pages; libvirt has no such sizes, so the guest's memory is
# replaced behind its back.
ODD_KIB = 8
ODD_MEMORY = """
  <qemu:commandline>
    <qemu:arg value='-object'/><qemu:arg value='memory-backend-ram,id=odd.ram,size={kib}k'/>
    <qemu:arg value='-machine'/><qemu:arg value='memory-backend=odd.ram'/>
    <qemu:arg value='-m'/><qemu:arg value='{kib}k'/>
  </qemu:commandline>
</domain>
"""

# On a busy machine an emulated timer may miss its test, and the kernel panics.
CMDLINE = ("console=ttyS0 quiet panic=-1 nokaslr mitigations=off no_timer_check "
           "jobguest_seed={seed} jobguest_mem={area} jobguest_dirty={dirty} "
           "jobguest_verify={verify} jobguest_disk={disk_rate}")


class GuestFault(Exception):
    """The guest, its memory or its disk is not as it must be."""


class Guest:
    """A Linux guest that checks its own memory and writes to its disk.

    @tools: folder with guest-init's initramfs, the kernel and check-disk.
    @area: MiB of memory with a pattern, of which @dirty KiB a second change.
    @disk_rate: blocks of 4 KiB written per second.
    @odd_memory: whether to work around QEMU's loss of memory (see ODD_MEMORY).
    """

    def __init__(self, folder, tools, name="guest", area=64, dirty=4096, verify=64,
                 disk_mib=64, disk_rate=20, disk_format="raw", disk_extra="", seed=1,
                 odd_memory=True):
        self._make(folder, tools, name, disk_mib, disk_format, seed)
        self._define(
            area + 96, "vmlinuz", CMDLINE.format(seed=seed, area=area, dirty=dirty,
                                                 verify=verify, disk_rate=disk_rate),
            f"<initrd>{os.path.join(tools, 'initramfs')}</initrd>", disk_extra, odd_memory)

    def _make(self, folder, tools, name, disk_mib, disk_format="raw", seed=1):
        """Makes the guest's folder and its disk."""
        self.name = name
        self.folder = os.path.join(folder, name)
        self.disk = os.path.join(self.folder, f"disk.{disk_format}")
        self.console = os.path.join(self.folder, "console.log")
        self.seed = seed
        self._tools = tools
        self._disk_format = disk_format
        os.makedirs(self.folder)
        subprocess.run(["qemu-img", "create", "-q", "-f", disk_format, self.disk,
                        f"{disk_mib}M"], check=True)

    def _define(self, memory, kernel, cmdline, initrd="", disk_extra="", odd_memory=True):
        """Writes the guest's definition, with @memory MiB."""
        self.xml = XML.format(
            name=self.name, uuid=uuid.uuid4(), memory=memory,
            kernel=os.path.join(self._tools, kernel), initrd=initrd, cmdline=cmdline,
            disk=self.disk, disk_format=self._disk_format, disk_extra=disk_extra,
            console=self.console)
        if odd_memory:
            self.xml = self.xml.replace("</domain>", ODD_MEMORY.format(
                kib=memory * 1024 + ODD_KIB).strip())

    def start(self, host, wait=True):
        """Defines the guest on @host unless it is defined, starts it and waits
        until its memory and its disk have been checked once. Returns the domain."""
        domain = host.conn.defineXML(self.xml)
        if not domain.isActive() and os.path.exists(self.console):
            os.truncate(self.console, 0)    # an earlier run must not pass for this one
        domain.create()
        if wait:
            self.wait_ready()
        return domain

    def _text(self):
        try:
            with open(self.console, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def lines(self):
        """What the console has said since the guest last booted, as lines."""
        text = self._text()
        # The last line may not be complete yet.
        text = text[max(text.rfind("guest start "), 0):text.rfind("\n") + 1]
        return text.splitlines()

    def raise_faults(self):
        """Raises GuestFault if the guest has found something wrong."""
        for line in self.lines():
            if re.search(r"\bBAD\b|Kernel panic|BUG:|Oops|Call Trace|I/O error", line):
                raise GuestFault(f"the guest says: {line}; log {self.console}")

    def _last(self, pattern):
        """Returns the number that matches the last line with @pattern, or -1."""
        found = re.findall(pattern, "\n".join(self.lines()), re.MULTILINE)
        return int(found[-1]) if found else -1

    def memory_pass(self):
        return self._last(r"^memory ok pass (\d+)")

    def disk_safe(self):
        return self._last(r"^disk safe (\d+)")

    def heartbeat(self):
        return self._last(r"^heartbeat (\d+)")

    def wait_ready(self):
        self.wait(lambda: self.memory_pass() >= 1 and self.disk_safe() >= 0,
                   BOOT_TIMEOUT, "did not get ready")

    def wait(self, condition, timeout, what):
        deadline = time.monotonic() + timeout
        while not condition():
            self.raise_faults()
            if time.monotonic() > deadline:
                raise GuestFault(f"the guest {what} within {timeout} s; log {self.console}")
            time.sleep(0.1)
        self.raise_faults()

    def check_alive(self, timeout=60):
        """Waits until the guest has checked all its memory and written to its
        disk from now on; raises GuestFault if anything is wrong with it."""
        # One pass may be under way and must not count.
        memory, disk = self.memory_pass() + 2, self.disk_safe() + 1
        beat = self.heartbeat() + 1
        self.wait(lambda: (self.memory_pass() >= memory and self.disk_safe() >= disk
                            and self.heartbeat() >= beat),
                   timeout, "stopped checking its memory or writing to its disk")

    def check_disk(self):
        """Checks the disk of the guest, which must be off: every block that it
        reported must be there. Returns the number of the last one."""
        last = self.disk_safe()
        if last < 0:
            raise GuestFault(f"the guest never wrote to its disk; log {self.console}")
        raw = self.disk
        if self._disk_format != "raw":
            raw = self.disk + ".raw"
            subprocess.run(["qemu-img", "convert", "-O", "raw", self.disk, raw], check=True)
        done = subprocess.run([os.path.join(self._tools, "check-disk"), raw,
                               str(self.seed), str(last)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise GuestFault(done.stdout.strip().replace("\n", "; "))
        return last
