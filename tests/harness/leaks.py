# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a daemon that has ended says of memory that it has lost (pytest --sanitize address
--leaks): AddressSanitizer's report, with names for the functions of drivers, which it does
not know as they are loaded late, and without what unpatched libvirt loses (leaks.known)."""

import os
import re
import subprocess

BEGIN = re.compile(r"^(Direct|Indirect) leak of (\d+) byte")
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ (?:in (\S+) )?.*?(?:\((/[^)+]+)\+0x([0-9a-f]+)\))?(?: \(Build.*)?$")
KNOWN = os.path.join(os.path.dirname(__file__), "leaks.known")


def _known():
    """Functions with what the known leaks begin, or with what they end"""
    with open(KNOWN) as file:
        return {line.split()[0] for line in file if line.strip() and not line.startswith("#")}


def _names(frames):
    """The function of each of @frames: name, module, offset"""
    unknown = {}
    for name, module, offset in frames:
        if not name and module:
            unknown.setdefault(module, []).append(offset)
    found = {}
    for module, offsets in unknown.items():
        told = subprocess.run(["addr2line", "-f", "-e", module, *(f"0x{o}" for o in offsets)],
                              capture_output=True, text=True, check=True).stdout.split("\n")
        found.update(((module, offset), told[2 * at]) for at, offset in enumerate(offsets))
    return [name or found.get((module, offset), "??") for name, module, offset in frames]


def leaks(path):
    """The leaks of a report that are not known, each as text"""
    found, stack = [], None
    with open(path, errors="replace") as file:
        for line in file:
            if begin := BEGIN.match(line):
                stack = [] if begin.group(1) == "Direct" else None
                if stack is not None:
                    found.append((int(begin.group(2)), stack))
            elif stack is not None:
                if frame := FRAME.match(line):
                    stack.append(frame.groups())
                else:
                    stack = None
    known = _known()
    told = []
    for size, stack in found:
        names = _names(stack)
        if not known.intersection(names):
            told.append(f"{size} bytes leaked by {' < '.join(names[:8])}")
    return list(dict.fromkeys(told))
