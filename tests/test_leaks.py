# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a daemon has lost of its memory is told (harness/leaks.py)."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import leaks
from harness.host import LOOK_FOR_LEAKS, SANITIZERS, sanitizer_faults

GROUP = "leaks"
ORDER = "tooling"

# As GCC 12 and 14 have it, shortened
REPORT = """
=================================================================
==4711==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 48 byte(s) in 2 object(s) allocated from:
    #0 0x7f1a2f2b83b7 in __interceptor_calloc ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:77
    #1 0x7f1a2e6d8670 in g_malloc0 (/usr/lib/libglib-2.0.so.0+0x5a670)
    #2 0x7f1a2ec00001 in virDemoNew ../tree/src/util/virdemo.c:12
    #3 0x7f1a29e00002  (/nowhere/libvirt_driver_demo.so+0x2) (BuildId: 0123456789abcdef)
    #4 0x7f1a29e00003  (<unknown module>)

Direct leak of 4096 byte(s) in 1 object(s) allocated from:
    #0 0x7f1a2f2b89cf in __interceptor_malloc ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x7f1a2e6d8670 in g_strdup (/usr/lib/libglib-2.0.so.0+0x77670)
    #2 0x7f1a2ec00004 in virOtherCopy ../tree/src/util/virother.c:34
    #3 0x7f1a2ec00005 in virOtherCall ../tree/src/util/virother.c:56

Indirect leak of 16 byte(s) in 1 object(s) allocated from:
    #0 0x7f1a2f2b89cf in __interceptor_malloc ../../../../src/libsanitizer/asan/asan_malloc_linux.cpp:69
    #1 0x7f1a2ec00006 in virDemoFill ../tree/src/util/virdemo.c:78

SUMMARY: AddressSanitizer: 4160 byte(s) leaked in 4 allocation(s).
"""
OTHER = ("4096 bytes in 1 lost: g_strdup < virOtherCopy (virother.c:34) < "
         "virOtherCall (virother.c:56)")
FILLED = "16 bytes in 1 lost: virDemoFill (virdemo.c:78)"
DEMO = "48 bytes in 2 lost: virDemoNew (virdemo.c:12) < ?? (libvirt_driver_demo.so) < ??"

# A driver that is loaded when the sanitizer knows its modules already, and loses memory.
DRIVER = """
#include <stdlib.h>
static void *lose(size_t size) { return malloc(size); }
void *driverCall(void);
void *driverCall(void) { void *volatile lost = lose(77); lost = NULL; return lost; }
"""
DAEMON = """
#include <dlfcn.h>
#include <stddef.h>
int main(int argc, char **argv)
{
    void *handle;
    void *(*call)(void);

    if (argc < 2 || !(handle = dlopen(argv[1], RTLD_NOW)))
        return 3;
    call = (void *(*)(void)) dlsym(handle, "driverCall");
    return call() != NULL;
}
"""


@pytest.fixture
def report(folder):
    def write(text):
        path = Path(folder, "sanitizer.1")
        path.write_text(text)
        return path
    return write


def test_leaks_are_told(report):
    path = report(REPORT)
    assert leaks.unknown(path, []) == [OTHER, DEMO]
    assert sanitizer_faults(path) == []


def test_leaks_that_are_known(report):
    path = report(REPORT)
    for text, found in (("g_strdup < virOtherCopy: a reason", [DEMO]),
                        ("# these\ng_strdup < virOtherCopy < virOtherCall: a reason\n"
                         "virDemoNew: another\n", [FILLED]),
                        ("g_strdup < virOtherCopy: a\nvirDemoNew: b\nvirDemoFill: c", []),
                        ("virOtherCopy: whatever it has called\ng_strdup < virOtherCall: not so\n"
                         "virDemo: nor so", [OTHER, DEMO])):
        assert leaks.unknown(path, leaks.known(text)) == found, text
    with pytest.raises(ValueError, match="no reason"):
        leaks.known("virDemoNew")
    assert leaks.known() is not None    # that which is used


def test_leaks_in_a_circle(report):
    """Each of two objects points to the other one: nothing is lost directly."""
    path = report(re.sub(r"Direct leak(.|\n)*?\n\n", "", REPORT))
    assert leaks.unknown(path, []) == [FILLED]


def test_leaks_and_other_faults(report):
    path = report("x.c:5:3: runtime error: signed integer overflow: 2 + 2\n" + REPORT)
    assert sanitizer_faults(path) == ["runtime error: signed integer overflow: 2 + 2"]
    assert leaks.unknown(path, []) == [OTHER, DEMO]
    text = "LeakSanitizer has encountered a fatal error."
    assert leaks.unknown(report(f"==4711=={text}\n"), []) == [text]


def test_leaks_of_a_driver(folder):
    """By the compiler that is here. The function of the driver that has lost it is named."""
    for name, text, options in (("driver", DRIVER, ["-shared", "-fPIC"]), ("daemon", DAEMON, [])):
        Path(folder, f"{name}.c").write_text(text)
        subprocess.run(["gcc", "-g", "-O1", "-fsanitize=address,undefined", *options, f"{name}.c",
                        "-o", name], cwd=folder, check=True)
    environment = {name: value.format(folder=folder) for name, value in SANITIZERS.items()}
    environment["ASAN_OPTIONS"] += LOOK_FOR_LEAKS
    subprocess.run(["./daemon", "./driver"], cwd=folder, check=False,
                   env={**os.environ, **environment})
    path, = Path(folder).glob("sanitizer.*")
    found = leaks.unknown(path, [])
    assert len(found) == 1 and found[0].startswith("77 bytes in 1 lost: lose (driver.c:3) < "
                                                   "driverCall (driver.c:5) < main "), found
    assert sanitizer_faults(path) == []
    assert leaks.unknown(path, [("lose", "driverCall")]) == []
