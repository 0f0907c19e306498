# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bare guest on QEMU alone: it boots, ticks, sleeps, survives a migration, and
notices memory that is not as it left it."""

import contextlib
import json
import mmap
import os
import re
import socket
import struct
import subprocess
import time

import pytest

from cases import Failure, check

GROUP = ORDER = "bench"

# The kernel that QEMU is given
KERNEL = os.path.realpath(os.path.join(os.path.dirname(__file__), "../..", ".work/build/tools",
                                       "tests/guest/bare/bare-guest"))

PAGE = 4096
MAGIC = 0x6a6f626775657374      # as in tests/guest/pattern.h
TIMEOUT = 60


class Machine:
    """QEMU with the bare guest. Its memory is a file, so that the test can change it;
    it is no multiple of 256 KiB, see tests/harness/guest.py."""

    def __init__(self, folder, name, settings, incoming=None, memory_kib=16384 + 8):
        self.console = os.path.join(folder, f"{name}.console")
        self.memory = os.path.join(folder, f"{name}.memory")
        path = os.path.join(folder, f"{name}.qmp")
        self.errors = open(os.path.join(folder, f"{name}.errors"), "w+")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-machine", "pc,memory-backend=ram",
             "-m", f"{memory_kib}k", "-object",
             f"memory-backend-file,id=ram,size={memory_kib}k,mem-path={self.memory},share=on",
             "-nodefaults", "-display", "none", "-serial", f"file:{self.console}",
             "-qmp", f"unix:{path},server=on,wait=off", "-kernel", KERNEL, "-append", settings]
            + (["-incoming", incoming] if incoming else []), stderr=self.errors)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT)
        try:
            self.wait(lambda: self._connect(path), "made no monitor")
            self._answers = self._socket.makefile()
            self._answers.readline()
            self.qmp("qmp_capabilities")
        except ConnectionError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(TIMEOUT)
            why = self.why_ended()
            self.end()
            raise Failure(f"{error}: {why}") from error
        except BaseException:
            self.end()      # nobody else knows of it
            raise

    def _connect(self, path):
        try:
            self._socket.connect(path)
            return True
        except (FileNotFoundError, ConnectionRefusedError):     # not yet; not yet listening
            return False

    def qmp(self, command, **arguments):
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            line = self._answers.readline()
            if not line:
                raise Failure(f"{command}: {self.why_ended()}")
            answer = json.loads(line)
            if "error" in answer:
                raise Failure(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def why_ended(self):
        self.errors.seek(0)
        return f"QEMU has ended: {self.errors.read().strip() or self.process.poll()}"

    def end(self):
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def text(self):
        try:
            with open(self.console) as file:
                text = file.read()
        except FileNotFoundError:
            return ""
        return text[:text.rfind("\n") + 1]  # the last line may not be complete

    def count(self, pattern):
        return len(re.findall(pattern, self.text(), re.MULTILINE))

    def wait(self, condition, what):
        end = time.monotonic() + TIMEOUT
        while not condition():
            check(self.process.poll() is None, self.why_ended())
            check(time.monotonic() < end, f"QEMU or its guest {what} within {TIMEOUT} s")
            time.sleep(0.05)

    def wait_for(self, pattern, times=1):
        self.wait(lambda: self.count(pattern) >= times, f"did not say {pattern}")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @contextlib.contextmanager
    def stopped_memory(self):
        """The guest's memory, while it is stopped"""
        self.qmp("stop")
        with open(self.memory, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            yield memory
        self.qmp("cont")


@pytest.fixture(scope="module", autouse=True)
def kernel(series):
    series.make("bare guest", 'configure_ours "$work/build/tools" >&2 && '
                'ninja -C "$work/build/tools" tests/guest/bare/bare-guest >&2')


@contextlib.contextmanager
def machine(*args, **settings):
    made = Machine(*args, **settings)
    try:
        yield made
    finally:
        made.end()


def find_page(memory, number):
    """Where the guest has the page @number of its area"""
    wanted = struct.pack("<Q", MAGIC ^ number)
    for at in range(0, len(memory) - PAGE, PAGE):
        if memory[at:at + 8] == wanted:
            return at
    raise Failure(f"page {number} is not in memory")


def test_bare_guest_boots_and_keeps_its_rates(folder):
    began = time.monotonic()
    with machine(folder, "a", "seed=3 mem=2 dirty=500 verify=512 beat=50") as guest:
        guest.wait_for(r"^heartbeat 1$")
        first = time.monotonic()
        guest.wait_for(r"^memory ok pass", 3)
        seconds = time.monotonic() - first
        text = guest.text()
    check(text.startswith("guest start seed 3 mem 2 dirty 500 verify 512 beat 50\n"),
          f"it begins with {text[:80]!r}")
    check("BAD" not in text, text)
    beats = [int(beat) for beat in re.findall(r"^heartbeat (\d+)$", text, re.MULTILINE)]
    check(beats == list(range(1, len(beats) + 1)), f"beats are missing: {beats}")
    check(len(beats) <= (seconds + 0.5) * 20 * 1.1, f"{len(beats)} beats in {seconds:.1f} s")
    # By the guest's own clock, however busy the machine is: a pass is 512 pages at
    # 512 a second, with 500 writes and 20 beats a second.
    passes = [int(writes) for writes in re.findall(r"^memory ok pass \d+ writes (\d+)$", text,
                                                   re.MULTILINE)]
    each = passes[2] - passes[1]
    check(490 <= each <= 510, f"{each} writes in a second of the guest, not 500")
    between = text.split("memory ok pass 2 ")[1].split("memory ok pass 3 ")[0]
    count = between.count("heartbeat")
    check(10 <= count <= 21, f"{count} beats in a second of the guest, not 20")
    check(first - began < TIMEOUT, "slow")


def test_bare_guest_sleeps_between_ticks(folder):
    with machine(folder, "a", "mem=4 dirty=64 verify=64") as guest:
        guest.wait_for(r"^heartbeat 10$")
        before = guest.cpu_seconds()
        time.sleep(3)
        used = (guest.cpu_seconds() - before) / 3
    check(used < 0.25, f"it takes {100 * used:.0f} % of a processor")


def test_bare_guest_survives_a_migration(folder):
    settings = "mem=8 dirty=2000 verify=4096 beat=20"
    path = f"unix:{folder}/migration"
    with machine(folder, "from", settings) as source:
        source.wait_for(r"^memory ok pass", 2)
        with machine(folder, "to", settings, incoming=path) as destination:
            source.qmp("migrate", uri=path)
            source.wait(lambda: source.qmp("query-migrate").get("status") in
                        ("completed", "failed"), "did not migrate")
            status = source.qmp("query-migrate")["status"]
            check(status == "completed", f"the migration {status}")
            check(not source.qmp("query-status")["running"], "the source goes on")
            last = max(int(beat) for beat in re.findall(r"^heartbeat (\d+)$", source.text(),
                                                        re.MULTILINE))
            destination.wait_for(r"^memory (ok|BAD) pass", 3)
            text = destination.text()
            check("BAD" not in source.text() and "BAD" not in text, text[-500:])
            check("guest start" not in text, "it booted again")
            beats = [int(beat) for beat in re.findall(r"^heartbeat (\d+)$", text, re.MULTILINE)]
            # One line may have been under way.
            check(beats and last < beats[0] <= last + 2, f"beats {last}, then {beats[:1]}")


def test_bare_guest_notices_a_changed_byte(folder):
    with machine(folder, "a", "mem=2 dirty=10 verify=512") as guest:
        guest.wait_for(r"^memory ok pass", 2)
        with guest.stopped_memory() as memory:
            at = find_page(memory, 77) + 3000
            memory[at] ^= 1
        guest.wait_for(r"^memory BAD page 77 word 375 ")
        guest.wait_for(r"^memory BAD pass")
        passes = guest.count(r"^memory ok pass")
        guest.wait_for(r"^memory BAD pass", 3)
        check(guest.count(r"^memory ok pass") == passes, "it says ok again")


def test_bare_guest_notices_an_older_page(folder):
    with machine(folder, "a", "mem=1 dirty=2000 verify=256") as guest:
        guest.wait_for(r"^memory ok pass", 1)
        with guest.stopped_memory() as memory:
            at = find_page(memory, 5)
            old = memory[at:at + PAGE]
        guest.wait_for(r"^memory ok pass", 3)
        with guest.stopped_memory() as memory:
            check(memory[at:at + PAGE] != old, "the page was not rewritten")
            memory[at:at + PAGE] = old
        guest.wait_for(r"^memory BAD page 5 word 1 ")


def test_bare_guest_refuses_an_area_that_does_not_fit(folder):
    with machine(folder, "a", "mem=16") as guest:
        guest.wait_for(r"^guest BAD no room")
        check(guest.count("^heartbeat") == 0, "it goes on")
