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
    g_autofree char *count = NULL;
    g_autofree char *bad = NULL;
    StormPending pending;
    StormSummary all;
    gint64 max;

    storm_recorder_summary(storm_host_recorder(host), STORM_ALL_CALLS, &all);
    storm_host_pending(host, &pending);
    max = all.all.max;
    if (pending.oldest)
        max = MAX(max, storm_now() - pending.oldest);
    p99 = storm_show_time(all.answered.p99);
    slowest = storm_show_time(max);
    count = storm_show_count(answered(&all));
    bad = storm_show_count(all.count[STORM_ERROR] + all.count[STORM_WRONG]);
    g_string_append_printf(line, _("  %s: %s answered, p99 %s, slowest %s, %s errors"),
                           storm_host_name(host), count, p99, slowest, bad);
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
        g_string_append_printf(line, _("round %u/%d %s > %s"), round->number, run->options->rounds,
                               run->ends[round->source].name,
                               run->ends[round->destination].name);
    else
        g_string_append_printf(line, _("%.0f s"), (now - run->start) / 1e9);
    if (run->watch)
        g_string_append_printf(line, _(", %llu migrations, %u under way"),
                               (unsigned long long)run->rounds_seen,
                               storm_watch_open(run->watch));
    if (progress >= 0)
        g_string_append_printf(line, _(" memory %d %%"), progress);
    for (i = 0; i < run->hosts->len; i++)
        add_host_status(line, g_ptr_array_index(run->hosts, i));
    if (terminal) {
        if ((gsize)g_utf8_strlen(line->str, -1) >= terminal_width())
            g_string_truncate(line, g_utf8_offset_to_pointer(line->str, terminal_width() - 1) -
                              line->str);
        storm_print_status(CLEAR_LINE "%s", line->str);
    } else {
        storm_print_status("%s\n", line->str);
    }
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

static const int round_widths[] = { 5, -16, 9, 10, 11, 10, 12, 11, 8, -1 };

/* Prints a line of cells, the last of which is NULL, in columns of @widths. */
static void G_GNUC_NULL_TERMINATED
print_cells(const int *widths, ...)
{
    const char *text;
    va_list args;

    va_start(args, widths);
    while ((text = va_arg(args, const char *))) {
        storm_print_cell(text, *widths++);
        storm_print(" ");
    }
    va_end(args);
    storm_print("\n");
}

/* Prints the head of the table of migrations. */
void
storm_report_round_header(void)
{
    static const int over[] = { 5, -16, 9, 10, 22, 23, 8 };

    print_cells(over, "", "", "", "", _("queries answered"), _("slowest query"), "", NULL);
    print_cells(round_widths, _("round"), _("from > to"), _("total"), _("downtime"), _("source"),
                _("destin."), _("source"), _("destin."), _("errors"), NULL);
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
    *count = storm_show_count(answered(queries));
    *slowest = storm_show_time(queries->all.max);
}

/* Prints the row of one migration. */
void
storm_report_round(StormRun *run, const StormRound *round)
{
    const StormEnd *ends[] = { storm_run_end(run, round->source),
                               storm_run_end(run, round->destination) };
    g_autofree char *way = g_strdup_printf("%s > %s", ends[0]->name ? ends[0]->name : "?",
                                            ends[1]->name ? ends[1]->name : "?");
    g_autofree char *total = storm_show_time(round->migrated.end - round->migrated.start);
    g_autofree char *downtime = round->downtime >= 0 ? storm_show_time(round->downtime)
                                                     : g_strdup(_("unknown"));
    g_autofree char *number = g_strdup_printf("%u", round->number);
    g_autofree char *errors = storm_show_count(round->errors);
    g_autofree char *end = NULL;
    g_autofree char *count0 = NULL, *count1 = NULL, *slowest0 = NULL, *slowest1 = NULL;

    end_columns(ends[0], &round->queries[0], &count0, &slowest0);
    end_columns(ends[1], &round->queries[1], &count1, &slowest1);
    storm_report_clear_status();
    end = run->watch && round->migrated.error
          ? g_strdup_printf("%s: %s", round->domain, _(round->migrated.error))
          : g_strdup(run->watch ? round->domain : round->migrated.error ? _("failed") : "");
    print_cells(round_widths, number, way, total, downtime, count0, count1, slowest0, slowest1,
                errors, end, NULL);
    if (round->has_pulse) {
        g_autofree char *silence = storm_show_time(round->pulse.silence);
        g_autofree char *interval = storm_show_time(round->pulse.interval);

        storm_print(_("       heartbeat silent for %s (every %s)\n"), silence, interval);
    }
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
    g_array_sort(times, storm_compare_times);
    return g_array_index(times, gint64, times->len / 2);
}

/* --- summary --- */

static const int summary_widths[] = { -12, -21, 8, 8, 8, 6, 6, 6, 9, 8, 8, 8 };

static void
print_row(const char *host, const char *call, const StormSummary *s)
{
    const StormLatency *latency = &s->answered;
    g_autofree char *p50 = storm_show_time(latency->p50);
    g_autofree char *p99 = storm_show_time(latency->p99);
    g_autofree char *p999 = storm_show_time(latency->p999);
    g_autofree char *max = storm_show_time(latency->max);
    g_autofree char *queries = storm_show_count(s->queries);
    g_autofree char *ok = storm_show_count(answered(s));
    g_autofree char *refused = storm_show_count(s->count[STORM_ABSENT] + s->count[STORM_REFUSED]);
    g_autofree char *bad = storm_show_count(s->count[STORM_ERROR] + s->count[STORM_WRONG]);
    g_autofree char *late = storm_show_count(s->late);
    g_autofree char *outstanding = storm_show_count(s->count[STORM_OUTSTANDING]);

    print_cells(summary_widths, host, call, queries, ok, refused, bad, late, outstanding, p50, p99,
                p999, max, NULL);
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
        print_row(storm_host_name(host), _("all"), &summary);
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
        storm_print(_("%s: %llu queries timed out in the daemon (code %d)\n"),
                    storm_host_name(host), (unsigned long long)all.timeouts,
                    VIR_ERR_OPERATION_TIMEOUT);
    if (all.count[STORM_OUTSTANDING])
        storm_print(_("%s: %llu queries had no answer when the run ended, %llu of which were due "
                      "but could not be sent\n"), storm_host_name(host),
                    (unsigned long long)all.count[STORM_OUTSTANDING],
                    (unsigned long long)all.unsent);
    for (i = 0; i < errors->len && i < SHOWN_ERRORS; i++) {
        const StormErrorCount *error = g_ptr_array_index(errors, i);

        storm_print(_("%s: %llu times %s: %s (code %d)\n"), storm_host_name(host),
                    (unsigned long long)error->count, run->call_names[error->call],
                    error->message, error->code);
    }
    if (errors->len > SHOWN_ERRORS)
        storm_print(_("%s: %u more kinds of errors\n"), storm_host_name(host),
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
        print_cells(summary_widths, _("host"), _("call"), _("queries"), _("answered"),
                    _("refused"), _("errors"), _("late"), _("outst."), "p50", "p99", "p99.9",
                    _("max"), NULL);
        for (i = 0; i < run->hosts->len; i++)
            print_host(run, g_ptr_array_index(run->hosts, i));
    }
    for (i = 0; i < run->hosts->len; i++)
        print_errors(run, g_ptr_array_index(run->hosts, i));
    if (downtime >= 0) {
        g_autofree char *text = storm_show_time(downtime);

        storm_print(_("downtime: median %s\n"), text);
    }
    if (run->watch && run->rounds_seen > run->rounds->len)
        storm_print(_("only the first %u migrations are kept\n"), run->rounds->len);
    if (run->watch && storm_watch_gaps(run->watch))
        storm_print(_("events may have been missed %llu times\n"),
                    (unsigned long long)storm_watch_gaps(run->watch));
    if (run->events && storm_events_lost(run->events))
        storm_print(_("%llu events were too many to keep\n"),
                    (unsigned long long)storm_events_lost(run->events));
    if (run->interrupted)
        storm_print(_("interrupted after %.1f s\n"), (run->end - run->start) / 1e9);
    for (i = 0; i < run->shown_faults->len; i++)
        storm_print(_("fault: %s\n"), (char *)g_ptr_array_index(run->shown_faults, i));
}
