# SPDX-License-Identifier: LGPL-2.1-or-later
"""Status files and migration cookies are mutated by libFuzzer: no crash, and nothing that
AddressSanitizer or UBSan has to say."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import TESTS

ORDER = "fuzz"
pytestmark = pytest.mark.soak
# libvirt's own test that is built as the targets are
OWN = "qemumigrationcookiexmltest"
# The data of libvirt's tests to begin with
CORPORA = {"status": "qemustatusxml2xmldata", "cookie": "qemumigrationcookiexmldata"}


@pytest.fixture(scope="module")
def commands(series):
    """How clang compiles and links libvirt's own test, in the folder of the build"""
    series.make("packages for fuzz", """
need_packages fuzz || exit 1
major=$(clang -dumpversion) || exit 1
have_packages "libclang-rt-${major%%.*}-dev\"""")
    build = Path(series.built("series", "--sanitize", "fuzzer", f"--targets=tests/{OWN}"))
    said = subprocess.run(["ninja", "-C", build, "-t", "commands", f"tests/{OWN}"], check=True,
                          text=True, stdout=subprocess.PIPE).stdout.splitlines()
    compiling, = [line for line in said if line.endswith(f"-c ../tree/tests/{OWN}.c")]
    return build, shlex.split(compiling), shlex.split(said[-1])


def make(logged, commands, name):
    """Builds the target @name; returns its path."""
    build, compiling, linking = commands
    folder = build / "fuzz" / name
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in (f"{name}.c", "fuzz.c"):
        objects.append(f"{folder / source}.o")
        logged(*compiling[:compiling.index("-MD")], "-Wno-missing-prototypes", f"-I{TESTS}/fuzz", "-o", objects[-1], "-c",
               TESTS / "fuzz" / source, cwd=build)
    at = linking.index("-o")
    assert linking[at + 2].endswith(f"{OWN}.c.o"), linking[at + 2]
    # Beside it, from where it finds libraries
    target = build / "tests" / f"fuzz-{name}"
    logged(*linking[:at + 1], target, *objects, *linking[at + 3:], "-fsanitize=fuzzer", cwd=build)
    return target


@pytest.mark.parametrize("name", sorted(CORPORA))
@pytest.mark.timeout(7200)
def test_fuzz(series, commands, request, logged, tell, name):
    target = make(logged, commands, name)
    corpus = series.tree("series") / "tests" / CORPORA[name]
    assert list(corpus.glob("*-in.xml")), f"no input in {corpus}"
    corpora = [corpus]
    if request.config.option.corpus:
        corpora.append(Path(request.config.option.corpus).absolute() / name)
    found, kept = (commands[0] / "fuzz" / name / what for what in ("found", "kept"))
    for path in (found, kept):
        path.mkdir(exist_ok=True)
    said = logged(target, f"-max_total_time={int(60 * request.config.option.minutes)}",
                  "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1",
                  f"-dict={TESTS}/fuzz/words.dict", f"-artifact_prefix={kept}/", found, *corpora,
                  env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1",
                       "UBSAN_OPTIONS": "print_stacktrace=1:suppressions="
                                        f"{TESTS}/harness/undefined.supp"}, cwd=kept)
    runs, = [int(match[1]) for line in said if (match := re.match(r"Done (\d+) runs", line))]
    cover = [match[1] for line in said if (match := re.search(r" cov: (\d+) ", line))]
    assert runs > 1000 and int(cover[-1]) > int(cover[0]), f"{runs} runs, coverage {cover[-1:]}"
    tell(f"{runs} inputs, coverage {cover[0]} to {cover[-1]}")
