# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole migrations of each kind while clients query on both hosts."""

import contextlib
import os
import signal
import subprocess
import threading
import time

import libvirt

from harness import jobs
from harness.scenario import scenario

# What a query may say where the domain is not, or not any more; and what stock
# says to domjobinfo of a migration that comes in
AWAY = (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN,
        libvirt.VIR_ERR_OPERATION_UNSUPPORTED)


def storm(t, flags, rounds=2, clients=4):
    """Runs virt-jobstorm, which checks each answer, on a guest; checks the guest."""
    guest = t.guest()
    guest.start(t.alpha)
    done = subprocess.run(
        [os.path.join(t.tools, "virt-jobstorm"), "--uri", t.alpha.uri, "--uri", t.beta.uri,
         "--domain", guest.name, "--check", "--migrate", t.beta.uri, "--rounds", str(rounds),
         "--clients", str(clients), "--flags", flags],
        stdout=t.log_file, stderr=t.log_file, timeout=100)
    t.check(done.returncode == 0, f"virt-jobstorm ended with {done.returncode}")
    guest.check_alive()
    where = t.alpha if rounds % 2 == 0 else t.beta
    where.domain(guest.name).destroy()
    guest.check_disk()


@scenario()
def storm_direct(t):
    storm(t, "live,persistent,unsafe")


@scenario()
def storm_undefine(t):
    """The source forgets the domain."""
    storm(t, "live,persistent,undefinesource,unsafe", rounds=4)


@scenario()
def storm_p2p(t):
    storm(t, "live,persistent,unsafe,p2p")


@scenario()
def storm_tunnelled(t):
    storm(t, "live,persistent,unsafe,p2p,tunnelled")


@scenario()
def storm_parallel(t):
    storm(t, "live,persistent,unsafe,parallel")


@scenario(slow=True)
def storm_32(t):
    """Many clients"""
    storm(t, "live,persistent,unsafe", rounds=2, clients=32)


@scenario()
def storm_idle(t):
    """Queries alone, from many clients"""
    guest = t.guest()
    guest.start(t.alpha)
    done = subprocess.run(
        [os.path.join(t.tools, "virt-jobstorm"), "--uri", t.alpha.uri, "--domain", guest.name,
         "--check", "--seconds", "3", "--clients", "16"],
        stdout=t.log_file, stderr=t.log_file, timeout=60)
    t.check(done.returncode == 0, f"virt-jobstorm ended with {done.returncode}")
    guest.check_alive()


def check_loop(t, loop, where):
    t.check(loop.stop(), f"a query on the {where} has not come back")
    unexpected = loop.unexpected(AWAY)
    t.log(f"{where}: {len(loop.times)} answers, median {loop.median():.3f} s, "
          f"slowest {loop.slowest():.3f} s, {len(unexpected)} unexpected errors")
    t.check(not unexpected, f"a query on the {where} failed: {unexpected[:1]}")
    t.check(loop.times, f"no query on the {where} was answered")


@contextlib.contextmanager
def migrating(t, guest, flags, params, hosts=None):
    """With a migration between @hosts, alpha and beta by default, in a thread, which is what
    one gets: it has begun to move data. It must succeed in the end; where what is done
    meanwhile fails it is aborted."""
    source, destination = hosts or (t.alpha, t.beta)
    errors = []

    def run():
        try:
            domain = source.connect().lookupByName(guest.name)
            if flags & libvirt.VIR_MIGRATE_PEER2PEER:
                domain.migrateToURI3(destination.uri, params, flags)
            else:
                domain.migrate3(destination.connect(), params, flags)
        except libvirt.libvirtError as error:
            errors.append(str(error))

    domain = source.domain(guest.name)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        t.wait(lambda: (not thread.is_alive()
                        or domain.jobStats().get("data_processed", 0) > 4 << 20),
               30, "the migration moves no data")
        t.check(thread.is_alive(), f"the migration ended too early: {errors}")
        yield thread
    except BaseException:
        with contextlib.suppress(libvirt.libvirtError):
            domain.abortJob()
        thread.join(10)
        raise
    thread.join(60)
    t.check(not thread.is_alive(), "the migration has not ended")
    t.check(not errors, f"the migration failed: {errors}")


@scenario()
def postcopy(t):
    """Post-copy, begun while pre-copy is held by a low bandwidth"""
    guest = t.guest()
    domain = guest.start(t.alpha)
    t.learn(domain)
    loops = [(t.query_loop(t.alpha, guest), "source"),
             (t.query_loop(t.beta, guest, postcopy=True), "destination")]
    with migrating(t, guest, jobs.MIGRATE_FLAGS | libvirt.VIR_MIGRATE_POSTCOPY,
                   {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 4,
                    libvirt.VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY: 16}):
        domain.migrateStartPostCopy()
    for loop, where in loops:
        check_loop(t, loop, where)
    guest.check_alive()


@scenario()
def p2p_peer_stopped(t):
    """The destination's daemon stands still; the source answers all the same."""
    guest = t.guest()
    t.learn(guest.start(t.alpha))
    with migrating(t, guest, jobs.MIGRATE_FLAGS | libvirt.VIR_MIGRATE_PEER2PEER,
                   {libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: 32}) as thread:
        t.beta.daemon.send_signal(signal.SIGSTOP)
        try:
            loop = t.query_loop(t.alpha, guest)
            time.sleep(6)   # longer than the rest of the data takes
            t.check(thread.is_alive(), "the migration ended without its destination")
            t.check(loop.stop(), "a query has not come back")
            t.log(f"{len(loop.times)} answers, median {loop.median():.3f} s, "
                  f"slowest {loop.slowest():.3f} s, {len(loop.errors)} errors")
            t.check(not loop.errors, f"a query failed: {loop.errors[:1]}")
            t.check(loop.slowest() < 2, f"a query took {loop.slowest():.1f} s")
            t.check(len(loop.times) >= 10, f"only {len(loop.times)} queries were answered")
        finally:
            t.beta.daemon.send_signal(signal.SIGCONT)
    guest.check_alive()
