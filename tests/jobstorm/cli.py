#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-jobstorm as a user has it: options, files, exit statuses, signals, and what
is installed. On libvirt's test driver; prints TAP.

usage: cli.py PROGRAM SCHEMA BUILD
"""

import base64
import collections
import copy
import csv
import fcntl
import json
import math
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import zlib

import jsonschema

PROGRAM, SCHEMA, BUILD = sys.argv[1:4]
TEST = ("--uri", "test:///default", "--domain", "test")
CALLS = ("--call", "domstats,dominfo,domblkstat,domifstat,vcpuinfo,dumpxml,domblkinfo")
CASES = []


class Fault(Exception):
    """What a case has found"""


def case(function):
    CASES.append(function)
    return function


def check(condition, text):
    if not condition:
        raise Fault(text)


def finish(process, status, limit=60):
    output = process.communicate(timeout=limit)[0]
    check("Sanitizer" not in output and "runtime error" not in output, output)
    check(process.returncode == status, f"exit status {process.returncode}: {output}")
    return output


def start(*args):
    return subprocess.Popen([PROGRAM, *args], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def run(*args, status=0):
    return finish(start(*args), status)


def results(folder, *args, status=0):
    """Runs it; returns JSON, which fits the schema, the rows, and the output."""
    files = (os.path.join(folder, "result.json"), os.path.join(folder, "queries.csv"))
    output = run(*args, "--json", files[0], "--timeline", files[1], status=status)
    return (*read_results(*files), output)


def read_results(path, timeline):
    with open(path) as file:
        result = json.load(file)
    jsonschema.Draft7Validator(schema()).validate(result)
    with open(timeline, newline="") as file:
        rows = list(csv.DictReader(file))
    for host in result["hosts"]:
        for part in (host["all"], *host["calls"]):
            check(sum(part["outcomes"].values()) == part["queries"], f"sum of {part}")
            check(part["latency"]["count"] == part["queries"], f"latencies of {part}")
        check(sum(call["queries"] for call in host["calls"]) == host["all"]["queries"],
              "the calls do not add up")
        for call in host["calls"]:
            check(sum(count for _, count in call["histogram_us"]) == call["queries"],
                  "the histogram does not add up")
    check(len(rows) == sum(host["all"]["queries"] for host in result["hosts"]),
          "not a row for each query")
    return result, rows


def sanitized():
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json")) as file:
        return next(option["value"] for option in json.load(file)
                    if option["name"] == "b_sanitize") != "none"


def schema():
    with open(SCHEMA) as file:
        return json.load(file)


@case
def json_fits_schema(folder):
    jsonschema.Draft7Validator.check_schema(schema())
    result = results(folder, *TEST, *CALLS, "--seconds", "0.5", "--clients", "3")[0]
    check(len(result["hosts"][0]["calls"]) == 7, "not 7 calls")
    check(not result["faults"] and not result["interrupted"], f"{result['faults']}")
    # The schema is one that finds faults.
    for change in (lambda r: r.pop("rounds"), lambda r: r["hosts"].clear(),
                   lambda r: r["hosts"][0]["all"].pop("late"),
                   lambda r: r["hosts"][0]["all"].update(late=-1),
                   lambda r: r.update(more=1), lambda r: r.update(duration_ms="1")):
        broken = copy.deepcopy(result)
        change(broken)
        check(not jsonschema.Draft7Validator(schema()).is_valid(broken), "anything fits")


@case
def percentiles_are_those_of_the_rows(folder):
    result, rows, _ = results(folder, *TEST, "--seconds", "1", "--clients", "2")
    latencies = sorted(float(row["latency_us"]) for row in rows)
    check(len(latencies) > 1000, f"only {len(latencies)} queries")
    latency = result["hosts"][0]["all"]["latency"]
    for name, percent in (("p50_us", 50), ("p90_us", 90), ("p99_us", 99), ("p99_9_us", 99.9),
                          ("max_us", 100)):
        rank = max(math.ceil(round(percent * len(latencies) / 100, 6)), 1)
        exact = latencies[rank - 1]
        # rows are rounded to 0.1 us
        check(-0.06 <= latency[name] - exact <= max(exact, 10) / 1000 + 0.06,
              f"{name}: {latency[name]}, not {exact}")


@case
def rate_is_kept(folder):
    result, rows, _ = results(folder, *TEST, *CALLS, "--seconds", "2", "--clients", "2",
                              "--rate", "50")
    check(result["hosts"][0]["all"]["queries"] == 200, f"{len(rows)} queries, not 200")
    due = sorted(float(row["intended_s"]) for row in rows)
    for number, when in enumerate(due):
        check(abs(when - number / 100) < 1e-5, f"query {number} was due at {when}")
    check(all(float(row["sent_s"]) >= float(row["intended_s"]) for row in rows),
          "one was sent before it was due")


@case
def warm_up_does_not_count(folder):
    result, rows, _ = results(folder, *TEST, "--duration", "1000ms", "--warm-up", "1s",
                              "--rate", "50", "--clients", "2")
    check(len(rows) == 100 and result["warm_up_ms"] == 1000, f"{len(rows)} queries, not 100")
    check(all(0 <= float(row["intended_s"]) < 1 for row in rows), "one of the warm-up")
    check(abs(result["duration_ms"] - 1000) < 1, f"{result['duration_ms']} ms")


@case
def intervals_add_up(folder):
    """A row a second, and the same as histograms, which are decoded here"""
    paths = (f"{folder}/rows.csv", f"{folder}/histograms.hlog")
    result, queries, _ = results(
        folder, *TEST, "--uri", "test:///default", "--duration", "3s", "--rate", "100",
        "--clients", "2", "--interval-log", paths[0], "--hdr-log", paths[1])
    with open(paths[0], newline="") as file:
        rows = list(csv.DictReader(file))
    check(6 <= len(rows) <= 8, f"{len(rows)} rows of two hosts")
    check(sum(int(row["queries"]) for row in rows) == len(queries) == 1200, "queries are lost")
    last = None
    for row in rows[::2]:
        check(float(row["end_s"]) > float(row["begin_s"]) == (last or 0), f"{row}")
        last = float(row["end_s"])
    with open(paths[1]) as file:
        lines = file.read().splitlines()
    check("#[Histogram log format version 1.3]" in lines, f"{lines[:3]}")
    found = collections.Counter()
    for line in lines:
        if line.startswith("Tag="):
            tag, _, _, longest, encoded = line.split(",")
            check(tag == "Tag=" + result["hosts"][0]["name"], tag)
            values = hdr_decoded(encoded)
            check(not values or abs(max(values) / 1e6 - float(longest))
                  <= max(max(values) / 1e9, 0.002), f"{max(values)} is not {longest} ms")
            found.update(values)
    wanted = collections.Counter()
    for host in result["hosts"]:
        for highest, count in host["calls"][0]["histogram_us"]:
            wanted[round(highest * 1000)] += count
    check(found == wanted, f"decoded: {found}, not {wanted}")


def hdr_decoded(text):
    """A histogram in HdrHistogram's compressed form V2: {highest value of a bucket: count}"""
    data = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack(">II", data[:8])
    check((cookie & ~0xf0) == 0x1c849304 and length == len(data) - 8, "not compressed, V2")
    data = zlib.decompress(data[8:])
    cookie, length, offset, digits, lowest, highest, ratio = struct.unpack(">IIIIQQd", data[:40])
    check((cookie & ~0xf0) == 0x1c849303 and length == len(data) - 40, "not encoded, V2")
    check((offset, digits, ratio) == (0, 3, 1.0), f"{offset} {digits} {ratio}")
    sub_buckets = 1 << math.ceil(math.log2(2 * 10 ** digits))
    magnitude = int(math.log2(lowest))
    values, index, at = {}, 0, 40
    while at < len(data):
        number = shift = 0
        for place in range(9):
            byte = data[at]
            at += 1
            number |= (byte if place == 8 else byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        count = number >> 1 ^ -(number & 1)
        if count < 0:
            index -= count
            continue
        if count:
            bucket = max(index // (sub_buckets // 2) - 1, 0)
            place = index if not bucket else index % (sub_buckets // 2) + sub_buckets // 2
            value = ((place + 1) << (bucket + magnitude)) - 1
            check(value <= highest, f"{value} is above {highest}")
            values[value] = count
        index += 1
    return values


@case
def errors_are_counted(folder):
    """The test driver has no monitor, and no job that could be aborted."""
    args = (*TEST, "--disturb", "--rate", "100", "--seconds", "1", "--call")
    result, rows, output = results(folder, *args, "qemu-monitor-command", status=1)
    host = result["hosts"][0]
    check(host["codes"] == [{"code": 3, "count": 100}], f"{host['codes']}")
    check(host["errors"][0]["count"] == 100 and host["errors"][0]["code"] == 3,
          f"{host['errors']}")
    check(host["all"]["outcomes"]["error"] == 100, f"{host['all']}")
    check(all((row["outcome"], row["code"]) == ("error", "3") for row in rows), "other rows")
    check(result["faults"] == ["no query to " + host["name"] + " was answered"]
          and "fault: no query" in output, f"{result['faults']}")
    host = results(folder, *args, "qemu-monitor-command,dominfo")[0]["hosts"][0]
    check(host["all"]["outcomes"]["error"] == host["all"]["outcomes"]["ok"] == 50, f"{host}")
    host = results(folder, *args, "destroy,dominfo")[0]["hosts"][0]
    check(host["calls"][0]["outcomes"]["ok"] == 1
          and host["calls"][0]["outcomes"]["refused"] == 49, f"{host['calls'][0]}")
    check(host["calls"][1]["outcomes"]["off"] >= 49, f"{host['calls'][1]}")


@case
def suspended_is_resumed(folder):
    host = results(folder, *TEST, "--disturb", "--seconds", "0.3", "--call",
                   "suspend,dominfo")[0]["hosts"][0]
    check(host["calls"][0]["outcomes"]["ok"] == host["calls"][0]["queries"] > 1, f"{host}")


@case
def all_domains(folder):
    rows = results(folder, "--uri", "test:///default", "--all-domains", "--seconds", "0.2",
                   "--call", "domstats,dominfo")[1]
    check({(row["call"], row["domain"]) for row in rows} == {("domstats", "*"),
                                                            ("dominfo", "test")}, "other rows")


@case
def nowait_is_asked_for(folder):
    """By what libvirt's client library logs"""
    os.environ.update(LIBVIRT_LOG_FILTERS="1:libvirt.domain",
                      LIBVIRT_LOG_OUTPUTS=f"1:file:{folder}/log")
    try:
        for whose in (TEST, ("--uri", "test:///default", "--all-domains")):
            for args, flags in ((("--nowait",), "0x20000000"), ((), "0x0")):
                with open(f"{folder}/log", "w"):
                    pass
                result = results(folder, *whose, *args, "--rate", "5", "--seconds", "1")[0]
                check(result["nowait"] == bool(args), f"{result['nowait']} with {args}")
                with open(f"{folder}/log") as file:
                    logged = re.findall(r"Stats:\d+ : .*, flags=(\w+)", file.read())
                check(len(logged) == 5 and set(logged) == {flags}, f"{whose} {args}: {logged}")
    finally:
        del os.environ["LIBVIRT_LOG_FILTERS"], os.environ["LIBVIRT_LOG_OUTPUTS"]


@case
def connections_are_those_of_virsh(folder):
    """By what libvirt's client library logs, and by a host that wants a password"""
    os.environ.update(LIBVIRT_LOG_FILTERS="1:libvirt", LIBVIRT_DEFAULT_URI="test:///default",
                      LIBVIRT_LOG_OUTPUTS=f"1:file:{folder}/log")
    try:
        for call, flags in (("domstats", {"0x1"}), ("domstats,migrate-setspeed", {"0x0", "0x1"})):
            open(f"{folder}/log", "w").close()
            result = results(folder, "--domain", "test", "--seconds", "0.5", "--rate", "20",
                             "--call", call)[0]
            check(result["hosts"][0]["uri"] == "test:///default", f"{result['hosts'][0]['uri']}")
            with open(f"{folder}/log") as file:
                found = set(re.findall(r"virConnectOpenAuth:\d+ : .*flags=(\w+)", file.read()))
            check(found == flags, f"{call}: connections of {found}")
    finally:
        for name in ("LIBVIRT_LOG_FILTERS", "LIBVIRT_DEFAULT_URI", "LIBVIRT_LOG_OUTPUTS"):
            del os.environ[name]
    run(*TEST, "--seconds", "1", "--readonly", "--call", "migrate-setspeed", status=2)
    run(*TEST, "--seconds", "1", "--keepalive-interval", "5", status=2)
    path = node(folder, "<auth><user password='secret'>me</user></auth>"
                        "<domain type='test'><name>test</name><memory>4096</memory>"
                        "<os><type>hvm</type></os></domain>")
    args = ("--uri", f"test://{path}", "--domain", "test", "--rate", "5", "--seconds", "1",
            "--clients", "3")
    for words, status in (("me\nsecret\n", 0), ("me\nwrong\n", 2)):
        process, output = on_terminal(words, *args)
        check(process.returncode == status, f"exit status {process.returncode}: {output}")
        check(output.count("Enter username") == 1, f"asked another time than once: {output}")


def on_terminal(words, *args):
    """Runs it on a terminal on which @words are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([PROGRAM, *args], stdin=theirs, stdout=theirs, stderr=theirs,
                               start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    output = ""
    name, password = words.encode().splitlines(keepends=True)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            # getpass() throws away what is typed before it is ready: type again.
            if not select.select([ours], [], [], 1)[0]:
                os.write(ours, password if "assword" in output else name)
                continue
            output += os.read(ours, 4096).decode()
        process.kill()
    except OSError:     # the terminal is closed
        pass
    os.close(ours)
    process.wait(timeout=60)
    return process, output


@case
def gates(folder):
    args = (*TEST, "--seconds", "0.5", "--rate", "100", "--call", "domstats,dominfo")
    results(folder, *args, "--fail-if", "p99>1h", "--fail-if", "dominfo.max>1h", "--fail-if",
            "errors>0", "--max-errors", "0")
    result, _, output = results(folder, *args, "--fail-if", "p99>0us", "--fail-if",
                                "dominfo.queries<=25", "--fail-if", "errors>0%", status=1)
    check([fault.partition(":")[0] for fault in result["faults"]]
          == ["p99>0us", "dominfo.queries<=25"], f"{result['faults']}")
    check("fault: p99>0us: it is " in output, output)
    # what was not measured does not pass
    args = ("--disturb", "--call", "qemu-monitor-command,dominfo", "--rate", "200")
    result = results(folder, *TEST, *args, "--duration", "500ms", "--fail-if",
                     "qemu-monitor-command.p99>1s", status=1)[0]
    check("nothing was measured" in result["faults"][0], f"{result['faults']}")
    result = results(folder, *TEST, *args, "--duration", "1m", "--max-errors", "10", status=1)[0]
    check(10 < result["hosts"][0]["all"]["outcomes"]["error"] < 1000
          and result["duration_ms"] < 30000, "it does not end")


@case
def json_to_standard_output(folder):
    process = subprocess.run([PROGRAM, *TEST, "--duration", "300ms", "--json", "-"], text=True,
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    jsonschema.Draft7Validator(schema()).validate(json.loads(process.stdout))
    check("answered" in process.stderr, process.stderr)


@case
def two_results_are_compared(folder):
    result = results(folder, *TEST, "--duration", "500ms", "--rate", "1000")[0]
    for factor in (1, 2):
        slower = copy.deepcopy(result)
        slower["hosts"][0]["calls"][0]["histogram_us"] = [
            [(1000 + step) * factor, 20] for step in range(100)]
        with open(f"{folder}/{factor}.json", "w") as file:
            json.dump(slower, file)
    output = run("--compare", f"{folder}/1.json", f"{folder}/2.json")
    rows = re.findall(r"domstats +(\S+) .* ([\d.]+)  \(([\d.]+) \.\.\. ([\d.]+)\)", output)
    check([row[0] for row in rows] == ["p50", "p90", "p99", "p99.9"], output)
    for _, ratio, least, most in rows:
        check(float(ratio) == 2 and float(least) <= 2 <= float(most), output)
    check(float(rows[0][3]) - float(rows[0][2]) < 0.1, f"a range so wide says nothing: {output}")
    run("--compare", f"{folder}/1.json", SCHEMA, status=2)
    run("--compare", f"{folder}/1.json", f"{folder}/no/such", status=2)


@case
def watches_until_a_signal(folder):
    files = (os.path.join(folder, "result.json"), os.path.join(folder, "queries.csv"))
    process = start("--watch", "--uri", "test:///default", "--rate", "50", "--json", files[0],
                    "--timeline", files[1])
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    finish(process, 0, limit=20)
    result = read_results(*files)[0]
    check(result["watch"] and not result["rounds"] and not result["interrupted"], f"{result}")
    output = run("--watch", "--uri", "test:///default", "--duration", "200ms", "--fail-if",
                 "downtime>1s", status=1)
    check("nothing was measured" in output, output)


@case
def several_hosts(folder):
    result = results(folder, *TEST, "--uri", "test:///default", "--seconds", "0.2")[0]
    check(len(result["hosts"]) == 2 and all(host["all"]["queries"] for host in result["hosts"]),
          "not two hosts")


@case
def nobody_queries(folder):
    result, rows, _ = results(folder, *TEST, "--clients", "0", "--seconds", "0.2")
    check(not rows and result["hosts"][0]["all"]["queries"] == 0, "there are queries")


@case
def failed_migration(folder):
    """The test driver does not migrate."""
    result, _, output = results(folder, *TEST, "--migrate", f"test://{node(folder)}",
                                status=1)
    check(result["rounds"][0]["error"] and "fault: round 1: " in output, output)


def node(folder, inside=""):
    """A host of the test driver with other domains than the default one"""
    path = os.path.join(folder, "node.xml")
    with open(path, "w") as file:
        file.write(f"<node>{inside}</node>")
    return path


@case
def signals(folder):
    files = (os.path.join(folder, "result.json"), os.path.join(folder, "queries.csv"))
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = start(*TEST, "--rate", "50", "--seconds", "100", "--json", files[0],
                        "--timeline", files[1])
        time.sleep(1.5)
        process.send_signal(signum)
        output = finish(process, 3, limit=20)
        result, rows = read_results(*files)
        check(result["interrupted"] and "interrupted after" in output, "it is not told")
        length = result["duration_ms"] / 1000
        check(length < 30 and abs(len(rows) - 50 * length) <= 2, f"{len(rows)} in {length} s")
        for path in files:
            os.unlink(path)


@case
def signal_before_it_begins(folder):
    """A host that takes the connection and never answers"""
    path = os.path.join(folder, "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        process = start("--uri", f"qemu+unix:///system?socket={path}", "--domain", "test",
                        "--seconds", "1")
        time.sleep(1.5)
        check(process.poll() is None, "it does not wait")
        process.send_signal(signal.SIGINT)
        finish(process, -signal.SIGINT)


@case
def refuses_nonsense(folder):
    for args in ((), TEST, (*TEST, "--seconds", "x"), (*TEST, "--seconds", "1", "--nonsense"),
                 (*TEST, "--seconds", "1", "--call", "nonsense"),
                 (*TEST, "--seconds", "1", "--call", "destroy"),
                 (*TEST, "--seconds", "1", "--call", "dominfo", "--nowait"),
                 (*TEST, "--seconds", "1", "--check", "--nowait"),
                 ("--uri", "test:///default", "--domain", "none", "--seconds", "1"),
                 ("--uri", "nonsense:///", "--domain", "test", "--seconds", "1"),
                 (*TEST, "--seconds", "1", "--timeline", f"{folder}/no/such"),
                 (*TEST, "--seconds", "1", "--heartbeat", f"{folder}/no/such"),
                 (*TEST, "--migrate", "nonsense:///")):
        output = run(*args, status=2)
        check(output.startswith("virt-jobstorm: "), f"{args}: {output}")


@case
def many_clients(folder):
    """Ten thousand clients are refused or work; which, depends on the limits."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    process = subprocess.Popen(
        [PROGRAM, "--uri", f"qemu+unix:///system?socket={folder}/none", "--domain", "test",
         "--seconds", "1", "--clients", "10000"], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
    check("open files" in finish(process, 2), "they are not refused")
    check(resource.getrlimit(resource.RLIMIT_NOFILE) == limit, "our own limit is another")
    # ThreadSanitizer has a limit of its own.
    clients = 500 if sanitized() else 10000
    process = start(*TEST, "--seconds", "1", "--rate", "1", "--clients", str(clients), "--json",
                    f"{folder}/result.json", "--call", "dominfo", "--drain", "60")
    output = process.communicate(timeout=120)[0]
    if process.returncode == 2:
        check("cannot start a thread" in output, output)
    else:
        check(process.returncode == 0, output)
        with open(f"{folder}/result.json") as file:
            host = json.load(file)["hosts"][0]["all"]
        check(host["queries"] == clients == host["outcomes"]["ok"], f"{host}")


@case
def files_that_cannot_be_written(folder):
    run(*TEST, "--seconds", "0.2", "--json", f"{folder}/no/such", status=1)
    output = run(*TEST, "--seconds", "0.2", "--interval-log", "/dev/full", status=1)
    check("fault: cannot write the intervals" in output, output)
    run(*TEST, "--seconds", "0.2", "--hdr-log", f"{folder}/no/such", status=2)
    output = run(*TEST, "--seconds", "0.2", "--timeline", "/dev/full", status=1)
    check("fault: cannot write the timeline" in output, output)


@case
def help_and_man_page_agree(folder):
    text = run("--help")
    for word in ("Examples:", "Exit status:", "copy-storage-all", "parallel-connections"):
        check(word in text, f"--help says nothing of {word}")
    options = set(re.findall(r"--[a-z-]+", text.partition("Migration flags:")[0]))
    check(len(options) > 20, f"{options}")
    env = {**os.environ, "DESTDIR": os.path.join(folder, "dest")}
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   env=env, stdout=subprocess.DEVNULL)
    root = os.path.join(env["DESTDIR"], "usr/local")
    found = {os.path.relpath(os.path.join(where, name), root)
             for where, _, names in os.walk(env["DESTDIR"]) for name in names}
    check(found == {"bin/virt-jobstorm", "share/man/man1/virt-jobstorm.1",
                    "share/bash-completion/completions/virt-jobstorm",
                    "share/locale/de/LC_MESSAGES/virt-jobstorm.mo",
                    "share/locale/fr/LC_MESSAGES/virt-jobstorm.mo",
                    "share/virt-jobstorm/virt-jobstorm.schema.json"}, f"installed: {found}")
    check(os.access(f"{root}/bin/virt-jobstorm", os.X_OK), "it cannot be run")
    with open(f"{root}/share/man/man1/virt-jobstorm.1") as file:
        page = file.read().replace("\\-", "-")
    for option in options - {"--help"}:
        check(option in page, f"the manual page says nothing of {option}")
    for option in set(re.findall(r"^\\fB-[a-zA-Z]\\fP, \\fB(--[a-z-]+)", page, re.M)):
        check(option in options, f"the manual page invents {option}")
    for line in run("--list-calls").splitlines():
        check(f"fI{line.split()[0]}\\fP" in page, f"the manual page says nothing of {line}")
    check(re.match(r"virt-jobstorm \d", run("--version")), "no version")


LANGUAGES = {
    "de_DE": ("Beispiele:", "Abfragen", "Mangel: p99>0us: es ist ", "unbekannter Aufruf", "."),
    "fr_FR": ("Exemples :", "requêtes", "défaut : p99>0us : c'est ", "appel inconnu", "\u202f"),
}


@case
def translations(folder):
    """Each language with its locale; what programs read stays as it is."""
    args = (*TEST, "--duration", "1s", "--rate", "2000", "--fail-if", "p99>0us")
    plain = run("--help")
    for name, (examples, queries, fault, unknown, thousand) in LANGUAGES.items():
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", f"{folder}/{name}.UTF-8"],
                       check=True)
        po = os.path.join(os.path.dirname(os.path.dirname(SCHEMA)), "po", name[:2] + ".po")
        text = subprocess.run(["msgfmt", "--check", "--statistics", "-o", "/dev/null", po],
                              check=True, text=True, stderr=subprocess.PIPE).stderr
        check(re.fullmatch(r"\d+ translated messages\.", text.strip()), f"{po}: {text}")
        os.environ.update(LC_ALL=f"{name}.UTF-8", LOCPATH=folder,
                          JOBSTORM_LOCALEDIR=os.path.join(BUILD, "po"))
        try:
            check(examples in run("--help"), "--help is not translated")
            check(unknown in run(*args, "--call", "nonsense", status=2), "messages are not")
            result, _, output = results(folder, *args, "--interval-log", f"{folder}/log.csv",
                                        status=1)
            check(queries in output and fault in output, output)
            check(re.search(rf"\b\d{thousand}\d\d\d\b", output), f"no thousands: {output}")
            check(re.fullmatch(r"p99>0us: it is [\d.]+ u?m?s for \S+", result["faults"][0]),
                  f"{result['faults']}")
            with open(f"{folder}/log.csv", newline="") as file:
                check(all(len(row) == 12 for row in csv.reader(file)), "commas in a number")
        finally:
            for variable in ("LC_ALL", "LOCPATH", "JOBSTORM_LOCALEDIR"):
                del os.environ[variable]
        check(run("--help") == plain, "the language stays")
    template = os.path.join(os.path.dirname(os.path.dirname(SCHEMA)), "po", "virt-jobstorm.pot")
    with open(template) as file:
        known = file.read()
    check(known.count("msgid ") > 140 and "Query for this long" in known, "no template")


def completed(*words):
    script = ('PATH=$1:$PATH; . "$2"; shift 2; COMP_WORDS=(virt-jobstorm "$@"); '
              'COMP_CWORD=$#; _virt_jobstorm; printf "%s\\n" "${COMPREPLY[@]}"')
    folder = os.path.join(os.path.dirname(SCHEMA), "virt-jobstorm.bash")
    return subprocess.run(["bash", "-c", script, "bash", os.path.dirname(PROGRAM), folder, *words],
                          check=True, text=True, stdout=subprocess.PIPE).stdout.split()


@case
def arguments_are_completed(folder):
    options = set(re.findall(r"--[a-z-]+", run("--help").partition("Conditions of")[0]))
    check(options - set(completed("-")) == set(), f"{options - set(completed('-'))}")
    check(completed("--fail-") == ["--fail-if"], f"{completed('--fail-')}")
    check(completed("--call", "domstats,dumpx") == ["domstats,dumpxml"], "calls")
    check(set(completed("--flags", "live,para")) == {"live,parallel"}, "flags")
    check(completed("--param", "bandw") == ["bandwidth="], "parameters")
    check("p99.9" in completed("--fail-if", "p9"), "conditions")
    path = os.path.join(folder, "some.json")
    open(path, "w").close()
    check(completed("--json", path[:-3]) == [path], "files")


@case
def package(folder):
    """Its own Debian package; built once, from the plain build."""
    if sanitized() or not shutil.which("dpkg-deb"):
        print("# skipped: no plain build, or no dpkg-deb")
        return
    top = os.path.dirname(os.path.dirname(SCHEMA))
    path = subprocess.run([f"{top}/build-aux/jobstorm-deb", folder, "1.2-3"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()[-1]
    fields = subprocess.run(["dpkg-deb", "-f", path], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    check("Version: 1.2-3\n" in fields and re.search("^Depends: .*libvirt0", fields, re.M), fields)
    subprocess.run(["dpkg-deb", "-x", path, f"{folder}/root"], check=True)
    subprocess.run([f"{folder}/root/usr/bin/virt-jobstorm", *TEST, "--duration", "200ms"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("share/man/man1/virt-jobstorm.1.gz", "share/doc/virt-jobstorm/copyright",
                 "share/bash-completion/completions/virt-jobstorm"):
        check(os.path.exists(f"{folder}/root/usr/{name}"), f"no {name}")


@case
def default_build_has_no_tests(folder):
    top = os.path.dirname(os.path.dirname(SCHEMA))
    build = os.path.join(folder, "build")
    subprocess.run(["meson", "setup", build, top], check=True, stdout=subprocess.DEVNULL)
    targets = json.loads(subprocess.run(["meson", "introspect", "--targets", build], check=True,
                                        stdout=subprocess.PIPE).stdout)
    names = {target["name"] for target in targets}
    check("virt-jobstorm" in names, f"{names}")
    for target in targets:
        check("/tests/" not in target["defined_in"], f"{target['name']} is built")


def main():
    print(f"1..{len(CASES)}")
    failed = 0
    for number, function in enumerate(CASES, 1):
        name = function.__name__.replace("_", "-")
        try:
            with tempfile.TemporaryDirectory() as folder:
                function(folder)
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # a case that breaks is a case that fails
            failed += 1
            why = str(error) if isinstance(error, Fault) else traceback.format_exc()
            print("# " + why.strip().replace("\n", "\n# "))
            print(f"not ok {number} - {name}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
