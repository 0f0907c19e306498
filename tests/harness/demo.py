#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job: live migrations of a running guest under a query storm.

Called by scripts/demo, which sees to it that all that is needed is there.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import faults, sandbox  # noqa: E402
from harness.guest import Guest, GuestFault  # noqa: E402
from harness.host import Host, HostError  # noqa: E402

GUEST = "guest"


def parse_args():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="build tree of libvirt")
    parser.add_argument("--tools", required=True, help="folder with our tools and the guest")
    parser.add_argument("--work", required=True, help="folder for the run's files")
    parser.add_argument("--rounds", type=int, default=10, help="number of migrations")
    parser.add_argument("--clients", type=int, default=2, help="clients per host")
    parser.add_argument("--area", type=int, default=128,
                        help="MiB of the guest's memory with a pattern")
    parser.add_argument("--dirty", type=int, default=4096,
                        help="KiB of it that change per second")
    parser.add_argument("--flags", default="live,persistent,unsafe",
                        help="migration flags, as virt-jobstorm takes them")
    parser.add_argument("--query-timeout", type=int, default=60,
                        help="seconds after which a query without an answer is a failure")
    parser.add_argument("--json", help="write the results to this file")
    parser.add_argument("--debug", action="store_true",
                        help="log each job; slows the daemons down")
    parser.add_argument("--keep", action="store_true", help="keep the run's files and logs")
    args = parser.parse_args()
    if args.rounds < 1 or args.clients < 1:
        parser.error("--rounds and --clients take a number of 1 or more")
    return args


def say(text):
    print(f"demo: {text}", flush=True)


def storm(args, hosts):
    """Runs the migrations; returns why they failed, or None. Ctrl-C ends them
    with the table as far as it got."""
    command = [os.path.join(args.tools, "virt-jobstorm"), "--domain", GUEST, "--check",
               "--migrate", hosts[1].uri, "--rounds", str(args.rounds), "--clients", str(args.clients),
               "--flags", args.flags, "--query-timeout", str(args.query_timeout)]
    for host in hosts:
        command += ["--uri", host.uri]
    if args.json:
        command += ["--json", args.json]
    process = subprocess.Popen(command)
    try:
        status = process.wait()
    except sandbox.Interrupted:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        return "interrupted"
    if status == 0:
        return None
    return "the storm found faults" if status == 1 else f"virt-jobstorm ended with {status}"


def first(reasons):
    """The reasons in one line"""
    more = len(reasons) - 1
    return reasons[0] + (f" (and {more} more)" if more else "")


def check(hosts, guest):
    """Looks at all that the migrations left behind, and returns the faults."""
    found = []
    found += [death for host in hosts if (death := host.death())]
    active = [host for host in hosts if not host.death()
              and faults.within(5, lambda host=host: GUEST in
                                [d.name() for d in host.conn.listAllDomains(
                                    libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)], "list")]
    if len(active) != 1:
        found.append(f"the guest runs on {len(active)} hosts")
    try:
        guest.check_alive()
        say(f"memory intact after {guest.memory_pass()} passes over all of it")
    except GuestFault as error:
        found.append(str(error))
    for host in hosts:
        if not host.death() and (leak := faults.leaked_job(host, GUEST)):
            found.append(f"leaked job: {leak}")
    for host in active:
        host.domain(GUEST).destroy()
    try:
        say(f"disk intact: {guest.check_disk() + 1} blocks written and found")
    except GuestFault as error:
        found.append(str(error))
    for host in hosts:
        if lines := faults.log_faults(host):
            found.append(f"{host.name} warns {len(lines)} times, first: {lines[0]}")
    return found


def run(args, folder):
    cache = os.path.relpath(args.build, args.work).strip("./").replace("/", "-")
    hosts = [Host(folder, name, args.build, debug_jobs=args.debug,
                  cache=os.path.join(args.work, "cache", cache))
             for name in ("alpha", "beta")]
    for host in hosts:
        host.start()
    version = hosts[0].conn.getLibVersion()
    say(f"two hosts run libvirt {version // 1000000}.{version // 1000 % 1000}.{version % 1000} "
        f"of {args.build}")
    guest = Guest(folder, args.tools, GUEST, area=args.area, dirty=args.dirty)
    began = time.monotonic()
    guest.start(hosts[0])
    say(f"guest up after {time.monotonic() - began:.0f} s: {args.area} MiB under check, "
        f"{args.dirty} KiB of it change per second")
    reasons = []
    if reason := storm(args, hosts):
        reasons.append(reason)
    if reasons != ["interrupted"]:
        reasons += check(hosts, guest)
    return reasons


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    try:
        reasons = run(ARGS, folder)
    except sandbox.Interrupted:
        reasons = ["interrupted"]
    except (HostError, GuestFault, TimeoutError, libvirt.libvirtError) as error:
        reasons = [str(error)]
    for reason in reasons[1:]:
        say(f"fault: {reason}")
    if not reasons:
        say("ok")
        return 0
    say(f"FAILED: {first(reasons)}; logs {folder}")
    return 130 if reasons == ["interrupted"] else 1


if __name__ == "__main__":
    ARGS = parse_args()
    sys.exit(sandbox.run(main, ARGS.work, "demo", ARGS.keep))
