/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-report.c: what is shown while it runs, the table, and JSON
 */

#include "storm.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Without a terminal, the status is a line once in so long. */
#define STATUS_INTERVAL_US (5 * G_USEC_PER_SEC)

static bool status_shown;

static StormHost *
host_of(StormRun *run, guint index)
{
    return g_ptr_array_index(run->hosts, index);
}

/* Queries that were answered: not the refusals, not the errors */
static guint64
answered(const StormStats *stats)
{
    return stats->count[STORM_ANSWER_ACTIVE] + stats->count[STORM_ANSWER_OFF];
}

/* A time as a person reads it, in a buffer that lasts for four calls */
static const char *
human_time(gint64 us)
{
    static char buffers[4][32];
    static guint next;
    char *text = buffers[next++ % 4];

    if (us >= 995 * 1000)
        g_snprintf(text, sizeof(buffers[0]), "%.2f s", us / 1e6);
    else if (us >= 10 * 1000)
        g_snprintf(text, sizeof(buffers[0]), "%.0f ms", us / 1e3);
    else
        g_snprintf(text, sizeof(buffers[0]), "%.1f ms", us / 1e3);
    return text;
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

/* Shows how things stand, host by host in the order in which they were given.
 * @round: the one that runs, or NULL; @progress: of its migration in percent,
 * or -1. */
void
storm_report_status(StormRun *run, const StormRound *round, int progress)
{
    static gint64 last_line;
    bool terminal = isatty(STDERR_FILENO);
    gint64 now = g_get_monotonic_time();
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GString) answers = g_string_new(NULL);
    g_autoptr(GString) slowest = g_string_new(NULL);
    guint64 errors = 0;
    guint i;

    if (!terminal && now - last_line < STATUS_INTERVAL_US)
        return;
    last_line = now;

    if (round) {
        g_string_append_printf(line, "round %u/%u %s > %s  ", round->number, run->rounds_wanted,
                               host_of(run, round->source)->name,
                               host_of(run, round->destination)->name);
        if (progress >= 0)
            g_string_append_printf(line, "memory %3d %%  ", progress);
        else
            g_string_append(line, "memory   - %  ");
    } else {
        g_string_append_printf(line, "%3.0f s  ", (now - run->start) / 1e6);
    }
    for (i = 0; i < run->hosts->len; i++) {
        StormStats all;

        storm_host_peek_stats(host_of(run, i), &all);
        g_string_append_printf(answers, "%s%" G_GUINT64_FORMAT, i ? " + " : "", answered(&all));
        g_string_append_printf(slowest, "%s%s", i ? " / " : "", human_time(all.slowest));
        errors += all.count[STORM_ANSWER_WRONG];
    }
    g_string_append_printf(line, "answered %s  slowest %s  errors %" G_GUINT64_FORMAT,
                           answers->str, slowest->str, errors);
    if (terminal) {
        g_string_truncate(line, MIN(line->len, terminal_width() - 1));
        fprintf(stderr, "\r\033[K%s", line->str);
        status_shown = true;
    } else {
        fprintf(stderr, "%s\n", line->str);
    }
    fflush(stderr);
}

void
storm_report_clear_status(void)
{
    if (status_shown)
        fprintf(stderr, "\r\033[K");
    status_shown = false;
    fflush(stderr);
}

void
storm_report_round_header(void)
{
    printf("%5s  %-16s %9s %10s  %21s  %23s  %7s\n", "", "", "", "",
           "queries answered", "slowest query", "");
    printf("%5s  %-16s %9s %10s  %10s %10s  %11s %11s  %7s\n",
           "round", "from > to", "total", "downtime", "source", "destin.",
           "source", "destin.", "errors");
    fflush(stdout);
}

void
storm_report_round(StormRun *run, const StormRound *round)
{
    g_autofree char *way = g_strdup_printf("%s > %s", host_of(run, round->source)->name,
                                           host_of(run, round->destination)->name);

    storm_report_clear_status();
    printf("%5u  %-16s %9s %10s  %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT
           "  %11s %11s  %7" G_GUINT64_FORMAT "%s\n",
           round->number, way, human_time(round->end - round->start),
           round->downtime >= 0 ? human_time(round->downtime) : "unknown",
           answered(&round->stats[0]), answered(&round->stats[1]),
           human_time(round->stats[0].slowest), human_time(round->stats[1].slowest),
           round->errors, round->error ? "  failed" : "");
    fflush(stdout);
}

static int
compare_times(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a;
    gint64 y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

/* Median of the downtimes that are known, or -1 */
static gint64
median_downtime(StormRun *run)
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

/* Prints what the whole run came to. */
void
storm_report_summary(StormRun *run)
{
    gint64 downtime = median_downtime(run);
    guint i;

    storm_report_clear_status();
    for (i = 0; i < run->hosts->len; i++) {
        StormHost *host = host_of(run, i);
        GHashTableIter iter;
        gpointer message, times;
        StormStats all;
        guint64 n = 0;
        int a;

        storm_host_peek_stats(host, &all);
        for (a = 0; a < STORM_ANSWER_LAST; a++)
            n += all.count[a];
        printf("%s: %u clients, %" G_GUINT64_FORMAT " answers while the domain was here, %"
               G_GUINT64_FORMAT " while it was off, %" G_GUINT64_FORMAT " while it was unknown, %"
               G_GUINT64_FORMAT " errors; mean %s, slowest %s\n",
               host->name, run->clients, all.count[STORM_ANSWER_ACTIVE],
               all.count[STORM_ANSWER_OFF], all.count[STORM_ANSWER_ABSENT],
               all.count[STORM_ANSWER_WRONG], human_time(n ? all.total / (gint64)n : 0),
               human_time(all.slowest));
        pthread_mutex_lock(&host->lock);
        g_hash_table_iter_init(&iter, host->errors);
        while (g_hash_table_iter_next(&iter, &message, &times))
            printf("  %s: %" G_GUINT64_FORMAT " times: %s\n", host->name,
                   *(guint64 *)times, (char *)message);
        pthread_mutex_unlock(&host->lock);
    }
    if (downtime >= 0)
        printf("downtime: median %s\n", human_time(downtime));
    for (i = 0; i < run->reasons->len; i++)
        printf("fault: %s\n", (char *)g_ptr_array_index(run->reasons, i));
    fflush(stdout);
}

static void
add_ms(JsonBuilder *builder, const char *name, gint64 us)
{
    json_builder_set_member_name(builder, name);
    if (us < 0)
        json_builder_add_null_value(builder);
    else
        json_builder_add_double_value(builder, us / 1000.0);
}

static void
add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

/* Adds an object; the clock of the process says nothing to others, so a
 * round's events are told in milliseconds since its start. */
static void
add_stats(JsonBuilder *builder, const char *name, const StormStats *stats)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
    add_int(builder, "active", stats->count[STORM_ANSWER_ACTIVE]);
    add_int(builder, "off", stats->count[STORM_ANSWER_OFF]);
    add_int(builder, "absent", stats->count[STORM_ANSWER_ABSENT]);
    add_int(builder, "errors", stats->count[STORM_ANSWER_WRONG]);
    add_ms(builder, "slowest_ms", stats->slowest);
    add_ms(builder, "total_ms", stats->total);
    json_builder_end_object(builder);
}

static void
add_host(JsonBuilder *builder, StormHost *host)
{
    GHashTableIter iter;
    gpointer message, times;

    json_builder_begin_object(builder);
    add_string(builder, "name", host->name);
    add_string(builder, "uri", host->uri);
    pthread_mutex_lock(&host->lock);
    add_stats(builder, "queries", &host->all);
    json_builder_set_member_name(builder, "errors");
    json_builder_begin_array(builder);
    g_hash_table_iter_init(&iter, host->errors);
    while (g_hash_table_iter_next(&iter, &message, &times)) {
        json_builder_begin_object(builder);
        add_string(builder, "message", message);
        add_int(builder, "count", *(guint64 *)times);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    pthread_mutex_unlock(&host->lock);
    json_builder_end_object(builder);
}

static void
add_round(JsonBuilder *builder, StormRun *run, const StormRound *round)
{
    guint i;

    json_builder_begin_object(builder);
    add_int(builder, "round", round->number);
    add_string(builder, "source", host_of(run, round->source)->name);
    add_string(builder, "destination", host_of(run, round->destination)->name);
    add_ms(builder, "total_ms", round->end - round->start);
    add_ms(builder, "downtime_ms", round->downtime);
    add_string(builder, "error", round->error);
    add_stats(builder, "source_queries", &round->stats[0]);
    add_stats(builder, "destination_queries", &round->stats[1]);
    json_builder_set_member_name(builder, "events");
    json_builder_begin_array(builder);
    for (i = 0; round->events && i < round->events->len; i++) {
        const StormEvent *event = &g_array_index(round->events, StormEvent, i);

        json_builder_begin_object(builder);
        add_ms(builder, "at_ms", MAX(event->when - round->start, 0));
        add_string(builder, "host", host_of(run, event->host)->name);
        add_int(builder, "event", event->event);
        add_int(builder, "detail", event->detail);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

/* Writes all there is to @path. Returns false after a message on failure. */
bool
storm_report_json(StormRun *run, const char *path)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) error = NULL;
    guint i;

    json_builder_begin_object(builder);
    add_string(builder, "domain", run->domain);
    add_int(builder, "clients_per_host", run->clients);
    json_builder_set_member_name(builder, "hosts");
    json_builder_begin_array(builder);
    for (i = 0; i < run->hosts->len; i++)
        add_host(builder, host_of(run, i));
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "rounds");
    json_builder_begin_array(builder);
    for (i = 0; i < run->rounds->len; i++)
        add_round(builder, run, g_ptr_array_index(run->rounds, i));
    json_builder_end_array(builder);
    add_ms(builder, "median_downtime_ms", median_downtime(run));
    json_builder_set_member_name(builder, "faults");
    json_builder_begin_array(builder);
    for (i = 0; i < run->reasons->len; i++)
        json_builder_add_string_value(builder, g_ptr_array_index(run->reasons, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);

    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    if (!json_generator_to_file(generator, path, &error)) {
        fprintf(stderr, "virt-jobstorm: %s: %s\n", path, error->message);
        return false;
    }
    return true;
}
