/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-report.c: what is shown while it runs, and the tables
 *
 * The main thread's alone.
 */

#include "storm-report.h"
#include "storm-text.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* How often the status is shown, on a terminal and elsewhere */
#define TERMINAL_INTERVAL (200 * STORM_MS)
#define LINE_INTERVAL (5 * STORM_S)

#define CLEAR_LINE "\r\033[K"

/* Errors that the summary lists per host; JSON has them all. */
#define SHOWN_ERRORS 10

/* Queries that were answered: not the refusals, not the errors */
static guint64
answered(const StormSummary *summary)
{
    return summary->count[STORM_OK] + summary->count[STORM_OFF];
}

/* Columns of the terminal that the status goes to; a line that wraps could not
 * be written over. */
static gsize
terminal_width(void)
{
    struct winsize size = { 0 };

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
        return 80;
    return size.ws_col;
}

/* --- progress --- */

/* Adds how one host is getting on. */
static void
add_host_status(GString *line, StormHost *host)
{
    g_autofree char *slowest = NULL;
    g_autofree char *p99 = NULL;
    StormPending pending;
    StormSummary all;
    gint64 max;

    storm_recorder_summary(storm_host_recorder(host), STORM_ALL_CALLS, &all);
    storm_host_pending(host, &pending);
    max = all.all.max;
    if (pending.oldest)
        max = MAX(max, storm_now() - pending.oldest);
    p99 = storm_format_time(all.answered.p99);
    slowest = storm_format_time(max);
    g_string_append_printf(line, "  %s: %" G_GUINT64_FORMAT " answered, p99 %s, slowest %s, %"
                           G_GUINT64_FORMAT " errors",
                           storm_host_name(host), answered(&all), p99, slowest,
                           all.count[STORM_ERROR] + all.count[STORM_WRONG]);
}

/* Shows how things stand, host by host, if it is time to. @round: the one that
 * runs, or NULL; @progress: of its migration in percent, or -1. */
void
storm_report_status(StormRun *run, const StormRound *round, int progress)
{
    static gint64 last;
    bool terminal = isatty(STDERR_FILENO);
    gint64 now = storm_now();
    g_autoptr(GString) line = NULL;
    guint i;

    if (run->options->quiet || now - last < (terminal ? TERMINAL_INTERVAL : LINE_INTERVAL))
        return;
    last = now;
    line = g_string_new(NULL);
    if (round)
        g_string_append_printf(line, "round %u/%d %s > %s", round->number, run->options->rounds,
                               run->ends[round->source].name,
                               run->ends[round->destination].name);
    else
        g_string_append_printf(line, "%.0f s", (now - run->start) / 1e9);
    if (run->watch)
        g_string_append_printf(line, ", %" G_GUINT64_FORMAT " migrations, %u under way",
                               run->rounds_seen, storm_watch_open(run->watch));
    if (progress >= 0)
        g_string_append_printf(line, " memory %d %%", progress);
    for (i = 0; i < run->hosts->len; i++)
        add_host_status(line, g_ptr_array_index(run->hosts, i));
    if (terminal) {
        g_string_truncate(line, MIN(line->len, terminal_width() - 1));
        fprintf(stderr, CLEAR_LINE "%s", line->str);
    } else {
        fprintf(stderr, "%s\n", line->str);
    }
    fflush(stderr);
}

/* Takes the status off the terminal. */
void
storm_report_clear_status(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, CLEAR_LINE);
    fflush(stderr);
}

/* --- rounds --- */

/* Prints the head of the table of migrations. */
void
storm_report_round_header(void)
{
    storm_print("%5s  %-16s %9s %10s  %21s  %23s  %7s\n", "", "", "", "",
           "queries answered", "slowest query", "");
    storm_print("%5s  %-16s %9s %10s  %10s %10s  %11s %11s  %7s\n",
           "round", "from > to", "total", "downtime", "source", "destin.",
           "source", "destin.", "errors");
}

/* Stores the two columns of one end in @count and @slowest, newly allocated. */
static void
end_columns(const StormEnd *end, const StormSummary *queries, char **count, char **slowest)
{
    if (!end->host) {
        *count = g_strdup("-");
        *slowest = g_strdup("-");
        return;
    }
    *count = g_strdup_printf("%" G_GUINT64_FORMAT, answered(queries));
    *slowest = storm_format_time(queries->all.max);
}

/* Prints the row of one migration. */
void
storm_report_round(StormRun *run, const StormRound *round)
{
    const StormEnd *ends[] = { storm_run_end(run, round->source),
                               storm_run_end(run, round->destination) };
    g_autofree char *way = g_strdup_printf("%s > %s", ends[0]->name ? ends[0]->name : "?",
                                            ends[1]->name ? ends[1]->name : "?");
    g_autofree char *total = storm_format_time(round->migrated.end - round->migrated.start);
    g_autofree char *downtime = round->downtime >= 0 ? storm_format_time(round->downtime)
                                                     : g_strdup("unknown");
    g_autofree char *count0 = NULL, *count1 = NULL, *slowest0 = NULL, *slowest1 = NULL;

    end_columns(ends[0], &round->queries[0], &count0, &slowest0);
    end_columns(ends[1], &round->queries[1], &count1, &slowest1);
    storm_report_clear_status();
    storm_print("%5u  %-16s %9s %10s  %10s %10s  %11s %11s  %7" G_GUINT64_FORMAT "%s",
           round->number, way, total, downtime, count0, count1, slowest0, slowest1,
           round->errors, round->migrated.error && !run->watch ? "  failed" : "");
    if (round->has_pulse) {
        g_autofree char *silence = storm_format_time(round->pulse.silence);
        g_autofree char *interval = storm_format_time(round->pulse.interval);

        storm_print("  heartbeat silent for %s (every %s)", silence, interval);
    }
    if (run->watch)
        storm_print("  %s%s%s", round->domain, round->migrated.error ? ": " : "",
               round->migrated.error ? round->migrated.error : "");
    storm_print("\n");
}

static int
compare_times(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a;
    gint64 y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

/* Returns the median of the downtimes that are known (ns), or -1. */
gint64
storm_median_downtime(const StormRun *run)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
    guint i;

    for (i = 0; i < run->rounds->len; i++) {
        StormRound *round = g_ptr_array_index(run->rounds, i);

        if (round->downtime >= 0)
            g_array_append_val(times, round->downtime);
    }
    if (!times->len)
        return -1;
    g_array_sort(times, compare_times);
    return g_array_index(times, gint64, times->len / 2);
}

/* --- summary --- */

static void
print_row(const char *host, const char *call, const StormSummary *s)
{
    const StormLatency *latency = &s->answered;
    g_autofree char *p50 = storm_format_time(latency->p50);
    g_autofree char *p99 = storm_format_time(latency->p99);
    g_autofree char *p999 = storm_format_time(latency->p999);
    g_autofree char *max = storm_format_time(latency->max);

    storm_print("%-12s %-21s %8" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT
           " %6" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT " %6" G_GUINT64_FORMAT
           "  %8s %8s %8s %8s\n",
           host, call, s->queries, answered(s), s->count[STORM_ABSENT] + s->count[STORM_REFUSED],
           s->count[STORM_ERROR] + s->count[STORM_WRONG], s->late, s->count[STORM_OUTSTANDING],
           p50, p99, p999, max);
}

static void
print_host(StormRun *run, StormHost *host)
{
    StormRecorder *recorder = storm_host_recorder(host);
    guint n = run->options->choices->len;
    StormSummary summary;
    guint i;

    for (i = 0; i < n; i++) {
        storm_recorder_summary(recorder, i, &summary);
        print_row(storm_host_name(host), run->call_names[i], &summary);
    }
    if (n > 1) {
        storm_recorder_summary(recorder, STORM_ALL_CALLS, &summary);
        print_row(storm_host_name(host), "all", &summary);
    }
}

static void
print_errors(StormRun *run, StormHost *host)
{
    g_autoptr(GPtrArray) errors = storm_recorder_errors(storm_host_recorder(host));
    StormSummary all;
    guint i;

    storm_recorder_summary(storm_host_recorder(host), STORM_ALL_CALLS, &all);
    if (all.timeouts)
        storm_print("%s: %" G_GUINT64_FORMAT " queries timed out in the daemon (code %d)\n",
               storm_host_name(host), all.timeouts, VIR_ERR_OPERATION_TIMEOUT);
    if (all.count[STORM_OUTSTANDING])
        storm_print("%s: %" G_GUINT64_FORMAT " queries had no answer when the run ended, %"
               G_GUINT64_FORMAT " of which were due but could not be sent\n",
               storm_host_name(host), all.count[STORM_OUTSTANDING], all.unsent);
    for (i = 0; i < errors->len && i < SHOWN_ERRORS; i++) {
        const StormErrorCount *error = g_ptr_array_index(errors, i);

        storm_print("%s: %" G_GUINT64_FORMAT " times %s: %s (code %d)\n", storm_host_name(host),
               error->count, run->call_names[error->call], error->message, error->code);
    }
    if (errors->len > SHOWN_ERRORS)
        storm_print("%s: %u more kinds of errors\n", storm_host_name(host),
               errors->len - SHOWN_ERRORS);
}

/* Prints what the whole run came to. */
void
storm_report_summary(StormRun *run)
{
    gint64 downtime = storm_median_downtime(run);
    guint i;

    storm_report_clear_status();
    if (run->options->clients) {
        storm_print("%-12s %-21s %8s %8s %8s %6s %6s %6s  %8s %8s %8s %8s\n", "host", "call",
               "queries", "answered", "refused", "errors", "late", "outst.",
               "p50", "p99", "p99.9", "max");
        for (i = 0; i < run->hosts->len; i++)
            print_host(run, g_ptr_array_index(run->hosts, i));
    }
    for (i = 0; i < run->hosts->len; i++)
        print_errors(run, g_ptr_array_index(run->hosts, i));
    if (downtime >= 0) {
        g_autofree char *text = storm_format_time(downtime);

        storm_print("downtime: median %s\n", text);
    }
    if (run->watch && run->rounds_seen > run->rounds->len)
        storm_print("only the first %u migrations are kept\n", run->rounds->len);
    if (run->watch && storm_watch_gaps(run->watch))
        storm_print("events may have been missed %" G_GUINT64_FORMAT " times\n",
               storm_watch_gaps(run->watch));
    if (run->events && storm_events_lost(run->events))
        storm_print("%" G_GUINT64_FORMAT " events were too many to keep\n",
               storm_events_lost(run->events));
    if (run->interrupted)
        storm_print("interrupted after %.1f s\n", (run->end - run->start) / 1e9);
    for (i = 0; i < run->faults->len; i++)
        storm_print("fault: %s\n", (char *)g_ptr_array_index(run->faults, i));
}
