#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A monitoring system's part of an evacuation (bench_evacuate): asks one host at fixed
times, over one connection, until it is told to end. Writes a line of JSON for each.

A scrape that is still under way when the next one is due makes that one be missed, as it
is with a monitoring system.
"""

import json
import math
import signal
import sys
import time

import libvirt

# What a domain's statistics have only if QEMU was asked
FROM_QEMU = "block.0.rd.reqs"


def all_domains(conn, _turn):
    """The statistics of all domains: those of which there are numbers"""
    return [record[0].name() for record in conn.getAllDomainStats() if FROM_QEMU in record[1]]


def single(conn, turn):
    """The list of all domains, and the statistics of one of them"""
    domains = conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    if not domains:
        return []
    records = conn.domainListGetStats([domains[turn % len(domains)]])
    return [record[0].name() for record in records if FROM_QEMU in record[1]]


ASK = {"all": all_domains, "single": single}


def main(uri, what, interval, path):
    libvirt.registerErrorHandler(lambda *_: None, None)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    conn = libvirt.open(uri)
    began = time.monotonic()
    turn = 0
    with open(path, "w") as file:
        while not ended:
            due = began + turn * interval
            time.sleep(max(due - time.monotonic(), 0))
            if ended:
                break
            names, code = [], 0
            try:
                names = ASK[what](conn, turn)
            except libvirt.libvirtError as error:
                code = error.get_error_code()
            done = time.monotonic()
            following = max(turn + 1, math.ceil((done - began) / interval))
            file.write(json.dumps({"due": due, "done": done, "code": code, "names": names,
                                   "missed": following - turn - 1}) + "\n")
            file.flush()
            turn = following


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4])
