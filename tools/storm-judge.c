/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-judge.c: whether a run went as it must
 *
 * All of it is the main thread's; it needs no lock.
 */

#include "storm-judge.h"

/* Adds a reason why the run has failed. */
void
storm_run_fault(StormRun *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(run->faults, g_strdup_vprintf(format, args));
    va_end(args);
}

/* With --check, a query that is without an answer for too long is a fault and
 * ends the run. */
void
storm_judge_pending(StormRun *run)
{
    guint i;

    for (i = 0; i < run->hosts->len && !run->ending; i++) {
        StormPending pending;

        storm_host_pending(storm_run_host(run, i), &pending);
        if (!pending.oldest ||
            storm_now() - pending.oldest <= run->options->query_timeout)
            continue;
        storm_run_fault(run, "client %u of %s has had no answer for %.0f s", pending.client,
                        storm_host_name(storm_run_host(run, i)),
                        run->options->query_timeout / 1e9);
        run->ending = true;
    }
}

/* Judges where the domain is after the migration. */
void
storm_judge_whereabouts(StormRun *run, const StormRound *round)
{
    unsigned int flags = run->options->flags.flags;
    const int *state = round->migrated.state;
    int wanted = flags & VIR_MIGRATE_OFFLINE ? VIR_DOMAIN_SHUTOFF
                 : flags & VIR_MIGRATE_PAUSED ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING;

    /* One that was paused before stays so. */
    if (state[1] != wanted && !(wanted == VIR_DOMAIN_RUNNING && state[1] == VIR_DOMAIN_PAUSED &&
                                !run->options->check))
        storm_run_fault(run, "round %u: the domain's state on the destination is %d, not %d",
                        round->number, state[1], wanted);
    if (state[0] != VIR_DOMAIN_SHUTOFF && state[0] != STORM_STATE_ABSENT)
        storm_run_fault(run, "round %u: the domain's state on the source is %d, not off",
                        round->number, state[0]);
}

/* Adds what the answers came to as a whole to the faults. */
void
storm_judge_answers(StormRun *run)
{
    guint i;

    for (i = 0; i < run->hosts->len; i++) {
        const char *name = storm_host_name(storm_run_host(run, i));
        guint64 bad, outstanding;
        StormSummary all;

        storm_recorder_summary(storm_host_recorder(storm_run_host(run, i)), STORM_ALL_CALLS, &all);
        bad = all.count[STORM_ERROR] + all.count[STORM_WRONG];
        outstanding = all.count[STORM_OUTSTANDING];
        /* Nothing asked is nothing learnt. */
        if (run->options->clients && bad + outstanding == all.queries && !run->interrupted)
            storm_run_fault(run, "no query to %s was answered", name);
        if (!run->options->check)
            continue;
        if (bad)
            storm_run_fault(run, "%" G_GUINT64_FORMAT " wrong answers or errors on %s", bad, name);
        if (outstanding && !run->ending)
            storm_run_fault(run, "%" G_GUINT64_FORMAT " queries to %s have no answer",
                            outstanding, name);
        if (run->options->clients && run->options->migrate && !all.count[STORM_OK])
            storm_run_fault(run, "%s never answered for the active domain", name);
    }
}
