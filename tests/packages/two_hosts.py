#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Migrates a guest between two hosts that run the installed libvirtd, while it is queried
on both. Needs no more than the packages that debian/tests/control names; needs root."""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import libvirt  # noqa: E402

from harness import faults, queries, sandbox  # noqa: E402
from harness.bare_guest import BareGuest  # noqa: E402
from harness.installed import InstalledHost  # noqa: E402

FLAGS = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_UNSAFE
         | libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)

# The guest is not there, not yet or not any more
ABSENT = (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID)


def answers(loop, when):
    """How many answers the clients of @loop have had; nothing else must have come."""
    if not loop.stop():
        sys.exit(f"two-hosts: FAILED: {when}: a query has no answer")
    wrong = [error for error in loop.unexpected(ABSENT) if error != queries.EMPTY]
    if wrong:
        sys.exit(f"two-hosts: FAILED: {when}: {wrong[0]}")
    return len(loop.times)


def main(folder):
    libvirt.registerErrorHandler(lambda *_: None, None)
    hosts = [InstalledHost(folder, name) for name in ("alpha", "beta")]
    for host in hosts:
        host.start()
    guest = BareGuest(folder, ARGS.tools)
    guest.start(hosts[0])
    for number in range(ARGS.rounds):
        source, destination = hosts[number % 2], hosts[(number + 1) % 2]
        # Long enough for many queries on the host that receives
        loops = [queries.QueryLoop(host, guest.name, calls=("stats", "job"))
                 for host in (source, destination)]
        source.domain(guest.name).migrateToURI3(
            destination.uri, {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 8}, FLAGS)
        counts = [answers(loop, f"migration {number + 1}") for loop in loops]
        guest.check_alive()
        print(f"two-hosts: migration {number + 1} of {ARGS.rounds}: {counts[0]} answers on the "
              f"source, slowest {loops[0].slowest():.2f} s; {counts[1]} on the destination, "
              f"slowest {loops[1].slowest():.2f} s", flush=True)
        if not all(counts):
            print("two-hosts: FAILED: a host has answered nothing")
            return 1
    reasons = [text for host in hosts for text in (host.death(), faults.leaked_job(host, guest.name))
               if text] + [line for host in hosts for line in faults.log_faults(host)]
    print(f"two-hosts: {'FAILED: ' + reasons[0] if reasons else 'ok'}")
    return 1 if reasons else 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser(description=__doc__)
    PARSER.add_argument("--tools", required=True, help="folder with the bare guest")
    PARSER.add_argument("--work", required=True, help="folder for the run's files")
    PARSER.add_argument("--rounds", type=int, default=4, help="number of migrations")
    ARGS = PARSER.parse_args()
    sys.exit(sandbox.run(main, ARGS.work, "two-hosts"))
