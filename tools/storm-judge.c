/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-judge.c: whether a run went as it must
 *
 * All of it is the main thread's; it needs no lock.
 */

#include "storm-judge.h"
#include "storm-text.h"

#include <math.h>
#include <string.h>

/* Adds a reason why the run has failed; @format is not translated yet. */
void
storm_run_fault(StormRun *run, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(run->faults, g_strdup_vprintf(format, args));
    va_end(args);
    va_start(args, format);
    g_ptr_array_add(run->shown_faults, g_strdup_vprintf(_(format), args));
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
        storm_run_fault(run, N_("client %u of %s has had no answer for %.0f s"), pending.client,
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
        storm_run_fault(run, N_("round %u: the domain's state on the destination is %d, not %d"),
                        round->number, state[1], wanted);
    if (state[0] != VIR_DOMAIN_SHUTOFF && state[0] != STORM_STATE_ABSENT)
        storm_run_fault(run, N_("round %u: the domain's state on the source is %d, not off"),
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
            storm_run_fault(run, N_("no query to %s was answered"), name);
        if (!run->options->check)
            continue;
        if (bad)
            storm_run_fault(run, N_("%llu wrong answers or errors on %s"),
                            (unsigned long long)bad, name);
        if (outstanding && !run->ending)
            storm_run_fault(run, N_("%llu queries to %s have no answer"),
                            (unsigned long long)outstanding, name);
        if (run->options->clients && run->options->migrate && !all.count[STORM_OK])
            storm_run_fault(run, N_("%s never answered for the active domain"), name);
    }
}

/* Ends the run at more errors than are allowed. */
void
storm_judge_errors(StormRun *run)
{
    guint64 bad = 0;
    guint i;

    if (run->options->max_errors < 0)
        return;
    for (i = 0; i < run->recorders->len; i++)
        bad += storm_recorder_bad(g_ptr_array_index(run->recorders, i));
    if (bad <= (guint64)run->options->max_errors)
        return;
    if (!run->too_many_errors)
        storm_run_fault(run, N_("%llu errors, more than %lld"), (unsigned long long)bad,
                        (long long)run->options->max_errors);
    run->too_many_errors = true;
    run->ending = true;
}

/* Holds @gate against @value, which is @whose. */
static void
hold(StormRun *run, const StormGate *gate, double value, const char *whose)
{
    g_autofree char *text = NULL;

    if (isnan(value)) {
        storm_run_fault(run, N_("%s: nothing was measured for %s"), gate->text, whose);
    } else if (storm_gate_fails(gate, value)) {
        text = storm_gate_format(gate, value);
        storm_run_fault(run, N_("%s: it is %s for %s"), gate->text, text, whose);
    }
}

/* Holds a gate about migrations against all of them. */
static void
judge_rounds(StormRun *run, const StormGate *gate)
{
    guint i;

    if (gate->kind == STORM_GATE_FAILED) {
        guint64 failed = run->watch ? run->failed : 0;

        for (i = 0; !run->watch && i < run->rounds->len; i++)
            failed += ((StormRound *)g_ptr_array_index(run->rounds, i))->migrated.error != NULL;
        hold(run, gate, failed, N_("all migrations"));
        return;
    }
    if (!run->rounds->len)
        hold(run, gate, NAN, N_("any migration"));
    for (i = 0; i < run->rounds->len; i++) {
        const StormRound *round = g_ptr_array_index(run->rounds, i);
        g_autofree char *whose = g_strdup_printf("round %u", round->number);
        double value = round->migrated.end - round->migrated.start;

        /* a failed one has its own metric */
        if (round->migrated.error)
            continue;
        if (storm_gate_of_downtime(gate))
            value = round->downtime < 0 ? NAN : round->downtime;
        hold(run, gate, value, whose);
    }
}

/* Holds what was measured against the conditions of --fail-if. */
void
storm_judge_gates(StormRun *run)
{
    guint i, h, call;

    for (i = 0; i < run->options->gates->len; i++) {
        const StormGate *gate = g_ptr_array_index(run->options->gates, i);

        if (gate->kind >= STORM_GATE_MIGRATION) {
            judge_rounds(run, gate);
            continue;
        }
        call = STORM_ALL_CALLS;
        for (h = 0; gate->call && h < run->options->choices->len; h++) {
            if (strcmp(run->call_names[h], gate->call) == 0)
                call = h;
        }
        for (h = 0; h < run->hosts->len; h++) {
            StormHost *host = storm_run_host(run, h);
            StormSummary summary;

            storm_recorder_summary(storm_host_recorder(host), call, &summary);
            hold(run, gate, storm_gate_queries(gate, &summary), storm_host_name(host));
        }
    }
}
