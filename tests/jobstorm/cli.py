#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-jobstorm as a user has it: options, files, exit statuses, signals, and what
is installed. On libvirt's test driver; prints TAP.

Cases run side by side, as most of them only wait. None wants anything to be done within a
time: queries are sent at a rate, which tells how many there are, and their answers waited
for; a slow machine makes them last longer, and that is all.

usage: cli.py PROGRAM SCHEMA BUILD [CASE...]
"""

import base64
import collections
import concurrent.futures
import contextlib
import copy
import csv
import json
import math
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

import jsonschema

PROGRAM, SCHEMA, BUILD = sys.argv[1:4]
TOP = os.path.dirname(os.path.dirname(SCHEMA))
# Answers are waited for, however long they take.
DRAIN = ("--drain", "2m")
TEST = ("--uri", "test:///default", "--domain", "test", *DRAIN)
CALLS = ("--call", "domstats,dominfo,domblkstat,domifstat,vcpuinfo,dumpxml,domblkinfo")
# Seconds after which something hangs
LIMIT = 200
SIDE_BY_SIDE = 6
CASES = []


class Fault(Exception):
    """What a case has found"""


def build_option(name):
    """The value of an option of the build"""
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json")) as file:
        return next(each["value"] for each in json.load(file) if each["name"] == name)


SANITIZERS = build_option("b_sanitize")


def case(function):
    CASES.append(function)
    return function


def memory_case(function):
    """A case of which ThreadSanitizer would see nothing new: other cases have its threads"""
    return function if SANITIZERS == "thread" else case(function)


def plain_case(function):
    """A case of which no sanitizer would see anything new: words, files, other programs"""
    return case(function) if SANITIZERS == "none" else function


def check(condition, text):
    if not condition:
        raise Fault(text)


def wait_for(what, condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        check(time.monotonic() < deadline, f"{what}: not within {LIMIT} s")
        time.sleep(0.02)


def finish(process, status):
    try:
        output = process.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise Fault(f"it has not ended within {LIMIT} s: {process.communicate()[0]}") from None
    check("Sanitizer" not in output and "runtime error" not in output, output)
    check(process.returncode == status, f"exit status {process.returncode}: {output}")
    return output


def start(*args, before=(), env=None):
    return subprocess.Popen([*before, PROGRAM, *args], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env={**os.environ, **(env or {})})


def run(*args, status=0, env=None):
    return finish(start(*args, env=env), status)


def results(folder, *args, status=0, env=None):
    """Runs it; returns JSON, which fits the schema, the rows, and the output."""
    files = (os.path.join(folder, "result.json"), os.path.join(folder, "queries.csv"))
    output = run(*args, "--json", files[0], "--timeline", files[1], status=status, env=env)
    return (*read_results(*files), output)


class Endless:
    """A run that somebody has to end, and that has had answers"""

    def __init__(self, folder, *args):
        self.files = [os.path.join(folder, name) for name in ("result.json", "queries.csv")]
        log = os.path.join(folder, "intervals.csv")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(log)      # of an earlier one
        self.process = start(*args, "--json", self.files[0], "--timeline", self.files[1],
                             "--interval-log", log, "--interval", "100ms")
        wait_for("a query is answered", lambda: self.process.poll() is not None
                 or self.answered(log))

    @staticmethod
    def answered(log):
        if not os.path.exists(log):
            return False
        with open(log, newline="") as file:
            lines = file.read().split("\n")[:-1]    # the last one may be half written
        return any(int(row["answered"] or 0) for row in csv.DictReader(lines))

    def end(self, signum, status):
        """Sends it a signal; returns JSON, the rows, and the output."""
        self.process.send_signal(signum)
        output = finish(self.process, status)
        return (*read_results(*self.files), output)


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


def schema():
    with open(SCHEMA) as file:
        return json.load(file)


@case
def json_fits_schema(folder):
    jsonschema.Draft7Validator.check_schema(schema())
    result = results(folder, *TEST, *CALLS, "--seconds", "0.2", "--rate", "100", "--clients",
                     "3")[0]
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


@plain_case
def percentiles_are_those_of_the_rows(folder):
    result, rows, _ = results(folder, *TEST, "--seconds", "0.2", "--rate", "5000", "--clients",
                              "2")
    latencies = sorted(float(row["latency_us"]) for row in rows)
    check(len(latencies) == 2000, f"{len(latencies)} queries, not 2000")
    latency = result["hosts"][0]["all"]["latency"]
    for name, percent in (("p50_us", 50), ("p90_us", 90), ("p99_us", 99), ("p99_9_us", 99.9),
                          ("max_us", 100)):
        rank = max(math.ceil(round(percent * len(latencies) / 100, 6)), 1)
        exact = latencies[rank - 1]
        # rows are rounded to 0.1 us
        check(-0.06 <= latency[name] - exact <= max(exact, 10) / 1000 + 0.06,
              f"{name}: {latency[name]}, not {exact}")


@plain_case
def rate_is_kept(folder):
    result, rows, _ = results(folder, *TEST, *CALLS, "--seconds", "0.5", "--clients", "2",
                              "--rate", "200")
    check(result["hosts"][0]["all"]["queries"] == 200, f"{len(rows)} queries, not 200")
    due = sorted(float(row["intended_s"]) for row in rows)
    for number, when in enumerate(due):
        check(abs(when - number / 400) < 1e-5, f"query {number} was due at {when}")
    check(all(float(row["sent_s"]) >= float(row["intended_s"]) for row in rows),
          "one was sent before it was due")


@memory_case
def warm_up_does_not_count(folder):
    result, rows, _ = results(folder, *TEST, "--duration", "250ms", "--warm-up", "300ms",
                              "--rate", "200", "--clients", "2")
    check(len(rows) == 100 and result["warm_up_ms"] == 300, f"{len(rows)} queries, not 100")
    check(all(0 <= float(row["intended_s"]) < 0.25 for row in rows), "one of the warm-up")
    check(abs(result["duration_ms"] - 250) < 1, f"{result['duration_ms']} ms")


@case
def intervals_add_up(folder):
    """A row for each, and the same as histograms, which are decoded here"""
    paths = (f"{folder}/rows.csv", f"{folder}/histograms.hlog")
    result, queries, _ = results(
        folder, *TEST, "--uri", "test:///default", "--duration", "600ms", "--rate", "500",
        "--clients", "2", "--interval", "200ms", "--interval-log", paths[0], "--hdr-log", paths[1])
    with open(paths[0], newline="") as file:
        rows = list(csv.DictReader(file))
    # Who is late writes one for several, and one after the last answer.
    check(len(rows) >= 2 and len(rows) % 2 == 0, f"{len(rows)} rows of two hosts")
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
            most = max(values, default=0)
            check(not values or abs(most / 1e6 - float(longest)) <= max(most / 1e9, 0.002),
                  f"{most} is not {longest} ms")
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
    args = (*TEST, "--disturb", "--rate", "500", "--seconds", "0.2", "--call")
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


@memory_case
def suspended_is_resumed(folder):
    host = results(folder, *TEST, "--disturb", "--seconds", "0.2", "--rate", "100", "--call",
                   "suspend,dominfo")[0]["hosts"][0]
    check(host["calls"][0]["outcomes"]["ok"] == host["calls"][0]["queries"] == 10, f"{host}")


@memory_case
def all_domains(folder):
    rows = results(folder, "--uri", "test:///default", "--all-domains", *DRAIN, "--seconds",
                   "0.2", "--rate", "50", "--call", "domstats,dominfo")[1]
    check({(row["call"], row["domain"]) for row in rows} == {("domstats", "*"),
                                                            ("dominfo", "test")}, "other rows")


def logging(path, filters):
    """The environment in which libvirt's client library logs to @path"""
    return {"LIBVIRT_LOG_FILTERS": filters, "LIBVIRT_LOG_OUTPUTS": f"1:file:{path}"}


@memory_case
def nowait_is_asked_for(folder):
    """By what libvirt's client library logs"""
    for whose in (TEST, ("--uri", "test:///default", "--all-domains", *DRAIN)):
        for args, flags in ((("--nowait",), "0x20000000"), ((), "0x0")):
            path = os.path.join(folder, f"log-{len(whose)}-{len(args)}")
            result = results(folder, *whose, *args, "--rate", "25", "--seconds", "0.2",
                             env=logging(path, "1:libvirt.domain"))[0]
            check(result["nowait"] == bool(args), f"{result['nowait']} with {args}")
            with open(path) as file:
                logged = re.findall(r"Stats:\d+ : .*, flags=(\w+)", file.read())
            check(len(logged) == 5 and set(logged) == {flags}, f"{whose} {args}: {logged}")


@memory_case
def connections_are_those_of_virsh(folder):
    """By what libvirt's client library logs, and by a host that wants a password"""
    for call, flags in (("domstats", {"0x1"}), ("domstats,migrate-setspeed", {"0x0", "0x1"})):
        path = os.path.join(folder, f"log-{len(flags)}")
        result = results(folder, "--domain", "test", *DRAIN, "--seconds", "0.2", "--rate", "50",
                         "--call", call, env={**logging(path, "1:libvirt"),
                                              "LIBVIRT_DEFAULT_URI": "test:///default"})[0]
        check(result["hosts"][0]["uri"] == "test:///default", f"{result['hosts'][0]['uri']}")
        with open(path) as file:
            found = set(re.findall(r"virConnectOpenAuth:\d+ : .*flags=(\w+)", file.read()))
        check(found == flags, f"{call}: connections of {found}")
    run(*TEST, "--seconds", "1", "--readonly", "--call", "migrate-setspeed", status=2)
    run(*TEST, "--seconds", "1", "--keepalive-interval", "5", status=2)
    path = node(folder, "<auth><user password='secret'>me</user></auth>"
                        "<domain type='test'><name>test</name><memory>4096</memory>"
                        "<os><type>hvm</type></os></domain>")
    args = ("--uri", f"test://{path}", "--domain", "test", *DRAIN, "--rate", "25", "--seconds",
            "0.2", "--clients", "3")
    for words, status in (("me\nsecret\n", 0), ("me\nwrong\n", 2)):
        process, output = on_terminal(words, *args)
        check(process.returncode == status, f"exit status {process.returncode}: {output}")
        check(output.count("Enter username") == 1, f"asked another time than once: {output}")


def on_terminal(words, *args):
    """Runs it on a terminal on which @words are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", PROGRAM, *args], stdin=theirs, stdout=theirs,
                               stderr=theirs)
    os.close(theirs)
    output = ""
    name, password = words.encode().splitlines(keepends=True)
    deadline = time.monotonic() + LIMIT
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                output += os.read(ours, 4096).decode()
            # getpass() throws away what is typed before it is ready: type again.
            elif "assword" in output:
                os.write(ours, password)
            elif "username" in output:
                os.write(ours, name)
        process.kill()
    except OSError:     # the terminal is closed
        pass
    os.close(ours)
    process.wait(timeout=LIMIT)
    return process, output


@case
def gates(folder):
    args = (*TEST, "--seconds", "0.2", "--rate", "250", "--call", "domstats,dominfo")
    results(folder, *args, "--fail-if", "p99>1h", "--fail-if", "dominfo.max>1h", "--fail-if",
            "errors>0", "--max-errors", "0")
    result, _, output = results(folder, *args, "--fail-if", "p99>0us", "--fail-if",
                                "dominfo.queries<=25", "--fail-if", "errors>0%", status=1)
    check([fault.partition(":")[0] for fault in result["faults"]]
          == ["p99>0us", "dominfo.queries<=25"], f"{result['faults']}")
    check("fault: p99>0us: it is " in output, output)
    # what was not measured does not pass
    args = ("--disturb", "--call", "qemu-monitor-command,dominfo", "--rate", "200")
    result = results(folder, *TEST, *args, "--duration", "100ms", "--fail-if",
                     "qemu-monitor-command.p99>1s", status=1)[0]
    check("nothing was measured" in result["faults"][0], f"{result['faults']}")
    result = results(folder, *TEST, *args, "--duration", "1h", "--max-errors", "10", status=1)[0]
    check(result["hosts"][0]["all"]["outcomes"]["error"] > 10, "it ends too early")


@memory_case
def json_to_standard_output(folder):
    process = subprocess.run([PROGRAM, *TEST, "--duration", "200ms", "--rate", "50", "--json", "-"], text=True,
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    jsonschema.Draft7Validator(schema()).validate(json.loads(process.stdout))
    check("answered" in process.stderr, process.stderr)


@memory_case
def two_results_are_compared(folder):
    result = results(folder, *TEST, "--duration", "100ms", "--rate", "1000")[0]
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
    result = Endless(folder, "--watch", "--uri", "test:///default", "--rate", "50").end(
        signal.SIGTERM, 0)[0]
    check(result["watch"] and not result["rounds"] and not result["interrupted"], f"{result}")
    output = run("--watch", "--uri", "test:///default", *DRAIN, "--duration", "200ms", "--rate",
                 "50", "--fail-if", "downtime>1s", status=1)
    check("nothing was measured" in output, output)


@memory_case
def several_hosts(folder):
    result = results(folder, *TEST, "--uri", "test:///default", "--seconds", "0.2", "--rate",
                     "50")[0]
    check(len(result["hosts"]) == 2 and all(host["all"]["queries"] for host in result["hosts"]),
          "not two hosts")


@memory_case
def nobody_queries(folder):
    result, rows, _ = results(folder, *TEST, "--clients", "0", "--seconds", "0.2")
    check(not rows and result["hosts"][0]["all"]["queries"] == 0, "there are queries")


@case
def failed_migration(folder):
    """The test driver does not migrate."""
    result, _, output = results(folder, *TEST, "--rate", "50", "--migrate",
                                f"test://{node(folder)}", status=1)
    check(result["rounds"][0]["error"] and "fault: round 1: " in output, output)


def node(folder, inside=""):
    """A host of the test driver with other domains than the default one"""
    path = os.path.join(folder, "node.xml")
    with open(path, "w") as file:
        file.write(f"<node>{inside}</node>")
    return path


@case
def signals(folder):
    for signum, rate in ((signal.SIGINT, 50), (signal.SIGTERM, 100), (signal.SIGHUP, 200)):
        result, rows, output = Endless(folder, *TEST, "--rate", str(rate), "--seconds",
                                       "1000").end(signum, 3)
        check(result["interrupted"] and "interrupted after" in output, "it is not told")
        length = result["duration_ms"] / 1000
        check(abs(len(rows) - rate * length) <= 2, f"{len(rows)} in {length} s")


@case
def tight_loops(folder):
    """As many queries as can be, one after the other"""
    result, rows, _ = Endless(folder, *TEST, *CALLS, "--clients", "3", "--seconds",
                              "1000").end(signal.SIGINT, 3)
    check(result["hosts"][0]["all"]["outcomes"]["ok"] > len(rows) - 4, f"{result['hosts']}")
    for client in "123":
        times = [float(row["intended_s"]) for row in rows if row["client"] == client]
        check(times == sorted(times), f"client {client} asks two at once")


@case
def signal_before_it_begins(folder):
    """A host that takes the connection and never answers"""
    path = os.path.join(folder, "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(LIMIT)
        process = start("--uri", f"qemu+unix:///system?socket={path}", "--domain", "test",
                        "--seconds", "1")
        with server.accept()[0] as peer:
            peer.settimeout(LIMIT)
            check(peer.recv(4), "it does not ask")
            check(process.poll() is None, "it does not wait")
            process.send_signal(signal.SIGINT)
            finish(process, -signal.SIGINT)


@plain_case
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
    process = start("--uri", f"qemu+unix:///system?socket={folder}/none", "--domain", "test",
                    "--seconds", "1", "--clients", "10000",
                    before=("prlimit", "--nofile=1024:1024"))
    check("open files" in finish(process, 2), "they are not refused")
    # ThreadSanitizer has a limit of its own. A query of each.
    clients = 10000 if SANITIZERS == "none" else 300
    process = start(*TEST, "--seconds", "0.1", "--rate", "10", "--clients", str(clients), "--json",
                    f"{folder}/result.json", "--call", "dominfo")
    output = process.communicate(timeout=LIMIT)[0]
    if process.returncode == 2:
        check("cannot start a thread" in output, output)
    else:
        check(process.returncode == 0, output)
        with open(f"{folder}/result.json") as file:
            host = json.load(file)["hosts"][0]["all"]
        check(host["queries"] == clients == host["outcomes"]["ok"], f"{host}")


@case
def files_that_cannot_be_written(folder):
    args = (*TEST, "--seconds", "0.2", "--rate", "50")
    run(*args, "--json", f"{folder}/no/such", status=1)
    output = run(*args, "--interval-log", "/dev/full", status=1)
    check("fault: cannot write the intervals" in output, output)
    run(*args, "--hdr-log", f"{folder}/no/such", status=2)
    output = run(*args, "--timeline", "/dev/full", status=1)
    check("fault: cannot write the timeline" in output, output)


@plain_case
def help_and_man_page_agree(folder):
    text = run("--help")
    for word in ("Examples:", "Exit status:", "copy-storage-all", "parallel-connections"):
        check(word in text, f"--help says nothing of {word}")
    options = set(re.findall(r"--[a-z-]+", text.partition("Migration flags:")[0]))
    check(len(options) > 20, f"{options}")
    env = {**os.environ, "DESTDIR": os.path.join(folder, "dest")}
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   env=env, stdout=subprocess.DEVNULL)
    root = os.path.join(env["DESTDIR"], build_option("prefix").lstrip("/"))
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


@plain_case
def translations(folder):
    """Each language with its locale; what programs read stays as it is. (LeakSanitizer
    would find what newlocale() of the C library loses where LOCPATH is set.)"""
    args = (*TEST, "--duration", "200ms", "--rate", "5000", "--fail-if", "p99>0us")
    plain = run("--help")
    for name, (examples, queries, fault, unknown, thousand) in LANGUAGES.items():
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", f"{folder}/{name}.UTF-8"],
                       check=True)
        po = os.path.join(TOP, "po", name[:2] + ".po")
        text = subprocess.run(["msgfmt", "--check", "--statistics", "-o", "/dev/null", po],
                              check=True, text=True, stderr=subprocess.PIPE).stderr
        check(re.fullmatch(r"\d+ translated messages\.", text.strip()), f"{po}: {text}")
        env = {"LC_ALL": f"{name}.UTF-8", "LOCPATH": folder,
               "JOBSTORM_LOCALEDIR": os.path.join(BUILD, "po")}
        text = run("--help", env=env)
        check(examples in text and text != plain, "--help is not translated")
        check(unknown in run(*args, "--call", "nonsense", status=2, env=env), "messages are not")
        result, _, output = results(folder, *args, "--interval-log", f"{folder}/log.csv",
                                    status=1, env=env)
        check(queries in output and fault in output, output)
        check(re.search(rf"\b\d{thousand}\d\d\d\b", output), f"no thousands: {output}")
        check(re.fullmatch(r"p99>0us: it is [\d.]+ u?m?s for \S+", result["faults"][0]),
              f"{result['faults']}")
        with open(f"{folder}/log.csv", newline="") as file:
            check(all(len(row) == 12 for row in csv.reader(file)), "commas in a number")
    template = os.path.join(TOP, "po", "virt-jobstorm.pot")
    with open(template) as file:
        known = file.read()
    check(known.count("msgid ") > 140 and "Query for this long" in known, "no template")


def completed(*words):
    script = ('PATH=$1:$PATH; . "$2"; shift 2; COMP_WORDS=(virt-jobstorm "$@"); '
              'COMP_CWORD=$#; _virt_jobstorm; printf "%s\\n" "${COMPREPLY[@]}"')
    folder = os.path.join(os.path.dirname(SCHEMA), "virt-jobstorm.bash")
    return subprocess.run(["bash", "-c", script, "bash", os.path.dirname(PROGRAM), folder, *words],
                          check=True, text=True, stdout=subprocess.PIPE).stdout.split()


@plain_case
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


@plain_case
def default_build_has_no_tests(folder):
    build = os.path.join(folder, "build")
    subprocess.run(["meson", "setup", build, TOP], check=True, stdout=subprocess.DEVNULL)
    targets = json.loads(subprocess.run(["meson", "introspect", "--targets", build], check=True,
                                        stdout=subprocess.PIPE).stdout)
    names = {target["name"] for target in targets}
    check("virt-jobstorm" in names, f"{names}")
    for target in targets:
        check("/tests/" not in target["defined_in"], f"{target['name']} is built")


def attempt(function):
    """Runs a case; returns why it has failed, or None."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            function(folder)
    except Fault as fault:
        return str(fault) or "?"
    except Exception:  # a case that breaks is a case that fails
        return traceback.format_exc()
    return None


def main():
    wanted = sys.argv[4:]
    cases = {function.__name__.replace("_", "-"): function for function in CASES}
    if not set(wanted) <= set(cases):
        sys.exit(f"no such cases: {set(wanted) - set(cases)}")
    print(f"1..{len(wanted or cases)}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running = {pool.submit(attempt, function): name for name, function in cases.items()
                   if not wanted or name in wanted}
        for number, future in enumerate(concurrent.futures.as_completed(running), 1):
            why = future.result()
            if why:
                failed += 1
                print("# " + why.strip().replace("\n", "\n# "))
            print(f"{'not ok' if why else 'ok'} {number} - {running[future]}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
