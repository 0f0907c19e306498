# SPDX-License-Identifier: LGPL-2.1-or-later
"""A query of several monitor commands does not hold up an async job with all of them."""

import os
import signal
from types import SimpleNamespace
from typing import NamedTuple

import libvirt

from harness import phases
from harness.scenario import scenario

from .arriving import Background, END_LIMIT, IDLE_XML

BEGINS = "Starting job: API=remoteDispatchConnectGetAllDomainStats job=query"

# A field of each group of statistics that libvirt asks QEMU for
OF_QEMU = ("balloon.rss", "block.0.rd.reqs", "dirtyrate.calc_status")


class Flags(NamedTuple):
    """How the statistics are asked for"""
    name: str
    flags: int
    jobs: int       # that they take; more if a slow machine has them give way again

    def __call__(self):
        return self


def statistics(domain, flags=0):
    return domain.connect().domainListGetStats([domain], 0, flags)[0][1]


def count_in(path, offset, text):
    """The number of lines with @text in the file @path from @offset on"""
    with open(path, errors="replace") as file:
        file.seek(offset)
        return sum(text in line for line in file)


FLAGS = (Flags("waiting", 0, 2),
         # It would have to leave out the rest, as it must not wait for the second job.
         Flags("nowait", libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, 1))


@scenario(kinds=FLAGS,
          stock_fails={"waiting": "its statistics keep their job to the end"})
def statistics_give_way(t, asked):
    """QEMU does not answer, the destination's daemon dies, and the source's job wants
    to go on as soon as QEMU answers: domstats has it go first, and misses no field."""
    with phases.hold(t, "p2p", "memory") as m:
        whole = statistics(m.domain, asked.flags)
        answer = {}
        m.stop_qemu(m.source)
        log = os.path.getsize(m.source.log)
        query = Background(m.source, m.guest,
                           lambda domain: answer.update(statistics(domain, asked.flags)))
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
        count = count_in(m.source.log, log, BEGINS)
        t.check(count == asked.jobs or count > asked.jobs > 1,
                f"the query took {count} jobs, not {asked.jobs}")
        m.guest.check_alive()


@scenario(stock_fails="its statistics keep their job to the end")
def statistics_begin_anew(t):
    """QEMU does not answer while the guest already runs on the destination, and the
    source's job wants to end it: domstats has it go first, and then answers for the
    domain as it is, with nothing of what was before."""
    with phases.hold(t, "p2p", "finished") as m:
        missing = set(OF_QEMU) - statistics(m.domain).keys()
        t.check(not missing, f"domstats lacks {missing} anyway")
        answer = {}
        m.stop_qemu(m.source)
        log = os.path.getsize(m.source.log)
        query = Background(m.source, m.guest, lambda domain: answer.update(statistics(domain)))
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
        m.peer_calls.let_go()
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
        m.continue_qemu()
        t.check(m.result(END_LIMIT) is None, f"the migration failed: {m.result()}")
        t.check(not query.waits(END_LIMIT), "the query has not come back")

        t.check(query.error is None, f"the query failed: {query.error}")
        count = count_in(m.source.log, log, BEGINS)
        t.check(count == 2, f"the query took {count} jobs, not 2")
        t.log(f"the answer: {answer}")
        t.check(answer["state.state"] in (libvirt.VIR_DOMAIN_SHUTDOWN, libvirt.VIR_DOMAIN_SHUTOFF),
                f"the domain is said to be in state {answer['state.state']}")
        left = [field for field in OF_QEMU if field in answer]
        t.check(not left, f"the answer has {left} of before")
        m.guest.check_alive()


@scenario(stock_fails="the statistics of all domains fail, if it is older than 11.2.0")
def statistics_of_dying_domain(t):
    """The QEMU of a domain dies while it is asked: the statistics of all domains do not
    fail for that, and have the other domain."""
    names = ["idle0", "idle1"]
    for number in range(len(names)):
        t.alpha.conn.createXML(IDLE_XML.format(number=number), libvirt.VIR_DOMAIN_START_PAUSED)
    pid = t.alpha.qemu_pid(names[0])
    told = []
    os.kill(pid, signal.SIGSTOP)
    try:
        query = Background(t.alpha, SimpleNamespace(name=names[0]), lambda domain: told.extend(
            domain.connect().getAllDomainStats()))
        t.check(query.waits(1), f"the query did not wait for QEMU: {query.error}")
    finally:
        os.kill(pid, signal.SIGKILL)
    t.check(not query.waits(END_LIMIT), "the query has not come back")
    t.check(query.error is None, f"the query failed: {query.error}")
    found = [domain.name() for domain, _ in told]
    t.check(names[1] in found, f"{found} are told, without {names[1]}")
    t.wait(lambda: len(t.alpha.conn.listAllDomains()) == 1, END_LIMIT, "the domain's end")
