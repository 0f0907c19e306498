/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The jobs of one domain as the series has them: an async job whose ownership
 * goes from one API call to the next, queries that never cease, a destroy, the
 * handler of the monitor's end, and a QEMU that answers, hangs or dies whenever
 * it likes. README.md says what is checked and how to run it.
 *
 * Each -DBUG_... plants one bug. Every one of them must be found.
 */

#ifndef NQUERIES
#define NQUERIES 2
#endif

mtype = { JOB_NONE, JOB_QUERY, JOB_DESTROY };
mtype = { ALIVE, HUNG, DEAD };
mtype = { NO_REPLY, WAITED_FOR, ARRIVED };
mtype = { AWAKE, COND_JOB, COND_ASYNC, COND_EVENT, KILLING, YIELDING };

/* Threads. 0 is nobody. */
#define PERFORM 1               /* the API call that starts the async job */
#define FINISH  2               /* the API call that takes it over */
#define DESTROY 3               /* a client that destroys the domain */
#define EOF     4               /* the domain's event worker */
#define EVENT   5               /* the monitor's thread, which handles QEMU's events */
#define QUERY0  6
#define NTHREADS (QUERY0 + NQUERIES)

/* virDomainObj: who waits for which condition, or for the lock after KILLING or
 * YIELDING without it. The lock itself needs no variable: a thread is one atomic
 * sequence, which others interrupt only where it blocks. */
mtype asleep[NTHREADS] = AWAKE;
bool running = true;            /* virDomainObjIsActive() */
bool beingDestroyed;

/* virDomainJobObj */
mtype jobActive = JOB_NONE;
byte owner;
bool async;
byte asyncOwner;
bool interruptible;
bool admitsQuery;               /* VIR_JOB_QUERY is in the mask; a destroy always is */
bool switchover;
byte terminating;
bool givenUp;                   /* the running job must not wait for QEMU any more */
bool restoring;                 /* its thread restores the domain, and is not given up */
bool givesWay;                  /* the thread that closes has to give way to it */

/* QEMU and its monitor: who is in it, what became of the command, and whether
 * QEMU still owes a reply that nobody waits for */
mtype qemu = ALIVE;
byte user;
mtype reply = NO_REPLY;
bool late;

/* What the async job waits for in its window */
bool happened;

/* For the claims only */
bool closing, destroying, asking[NQUERIES];

/* With -DTRACE each step that the code logs is printed with the state before it, for
 * model/replay: by whom, the regular job, the async job and its window. */
#ifdef TRACE
#define BEGIN_JOB   1
#define END_JOB     2
#define BEGIN_ASYNC 3
#define END_ASYNC   4
#define OPENS       5
#define WAITS       6
#define CLOSED      7
#define RELEASE     8
#define GIVE_UP     9
#define BEGIN_END   10
#define END_END     11
#define MONITOR     12
#define LOG(what, me) \
    printf("@ %d %d %d %d %d %d %d %d %d %d\n", what, owner != 0 && owner == me, \
           asyncOwner != 0 && asyncOwner == me, jobActive == JOB_QUERY, \
           jobActive == JOB_DESTROY, async, asyncOwner != 0, interruptible, closing, \
           terminating > 0);
#else
#define LOG(what, me)
#endif

/* --- the domain's lock and its conditions --------------------------------- */

/* virCondWait(): until somebody broadcasts */
inline sleep(me, cond)
{
    asleep[me] = cond;
    asleep[me] == AWAKE
}

/* Lets other threads run where the lock is free but nothing is waited for */
#define YIELD(me) sleep(me, YIELDING)

inline broadcast(cond)
{
    n = 1;
    do
    :: n < NTHREADS && asleep[n] == cond -> asleep[n] = AWAKE; n++
    :: n < NTHREADS && asleep[n] != cond -> n++
    :: n == NTHREADS -> break
    od;
    n = 0
}

/* --- the engine: src/conf/virdomainjob.c ----------------------------------- */

/* virDomainAsyncJobIsInterruptible() */
#define OPEN (asyncOwner == 0 || interruptible)

/* virDomainAsyncJobAllows() */
#ifdef BUG_WINDOW_IS_IGNORED
#define ALLOWS_QUERY (!async || admitsQuery)
#else
#define ALLOWS_QUERY (!async || (OPEN && admitsQuery && !switchover))
#endif
#define ALLOWS_DESTROY (!async || OPEN)

/* virDomainObjEndJob() */
inline endJob(me)
{
    assert(jobActive != JOB_NONE && owner == me);
    LOG(END_JOB, me)
    jobActive = JOB_NONE;
    owner = 0;
#ifndef BUG_END_JOB_WAKES_NOBODY
    broadcast(COND_JOB)
#endif
}

/* virDomainObjEndAsyncJob(), by the owner or for a job without one */
inline endAsync(me)
{
    assert(async && (asyncOwner == me || asyncOwner == 0));
    LOG(END_ASYNC, me)
    async = false;
    asyncOwner = 0;
    interruptible = false;
    switchover = false;
    admitsQuery = false;
#ifndef BUG_END_ASYNC_WAKES_NOBODY
    broadcast(COND_ASYNC)
#endif
}

/* virDomainObjEnterInterruptible() */
inline enter(me)
{
    assert(async && asyncOwner == me && !interruptible);
    LOG(OPENS, me)
    interruptible = true;
#ifndef BUG_ENTER_WAKES_NOBODY
    broadcast(COND_ASYNC)
#endif
}

/* virDomainObjExitInterruptible(), whose limit the world below reaches. At the limit the running job is given up,
 * unless it is one that ends the domain: that takes as long as the kill. If it is one that restores the domain after
 * a restart, closing fails. */

#ifdef BUG_RESTORING_IS_GIVEN_UP
#define CAN_BE_GIVEN_UP (jobActive == JOB_QUERY)
#else
#define CAN_BE_GIVEN_UP (jobActive == JOB_QUERY && !restoring)
#endif

inline exit(me)
{
    assert(async && asyncOwner == me);
    closing = true;
#ifndef BUG_CLOSES_LATE
    interruptible = false;
#endif
    do
    :: jobActive == JOB_NONE -> LOG(CLOSED, me) closing = false; break
    :: jobActive != JOB_NONE && givesWay -> break
    :: else ->
        LOG(WAITS, me)
        sleep(me, COND_JOB)
    od;
    givesWay = false;
#ifdef BUG_CLOSES_LATE
    interruptible = false;
#endif
#ifndef BUG_GIVE_UP_STAYS
    givenUp = false
#endif
}

/* virDomainObjBeginTermination(), virDomainObjEndTermination() */
inline beginTermination(me)
{
    LOG(BEGIN_END, me)
    terminating++;
    broadcast(COND_JOB);
    broadcast(COND_ASYNC)
}

inline endTermination(me)
{
    LOG(END_END, me)
    terminating--;
    broadcast(COND_JOB)
}

/* --- the monitor: src/qemu/qemu_monitor.c ---------------------------------- */

#define MAY_USE_MONITOR(me) \
    ((jobActive != JOB_NONE && owner == me) || \
     (async && asyncOwner == me && !interruptible && jobActive == JOB_NONE))

#define IS_GIVEN_UP(me) (givenUp && jobActive != JOB_NONE && owner == me)

/* qemuDomainObjEnterMonitor(), a command, qemuDomainObjExitMonitor() */
inline monitor(me)
{
    assert(MAY_USE_MONITOR(me));
    assert(user == 0);
    if
    :: IS_GIVEN_UP(me) || qemu == DEAD
    :: else ->
        LOG(MONITOR, me)
        user = me;
        reply = WAITED_FOR;
        if
        :: reply == ARRIVED || qemu == DEAD
#ifndef BUG_GIVE_UP_IS_IGNORED
        :: IS_GIVEN_UP(me) && reply == WAITED_FOR && qemu != DEAD -> late = true
#endif
        fi;
        reply = NO_REPLY;
        user = 0
    fi
}

active proctype QEMU()
{
end:
    do
    :: d_step { qemu == ALIVE && late -> late = false;
#ifdef BUG_LATE_REPLY_IS_TAKEN
                if
                :: reply == WAITED_FOR -> assert(false)
                :: else
                fi
#endif
       }
    :: d_step { qemu == ALIVE && !late && reply == WAITED_FOR -> reply = ARRIVED }
    :: d_step { qemu == ALIVE -> qemu = HUNG };
        if
        :: d_step { qemu == HUNG -> qemu = ALIVE }
        :: true -> qemu == DEAD         /* hangs until it is killed */
        :: qemu == DEAD
        fi
    :: d_step { qemu != DEAD -> qemu = DEAD }
    :: qemu == DEAD -> break
    od
}

/* The world beyond, each part with a will of its own: a process dies of a signal, the
 * limit of a closing owner is reached, a thread that wants the lock gets it. */
#define DIES(who)       d_step { asleep[who] == KILLING -> qemu = DEAD; asleep[who] = AWAKE }
#define RUNS(who)       d_step { asleep[who] == YIELDING -> asleep[who] = AWAKE }

active proctype Kernel()
{
end:
    do
    :: DIES(PERFORM)
    :: DIES(DESTROY)
    :: DIES(EOF)
    od
}

#ifndef BUG_NO_LIMIT
active proctype Clock()
{
end:
    do
    :: d_step { closing && !givenUp && CAN_BE_GIVEN_UP ->
                assert(!restoring);
                LOG(GIVE_UP, asyncOwner) givenUp = true }
    :: d_step { closing && restoring && !givesWay && asleep[asyncOwner] == COND_JOB ->
                givesWay = true; asleep[asyncOwner] = AWAKE }
    od
}
#endif

active proctype Scheduler()
{
end:
    do
    :: RUNS(QUERY0)
#if NQUERIES > 1
    :: RUNS(QUERY0 + 1)
#endif
    od
}

/* Apart from it, since fairness is between processes */
active proctype SchedulerOfStop()
{
end:
    do
    :: RUNS(DESTROY)
    :: RUNS(EOF)
    od
}

/* --- those who stop the domain: src/qemu/qemu_process.c -------------------- */

/* qemuProcessKill(): without the lock of the domain */
inline kill(me)
{
    beginTermination(me);
    sleep(me, KILLING);
    endTermination(me)
}

/* virDomainObjBeginJob() of VIR_JOB_DESTROY. It has a limit in the code; here it
 * has none, so that the claims show that it is not needed. */
inline beginDestroy(me)
{
    do
    :: !ALLOWS_DESTROY -> sleep(me, COND_ASYNC)
    :: ALLOWS_DESTROY && jobActive != JOB_NONE -> sleep(me, COND_JOB)
    :: ALLOWS_DESTROY && jobActive == JOB_NONE -> break
    od;
    LOG(BEGIN_JOB, me)
    jobActive = JOB_DESTROY;
    owner = me
}

/* qemuProcessBeginStopJob(), qemuProcessStop(), virDomainObjEndJob() */
inline stop(me)
{
    beingDestroyed = true;
    beginTermination(me);
    if
    :: ALLOWS_DESTROY && jobActive == JOB_NONE ->
        LOG(BEGIN_JOB, me) jobActive = JOB_DESTROY; owner = me
    :: else
    fi;
    kill(me);
    broadcast(COND_EVENT);
    if
    :: owner == me
    :: else -> beginDestroy(me)
    fi;
    endTermination(me);
    beingDestroyed = false;
    /* The log of the domain is written, hooks run. */
    YIELD(me);
    if
    :: running ->
        assert(user == 0 || user == me);
        kill(me);
        running = false;
        broadcast(COND_EVENT);
        /* qemuDomainObjDiscardAsyncJob() */
#ifdef BUG_DISCARDS_OWNED_JOB
        if
        :: async -> asyncOwner = me; endAsync(me)
#else
        if
        :: async && asyncOwner == 0 -> endAsync(me)
#endif
        :: else
        fi
    :: else
    fi;
    endJob(me)
}

active proctype Destroy()
{
    byte n;

    if
    :: true                     /* nobody destroys it */
    :: atomic {
        destroying = true;
        if
        :: running ->
            /* qemuProcessAutoDestroy(): the domain goes with its connection */
            if
            :: async && asyncOwner == 0 -> endAsync(DESTROY)
            :: true
            fi;
            stop(DESTROY)
        :: else
        fi;
        destroying = false
       }
    fi
}

/* The handler of EOF, in the turn of this domain's events */
active proctype Eof()
{
    byte n;

end:
    atomic {
        qemu == DEAD;
        if
        :: running && !beingDestroyed -> stop(EOF)
        :: else
        fi
    }
}

/* QEMU's events: what the async job waits for, and the switchover, which somebody
 * in the async job ends, or the time that it is given. Those who wait for its end
 * know that time: they wake up by themselves. */
active proctype Event()
{
    byte n;

end:
    do
    :: d_step { qemu == ALIVE && async && !happened -> happened = true; broadcast(COND_EVENT) }
    :: d_step { qemu == ALIVE && async && !happened -> switchover = true }
    :: d_step { switchover -> switchover = false; broadcast(COND_ASYNC) }
    :: qemu == DEAD && !switchover -> break
    od
}

/* --- regular jobs: clients whose queries never cease ------------------------ */

/* In the code a query waits for the process to die, for two seconds, before it is
 * refused. That it waits changes nothing here: it is not let in. */
#ifdef BUG_QUERY_OF_A_DYING_DOMAIN
#define REFUSES_QUERY false
#else
#define REFUSES_QUERY (terminating > 0)
#endif

proctype Query(byte me)
{
    byte n;

end:
    do
    :: running ->
        atomic {
            asking[me - QUERY0] = true;
            YIELD(me);
            do
            :: REFUSES_QUERY -> goto refused
            :: !REFUSES_QUERY && !ALLOWS_QUERY -> sleep(me, COND_ASYNC)
            :: !REFUSES_QUERY && ALLOWS_QUERY && jobActive != JOB_NONE -> sleep(me, COND_JOB)
            :: !REFUSES_QUERY && ALLOWS_QUERY && jobActive == JOB_NONE -> break
            od;
            LOG(BEGIN_JOB, me)
            jobActive = JOB_QUERY;
            owner = me;
            /* Rule 2, whatever the engine believes */
            assert(!async || ((asyncOwner == 0 || interruptible) && !closing && admitsQuery));
            assert(terminating == 0 && !givenUp);
            if
            :: running ->
                monitor(me);
                if
                :: running -> monitor(me)
                :: true
                fi
            :: else
            fi;
            endJob(me);
refused:
            asking[me - QUERY0] = false
        }
    :: !running -> break
    od
}

/* --- the async job: two API calls, such as Prepare and Finish --------------- */

/* qemuDomainObjWait(), until what is waited for has happened. Sets dead. */
inline wait(me)
{
    do
    :: happened || dead -> break
    :: else ->
        enter(me);
#ifdef BUG_MONITOR_IN_WINDOW
        monitor(me);
#endif
        sleep(me, COND_EVENT);
        exit(me);
        dead = !running || beingDestroyed
    od
}

active proctype Perform()
{
    byte n;
    bool dead;

    atomic {
    do
    :: jobActive == JOB_NONE -> break
    :: else -> sleep(PERFORM, COND_JOB)
    od;
    if
    :: !running || terminating > 0 -> goto out
    :: else
    fi;
    if
    :: true                     /* virDomainObjBeginAsyncJob() */
    :: true ->
        /* Or the daemon has started and finds an async job, qemuProcessReconnect():
         * it has a regular job meanwhile, and ends the async job or leaves it to a
         * later call. */
        LOG(BEGIN_JOB, PERFORM)
        jobActive = JOB_QUERY;
        owner = PERFORM;
        restoring = true;
        if
        :: true -> async = true; admitsQuery = true; monitor(PERFORM)
        :: true
        fi;
        if
#ifdef BUG_RECOVERY_ENDS_OWNED_JOB
        :: async -> endAsync(PERFORM)
#else
        :: async && asyncOwner == 0 -> endAsync(PERFORM)
#endif
        :: running ->
            /* It cannot be reconnected: qemuProcessStop() in the job that is held */
            beginTermination(PERFORM);
            kill(PERFORM);
            endTermination(PERFORM);
            running = false;
            broadcast(COND_EVENT);
            if
            :: async && asyncOwner == 0 -> endAsync(PERFORM)
            :: else
            fi
        :: true
        fi;
        restoring = false;
        endJob(PERFORM);
        goto out
    fi;
    LOG(BEGIN_ASYNC, PERFORM)
    async = true;
    asyncOwner = PERFORM;
#ifdef BUG_STARTS_OPEN
    interruptible = true;
#endif
    monitor(PERFORM);
    dead = !running;
    if
    :: !dead -> admitsQuery = true; wait(PERFORM)
    :: else
    fi;
    if
    :: !dead -> monitor(PERFORM); dead = !running
    :: else
    fi;
    if
    :: dead -> endAsync(PERFORM)
    :: !dead ->
        /* The end of an outgoing migration: the owner stops the domain. */
        kill(PERFORM);
        running = false;
        broadcast(COND_EVENT);
        endAsync(PERFORM)
    :: !dead ->
        /* qemuDomainObjReleaseAsyncJob() */
        LOG(RELEASE, PERFORM)
        happened = false;
        interruptible = false;
        asyncOwner = 0;
#ifndef BUG_RELEASE_WAKES_NOBODY
        broadcast(COND_ASYNC)
#endif
    fi;
out:
    skip
    }
}

active proctype Finish()
{
    byte n;
    bool dead;

end:
    atomic {
    async && asyncOwner == 0;
    /* qemuDomainObjStartJobPhase() */
    do
    :: terminating == 0 -> break
    :: else -> sleep(FINISH, COND_JOB)
    od;
    if
    :: !async -> goto out
    :: else
    fi;
    asyncOwner = FINISH;
#ifdef BUG_TAKES_OVER_WITHOUT_WAITING
    interruptible = false;
#else
    exit(FINISH);
    if
    :: jobActive != JOB_NONE ->
        /* Closing has failed: qemuDomainObjReleaseAsyncJob() */
        LOG(RELEASE, FINISH)
        closing = false;
        asyncOwner = 0;
        broadcast(COND_ASYNC);
        goto out
    :: else
    fi;
#endif
    if
    :: running ->
        monitor(FINISH);
        dead = !running;
        if
        :: !dead -> switchover = false; broadcast(COND_ASYNC); wait(FINISH)
        :: else
        fi;
        if
        :: !dead -> monitor(FINISH)
        :: else
        fi
    :: else
    fi;
    endAsync(FINISH);
out:
    skip
    }
}

init
{
    byte q = 0;

    do
    :: q < NQUERIES -> run Query(QUERY0 + q); q++
    :: else -> break
    od
}

/* --- claims ------------------------------------------------------------------ */

/* Closing ends although newcomers never cease and QEMU may hang for ever. */
ltl closing_ends { [] (closing -> <> !closing) }
/* A destroy is done whatever the async job, the queries and QEMU do. */
ltl destroy_ends { [] (destroying -> <> !destroying) }
/* A query is answered or refused unless QEMU hangs. */
ltl query_ends { [] (asking[0] -> <> (!asking[0] || qemu == HUNG)) }
/* Nothing of a job is left once the domain has ended. */
ltl nothing_remains { <> (!running) -> <> [] (!async && jobActive == JOB_NONE && terminating == 0 && !givenUp && user == 0) }
