# SPDX-License-Identifier: LGPL-2.1-or-later
"""A query of several monitor commands does not hold up an async job with all of them."""

import os
from typing import NamedTuple

import libvirt

from harness import phases
from harness.scenario import scenario

from .arriving import Background, END_LIMIT

BEGINS = "Starting job: API=remoteDispatchConnectGetAllDomainStats job=query"


class Flags(NamedTuple):
    """How the statistics are asked for"""
    name: str
    flags: int
    jobs: int       # that they take

    def __call__(self):
        return self


FLAGS = (Flags("waiting", 0, 2),
         # It would have to leave out the rest, as it must not wait for the second job.
         Flags("nowait", libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, 1))


@scenario(kinds=FLAGS,
          stock_fails={"waiting": "its statistics keep their job to the end"})
def statistics_give_way(t, asked):
    """QEMU does not answer, the destination's daemon dies, and the source's job wants
    to go on as soon as QEMU answers: domstats has it go first, and misses no field."""
    def statistics(domain):
        return domain.connect().domainListGetStats([domain], 0, asked.flags)[0][1]

    with phases.hold(t, "p2p", "memory") as m:
        whole = statistics(m.domain)
        answer = {}
        m.stop_qemu(m.source)
        log = os.path.getsize(m.source.log)
        query = Background(m.source, m.guest, lambda domain: answer.update(statistics(domain)))
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
        m.destination.kill_daemon()
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
        m.continue_qemu()
        t.check(m.result(END_LIMIT), "the migration succeeded without its destination")
        t.check(not query.waits(END_LIMIT), "the query has not come back")
        m.destination.start()

        t.check(query.error is None, f"the query failed: {query.error}")
        t.check(answer.keys() == whole.keys(),
                f"the answer lacks {sorted(whole.keys() - answer.keys())}")
        with open(m.source.log, errors="replace") as file:
            file.seek(log)
            count = sum(BEGINS in line for line in file)
        t.check(count == asked.jobs, f"the query took {count} jobs, not {asked.jobs}")
        m.guest.check_alive()
