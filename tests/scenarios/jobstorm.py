# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-jobstorm says about hosts is so: stalls, downtime, heartbeat, signals."""

import csv
import json
import os
import signal
import subprocess
import threading
import time

import libvirt

from harness.scenario import scenario

RATE = 100      # queries per second of each client
CLIENTS = 2


class Storm:
    """A virt-jobstorm that runs, and then what it found"""

    def __init__(self, t, *args):
        self.t = t
        self._json = os.path.join(t.folder, "result.json")
        self._csv = os.path.join(t.folder, "queries.csv")
        self.process = subprocess.Popen(
            [os.path.join(t.tools, "virt-jobstorm"), "--json", self._json,
             "--timeline", self._csv, *args],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, status=0, limit=60):
        """Waits for its end. Returns the JSON and the rows of the timeline."""
        output, _ = self.process.communicate(timeout=limit)
        self.t.log(output)
        self.t.check(self.process.returncode == status,
                     f"exit status {self.process.returncode}, not {status}")
        with open(self._json) as file:
            result = json.load(file)
        with open(self._csv, newline="") as file:
            rows = list(csv.DictReader(file))
        queries = sum(host["all"]["queries"] for host in result["hosts"])
        self.t.check(len(rows) == queries, f"{len(rows)} rows for {queries} queries")
        return result, rows

    def wait_started(self):
        """Waits until the first query has been answered."""
        self.t.wait(lambda: os.path.exists(self._csv) and self._rows_written(), 20,
                    "no query is sent")

    def _rows_written(self):
        # Rows are written in blocks; at a fixed rate the first takes a while.
        with open(self._csv) as file:
            return len(file.read()) > 200


def near(t, value, wanted, tolerance, what):
    t.log(f"{what}: {value:.3f}, expected {wanted:.3f}")
    t.check(abs(value - wanted) <= tolerance,
            f"{what}: {value:.3f}, not {wanted:.3f} within {tolerance:.3f}")


def stopped_for(t, host, seconds):
    """Stops the daemon; returns for how long it really stood still."""
    began = time.monotonic()
    host.daemon.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    host.daemon.send_signal(signal.SIGCONT)
    t.log(f"stood still for {time.monotonic() - began:.3f} s")
    return time.monotonic() - began


def defined(t):
    """A domain that is known and off: all that dominfo needs"""
    guest = t.guest()
    t.alpha.conn.defineXML(guest.xml)
    return guest


@scenario()
def jobstorm_counts_a_stall(t):
    """Every query that was due while the daemon stood still counts, from when
    it was due; a tool that waits for answers would count one per client."""
    guest = defined(t)
    storm = Storm(t, "--uri", t.alpha.uri, "--domain", guest.name, "--call", "dominfo",
                  "--rate", str(RATE), "--clients", str(CLIENTS), "--seconds", "8")
    storm.wait_started()
    stall = stopped_for(t, t.alpha, 2)
    result, rows = storm.finish()
    latencies = sorted(float(row["latency_us"]) / 1e6 for row in rows)
    near(t, len(rows), 8 * RATE * CLIENTS, CLIENTS, "queries")
    near(t, latencies[-1], stall, 0.4, "slowest")
    for part in (0.25, 0.5, 0.75):
        wanted = RATE * CLIENTS * stall * (1 - part)
        near(t, sum(latency >= stall * part for latency in latencies), wanted,
             0.15 * RATE * CLIENTS * stall, f"queries held up for {part} of the stall")
    # the same from the histogram
    share = 1 - RATE * CLIENTS * stall / 2 / len(rows)
    exact = latencies[int(share * len(latencies))]
    near(t, exact, stall / 2, 0.4, "latency that half of those held up exceed")
    latency = result["hosts"][0]["all"]["latency"]
    for name, percent in (("p50_us", 50), ("p90_us", 90), ("p99_us", 99), ("p99_9_us", 99.9)):
        index = max(int(-(-percent * len(latencies) // 100)) - 1, 0)
        near(t, latency[name] / 1e6, latencies[index], latencies[index] / 900 + 1e-6, name)


@scenario()
def jobstorm_counts_what_is_outstanding(t):
    """The run ends while the daemon stands still: nothing is dropped."""
    guest = defined(t)
    began = time.monotonic()
    storm = Storm(t, "--uri", t.alpha.uri, "--domain", guest.name, "--call", "dominfo",
                  "--rate", str(RATE), "--clients", str(CLIENTS), "--seconds", "8",
                  "--drain", "0.5", "--query-timeout", "1")
    storm.wait_started()
    t.alpha.daemon.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        result, rows = storm.finish(limit=20)
    finally:
        t.alpha.daemon.send_signal(signal.SIGCONT)
    held_up = 8 - (stopped - began)
    found = result["hosts"][0]["all"]
    near(t, found["queries"], 8 * RATE * CLIENTS, CLIENTS, "queries")
    near(t, found["outcomes"]["outstanding"], held_up * RATE * CLIENTS,
         0.5 * RATE * CLIENTS, "outstanding")
    near(t, found["unsent"], found["outcomes"]["outstanding"] - CLIENTS, 0, "unsent")
    near(t, found["latency"]["max_us"] / 1e6, held_up + 0.5, 0.5, "oldest")
    near(t, found["late"], found["outcomes"]["outstanding"] - 0.5 * RATE * CLIENTS,
         0.1 * RATE * CLIENTS, "late")
    t.check(sum(row["outcome"] == "outstanding" for row in rows)
            == found["outcomes"]["outstanding"], "the timeline has others")


@scenario()
def jobstorm_measures_downtime(t):
    """Events and heartbeat agree on a downtime, there and back, with the queried
    host another than those that the guest moves between, and both."""
    guest = t.guest()
    guest.start(t.alpha)
    for uris in ((t.alpha.uri, t.beta.uri), (t.beta.uri,)):
        args = [word for uri in uris for word in ("--uri", uri)]
        result, _ = Storm(
            t, *args, "--from", t.alpha.uri, "--migrate", t.beta.uri, "--domain", guest.name,
            "--flags", "live,persistent,unsafe", "--rounds", "2", "--rate", "20",
            "--call", "domstats,dumpxml", "--heartbeat", guest.console).finish(limit=100)
        t.check(len(result["rounds"]) == 2, "not two rounds")
        for number, row in enumerate(result["rounds"]):
            t.check(row["source"] == ("alpha", "beta")[number], f"from {row['source']}")
            t.check(0 < row["downtime_ms"] < row["total_ms"], f"downtime {row['downtime_ms']}")
            pulse = row["heartbeat"]
            t.check(pulse["beats"] > 0 and pulse["silence_ms"] >= pulse["interval_ms"] > 0,
                    f"heartbeat {pulse}")
            # What both measure differs by a beat, and by what a busy machine adds.
            t.check(pulse["silence_ms"] > row["downtime_ms"] - 500,
                    f"silent for {pulse['silence_ms']} ms, down for {row['downtime_ms']}")
            kinds = [(event["host"], event["event"]) for event in row["events"]]
            t.check((row["source"], "Suspended") in kinds
                    and (row["destination"], "Resumed") in kinds, f"events {kinds}")
            t.check((row["source_queries"] is None) == (row["source"] == "alpha"
                                                        and len(uris) == 1), "wrong host")
    guest.check_alive()


@scenario(timeout=240)
def jobstorm_watches_others(t):
    """Migrations that somebody else starts are reported: there, back, and one that is
    aborted."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    storm = Storm(t, "--watch", "--uri", t.alpha.uri, "--uri", t.beta.uri, "--rate", "5",
                  "--rounds", "3")
    storm.wait_started()
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_UNSAFE
    moved = domain.migrate3(t.beta.conn, {}, flags)
    back = moved.migrate3(t.alpha.conn, {}, flags)
    # On a connection of its own: the client of libvirt 9.0.0 may not send a call while
    # another of its threads waits for an answer (docs/found-in-stock.md).
    own = t.alpha.connect().lookupByName(guest.name)
    migration = threading.Thread(target=lambda: fails(
        lambda: own.migrate3(t.beta.conn, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 1}, flags)))
    migration.start()
    t.wait(lambda: back.jobStats().get("data_processed", 0) > 1 << 20, 30, "nothing is moved")
    back.abortJob()
    migration.join(30)
    result, _ = storm.finish(limit=60)
    t.check(result["watch"] and len(result["rounds"]) == 3, f"{len(result['rounds'])} rounds")
    for number, row in enumerate(result["rounds"]):
        ends = ("alpha", "beta") if number != 1 else ("beta", "alpha")
        t.log(f"{row['domain']}: {row['source']} > {row['destination']}, {row['total_ms']} ms, "
              f"down for {row['downtime_ms']}, {row['error']}")
        t.check(row["domain"] == guest.name, f"{row['domain']}")
        t.check((row["source"], row["destination"]) == ends, f"{row}")
        t.check((row["error"] is not None) == (number == 2), f"{row['error']}")
        if number < 2:
            t.check(0 < row["downtime_ms"] < row["total_ms"], f"downtime {row['downtime_ms']}")
            t.check(row["source_queries"]["outcomes"]["ok"] > 0, f"{row['source_queries']}")
    guest.check_alive()


@scenario()
def jobstorm_ends_while_a_host_hangs(t):
    """The daemon stands still, and the connection to watch it by is given up: the next one
    is never answered, and the run ends all the same."""
    rows = os.path.join(t.folder, "intervals.csv")
    storm = Storm(t, "--watch", "--uri", t.alpha.uri, "--clients", "0", "--interval-log", rows,
                  "--interval", "100ms", "--keepalive-interval", "1", "--keepalive-count", "1")
    t.wait(lambda: os.path.exists(rows) and os.path.getsize(rows) > 200, 20, "it does not begin")
    t.alpha.daemon.send_signal(signal.SIGSTOP)
    try:
        time.sleep(5)
        storm.process.send_signal(signal.SIGTERM)
        result, _ = storm.finish(limit=40)
    finally:
        storm.process.kill()
        t.alpha.daemon.send_signal(signal.SIGCONT)
    t.check(result["event_gaps"] == 1, f"{result['event_gaps']} gaps")


def fails(call):
    try:
        call()
    except libvirt.libvirtError:
        return
    raise AssertionError("it does not fail")


@scenario()
def jobstorm_calls_a_running_guest(t):
    """Each call that needs QEMU does what it is to do on a real guest."""
    guest = t.guest()
    guest.start(t.alpha)
    result, _ = Storm(
        t, "--uri", t.alpha.uri, "--domain", guest.name, "--seconds", "4", "--disturb",
        "--call", "domstats,dominfo,domblkstat,dommemstat,domjobinfo,vcpuinfo,dumpxml",
        "--call", "domblkinfo,suspend,migrate-setmaxdowntime,migrate-setspeed,domjobabort",
        "--call", "set-memory,qemu-monitor-command",
        "--call-arg", "migrate-setspeed=100").finish()
    for call in result["hosts"][0]["calls"]:
        outcomes = call["outcomes"]
        # There is no job to abort.
        wanted = "refused" if call["call"] == "domjobabort" else "ok"
        t.log(f"{call['call']}: {outcomes}")
        t.check(outcomes[wanted] == call["queries"] > 0, f"{call['call']}: {outcomes}")
    guest.check_alive()
    result, _ = Storm(t, "--uri", t.alpha.uri, "--all-domains", "--call", "destroy,dominfo",
                      "--disturb", "--seconds", "2").finish()
    calls = {call["call"]: call["outcomes"] for call in result["hosts"][0]["calls"]}
    t.check(calls["destroy"]["ok"] == 1 and calls["destroy"]["refused"] > 0, f"{calls}")
    t.check(calls["dominfo"]["off"] > 0, f"{calls}")


@scenario()
def jobstorm_interrupted_amid_migration(t):
    """The migration is aborted, the guest stays, and the results are there."""
    guest = t.guest()
    domain = guest.start(t.alpha)
    storm = Storm(t, "--uri", t.alpha.uri, "--migrate", t.beta.uri, "--domain", guest.name,
                  "--flags", "live,persistent,unsafe", "--param", "bandwidth=1",
                  "--param-back", "bandwidth=0")
    t.wait(lambda: (storm.process.poll() is not None
                    or domain.jobStats().get("data_processed", 0) > 1 << 20),
           30, "nothing is moved")
    storm.process.send_signal(signal.SIGINT)
    result, rows = storm.finish(status=3)
    t.check(result["interrupted"] and rows, "the results are not there")
    t.check(result["rounds"][0]["error"], "the migration was not aborted")
    t.wait(lambda: not t.beta.conn.listAllDomains(), 10, "the destination has the domain")
    guest.check_alive()


@scenario()
def jobstorm_interrupted_amid_a_stall(t):
    """The daemon stands still: the first signal ends the run with what it has."""
    guest = defined(t)
    storm = Storm(t, "--uri", t.alpha.uri, "--domain", guest.name, "--call", "dominfo",
                  "--rate", str(RATE), "--clients", str(CLIENTS), "--seconds", "100")
    storm.wait_started()
    t.alpha.daemon.send_signal(signal.SIGSTOP)
    try:
        time.sleep(1)
        began = time.monotonic()
        storm.process.send_signal(signal.SIGINT)
        result, _ = storm.finish(status=3, limit=20)
        t.check(time.monotonic() - began < 5, "it takes too long")
    finally:
        t.alpha.daemon.send_signal(signal.SIGCONT)
    found = result["hosts"][0]["all"]
    near(t, found["queries"], result["duration_ms"] / 1000 * RATE * CLIENTS, CLIENTS, "queries")
    t.check(found["outcomes"]["outstanding"] > 0.8 * RATE * CLIENTS, f"{found['outcomes']}")
