# SPDX-License-Identifier: LGPL-2.1-or-later
"""What memory a daemon has lost that has ended (pytest --sanitize address --leaks): the report of
LeakSanitizer, with names for the functions of drivers, which it does not have as they are loaded
late, and without what is no fault of the series (leaks.known)."""

import os
import re
import subprocess

LEAK = re.compile(r"^(Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object")
# A function and its source, or the module and an offset in it if there is no source, or no name.
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+\s+(?:in (?P<name>.+?) )?\s*"
                   r"(?:(?P<source>[^\s(]+:\d+)|\((?P<module>/[^)]*)\+0x(?P<offset>[0-9a-f]+)\))?")
# It has looked for leaks in vain.
UNABLE = re.compile(r"(LeakSanitizer has encountered a fatal error.*)")
ALLOCATOR = re.compile(r"(__interceptor_|g_malloc|g_realloc|g_try_).*|"
                       r"(malloc|calloc|realloc|reallocarray|strn?dup|v?asprintf)$")
SHOWN = 8       # functions of a leak
KNOWN = os.path.join(os.path.dirname(__file__), "leaks.known")


def known(text=None):
    """The lists of functions of leaks.known, each with what a stack begins with"""
    if text is None:
        with open(KNOWN) as file:
            text = file.read()
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line[0] != "#":
            names, _, reason = line.partition(": ")
            if not reason.strip():
                raise ValueError(f"{KNOWN}: no reason: {line}")
            found.append(tuple(names.split(" < ")))
    return found


def _lookup(frames):
    """(name, source) of what has none in @frames, innermost first, by module and offset"""
    wanted = {}
    for frame in frames:
        if frame["module"] and not frame["name"]:
            wanted.setdefault(frame["module"], set()).add(int(frame["offset"], 16))
    found = {}
    for module, offsets in wanted.items():
        if not os.path.exists(module):
            continue
        lines = iter(subprocess.run(
            ["addr2line", "--addresses", "--functions", "--inlines", "--exe", module,
             *map(hex, sorted(offsets))], stdout=subprocess.PIPE, text=True,
            check=True).stdout.splitlines())
        for line in lines:
            if line.startswith("0x"):
                at = found[module, int(line, 16)] = []
            else:
                at.append((line, next(lines).partition(" (")[0]))
    return found


def read(path):
    """The leaks of a report: {direct, bytes, objects, stack: (name, source), from where the
    memory was asked for to who has called that}"""
    found, frames = [], None
    with open(path, errors="replace") as file:
        for line in file:
            if match := LEAK.match(line):
                frames = []
                found.append({"direct": match[1] == "Direct", "bytes": int(match[2]),
                              "objects": int(match[3]), "stack": frames})
            elif frames is not None and (match := FRAME.match(line)):
                frames.append(match.groupdict())
            else:
                frames = None
    names = _lookup([frame for leak in found for frame in leak["stack"]])
    for leak in found:
        stack = []
        for frame in leak["stack"]:
            at = frame["module"] and (frame["module"], int(frame["offset"], 16))
            stack += [(frame["name"], frame["source"] or "")] if frame["name"] else \
                names.get(at) or [("??", os.path.basename(frame["module"] or ""))]
        while len(stack) > 1 and ALLOCATOR.match(stack[0][0]):
            del stack[0]
        leak["stack"] = stack
    return found


def _is_known(stack, lists):
    names = tuple(name for name, _ in stack)
    return any(names[:len(functions)] == functions for functions in lists)


def told(leak):
    stack = [f"{name} ({os.path.basename(source)})" if source else name
             for name, source in leak["stack"][:SHOWN]]
    return f"{leak['bytes']} bytes in {leak['objects']} lost: {' < '.join(stack)}"


def unknown(path, lists=None):
    """The leaks in the report at @path that are not known, a text each, the largest first.
    Memory that only lost memory points to is told of if nothing else is: objects may point
    to one another."""
    lists = known() if lists is None else lists
    with open(path, errors="replace") as file:
        unable = [match[1] for match in map(UNABLE.search, file) if match]
    found = [leak for leak in read(path) if not _is_known(leak["stack"], lists)]
    found = [leak for leak in found if leak["direct"]] or found
    return unable + list(dict.fromkeys(
        told(leak) for leak in sorted(found, key=lambda leak: -leak["bytes"])))
