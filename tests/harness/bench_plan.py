# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scripts/bench measures: each part's name, settings, and when its turn is."""

import dataclasses

JOBS = ("dump", "backup", "snapshot", "save")


@dataclasses.dataclass(frozen=True)
class Migration:
    """One migration there, and one back"""

    clients: int = 0        # on each host that is queried
    where: str = "both"     # source, destination, both
    p2p: bool = False
    storage: bool = False
    wide: int = 0           # ask for the statistics of the host, with so many domains
    other: bool = False     # ask a domain that does nothing, and not the one that moves
    nowait: bool = False    # let the answers leave out what they would wait for

    kind = "migration"
    seconds = 10            # about what a variant takes, for keeping to the time

    @property
    def name(self):
        words = [f"{self.clients} client{'s' * (self.clients > 1)} on {self.where}"
                 if self.clients else "no clients"]
        if self.wide:
            words.append(f"statistics of all of {self.wide} domain{'s' * (self.wide > 1)}")
        if self.nowait:
            words.append("NOWAIT")
        if self.other:
            words.append("asking another domain")
        if self.p2p:
            words.append("peer-to-peer")
        if self.storage:
            words.append("copied storage")
        return ", ".join(words)


@dataclasses.dataclass(frozen=True)
class Held:
    """One migration that a low bandwidth keeps from ending, and the same queries while
    nothing goes on"""

    hold: int               # seconds
    wide: int = 0           # as above

    kind = "held"
    p2p = False

    @property
    def name(self):
        return f"arriving among {self.wide} domains" if self.wide else "held migration"

    @property
    def seconds(self):
        return self.hold + 40


@dataclasses.dataclass(frozen=True)
class Job:
    """One of the jobs that are no migration"""

    job: str

    kind = "job"
    p2p = False
    seconds = 10

    @property
    def name(self):
        return self.job


# What the goals are about
NOBODY = Migration()
ONE_SOURCE = Migration(1, "source")
EIGHT = Migration(8)
EIGHT_ARRIVING = Migration(8, "destination")
# What the clients' use of the processors costs
EIGHT_OTHER = Migration(8, other=True)
EIGHT_ARRIVING_OTHER = Migration(8, "destination", other=True)
HOSTS = Migration(8, wide=20)
HOSTS_NOWAIT = Migration(8, wide=20, nowait=True)   # loads the processors on both variants
CORE = (NOBODY, ONE_SOURCE, EIGHT, EIGHT_ARRIVING, EIGHT_OTHER, EIGHT_ARRIVING_OTHER)
DOWNTIME = tuple(part.name for part in (
    *CORE, Migration(8, "source"), Migration(32), HOSTS, HOSTS_NOWAIT))
SINGLE = "held migration"
AMONG = "arriving among 20 domains"


def matrix():
    """All migrations of the full run"""
    found = [Migration(clients, where, p2p, storage)
             for p2p in (False, True) for storage in (False, True)
             for clients in (0, 1, 8, 32)
             for where in ("source", "destination", "both") if clients or where == "both"]
    return found + [Migration(8, wide=1), HOSTS, HOSTS_NOWAIT,
                    Migration(8, p2p=True, wide=1), Migration(8, p2p=True, wide=20)]


def parts(quick):
    """All that can be measured, in order: what the goals are about comes first."""
    held = [Held(40 if quick else 180), Held(40, 20)]
    core = [part for part in CORE if not (quick and part.other)]
    if quick:
        others = [Migration(8, p2p=True), Migration(8, storage=True), HOSTS]
    else:
        others = [config for config in matrix() if config not in CORE]
    return [*core, *held, *(Job(job) for job in JOBS), *others]


def choose(found, names):
    """The parts that @names ask for: exactly so called, or else with this in the name.
    Raises ValueError for one that asks for nothing."""
    if not names:
        return list(found)
    chosen = []
    for name in names:
        mine = ([part for part in found if part.name == name]
                or [part for part in found if name in part.name])
        if not mine:
            raise ValueError(f"nothing to measure is called {name}; see --list")
        chosen += [part for part in mine if part not in chosen]
    return [part for part in found if part in chosen]


def turns(chosen, rounds, quick):
    """(part, number of its round) in the order of measuring. The ratios that are goals
    want more pairs than the rest: they have another turn in each round. Peer-to-peer, which
    differs little from direct, has one turn less. A held migration has one turn only, and
    with --quick all but the core have one."""
    found = []
    core = [part for part in chosen if part in CORE]
    for number in range(rounds):
        found += [(part, 2 * number) for part in core]
        found += [(part, number) for part in chosen if part not in CORE
                  and (number == 0 or not quick and part.kind != "held"
                       and not (part.p2p and number == rounds - 1))]
        found += [(part, 2 * number + 1) for part in core]
    return found
