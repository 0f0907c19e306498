/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-json.c: the results for programs, as virt-jobstorm.schema.json has them
 *
 * The main thread's alone, once the run has ended.
 */

#include "storm-json.h"
#include "storm-report.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

static void
add_ms(JsonBuilder *builder, const char *name, gint64 ns)
{
    json_builder_set_member_name(builder, name);
    if (ns < 0)
        json_builder_add_null_value(builder);
    else
        json_builder_add_double_value(builder, ns / 1e6);
}

static void
add_us(JsonBuilder *builder, const char *name, double ns)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, ns / 1e3);
}

static void
add_double(JsonBuilder *builder, const char *name, double value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, value);
}

static void
add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_bool(JsonBuilder *builder, const char *name, bool value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
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

static void
begin(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
}

static void
begin_array(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
}

static void
add_latency(JsonBuilder *builder, const char *name, const StormLatency *latency)
{
    begin(builder, name);
    add_int(builder, "count", latency->count);
    add_int(builder, "over", latency->over);
    add_us(builder, "min_us", latency->min);
    add_us(builder, "mean_us", latency->mean);
    add_us(builder, "p50_us", latency->p50);
    add_us(builder, "p90_us", latency->p90);
    add_us(builder, "p99_us", latency->p99);
    add_us(builder, "p99_9_us", latency->p999);
    add_us(builder, "max_us", latency->max);
    json_builder_end_object(builder);
}

/* Adds the members of a summary to the object that is open. */
static void
add_summary(JsonBuilder *builder, const StormSummary *summary)
{
    int o;

    add_int(builder, "queries", summary->queries);
    begin(builder, "outcomes");
    for (o = 0; o < STORM_OUTCOME_LAST; o++)
        add_int(builder, storm_outcome_name(o), summary->count[o]);
    json_builder_end_object(builder);
    add_int(builder, "unsent", summary->unsent);
    add_int(builder, "timeouts", summary->timeouts);
    add_int(builder, "late", summary->late);
    add_latency(builder, "latency", &summary->all);
    add_latency(builder, "answered_latency", &summary->answered);
}

static void
add_bucket(gint64 highest, guint64 count, gpointer opaque)
{
    JsonBuilder *builder = opaque;

    json_builder_begin_array(builder);
    json_builder_add_double_value(builder, highest / 1e3);
    json_builder_add_int_value(builder, count);
    json_builder_end_array(builder);
}

static void
add_call(JsonBuilder *builder, StormRun *run, StormRecorder *recorder, guint call)
{
    g_autoptr(StormHist) hist = storm_recorder_hist(recorder, call);
    StormSummary summary;

    storm_recorder_summary(recorder, call, &summary);
    json_builder_begin_object(builder);
    add_string(builder, "call", run->call_names[call]);
    add_summary(builder, &summary);
    begin_array(builder, "histogram_us");
    storm_hist_foreach(hist, add_bucket, builder);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
add_errors(JsonBuilder *builder, StormRun *run, StormRecorder *recorder)
{
    g_autoptr(GPtrArray) errors = storm_recorder_errors(recorder);
    g_autoptr(GArray) codes = storm_recorder_codes(recorder);
    guint i;

    begin_array(builder, "codes");
    for (i = 0; i < codes->len; i++) {
        const StormCodeCount *code = &g_array_index(codes, StormCodeCount, i);

        json_builder_begin_object(builder);
        add_int(builder, "code", code->code);
        add_int(builder, "count", code->count);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    begin_array(builder, "errors");
    for (i = 0; i < errors->len; i++) {
        const StormErrorCount *error = g_ptr_array_index(errors, i);

        json_builder_begin_object(builder);
        add_string(builder, "call", run->call_names[error->call]);
        add_int(builder, "code", error->code);
        add_string(builder, "message", error->message);
        add_int(builder, "count", error->count);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void
add_host(JsonBuilder *builder, StormRun *run, StormHost *host)
{
    StormRecorder *recorder = storm_host_recorder(host);
    StormSummary all;
    guint i;

    storm_recorder_summary(recorder, STORM_ALL_CALLS, &all);
    json_builder_begin_object(builder);
    add_string(builder, "name", storm_host_name(host));
    add_string(builder, "uri", storm_host_uri(host));
    begin(builder, "all");
    add_summary(builder, &all);
    json_builder_end_object(builder);
    begin_array(builder, "calls");
    for (i = 0; i < run->options->choices->len; i++)
        add_call(builder, run, recorder, i);
    json_builder_end_array(builder);
    add_errors(builder, run, recorder);
    json_builder_end_object(builder);
}

/* Adds what the queries to one end came to, or null if nobody queries it. */
static void
add_end(JsonBuilder *builder, const char *name, const StormEnd *end,
        const StormSummary *summary)
{
    json_builder_set_member_name(builder, name);
    if (!end->host) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    add_summary(builder, summary);
    json_builder_end_object(builder);
}

static void
add_events(JsonBuilder *builder, StormRun *run, const StormRound *round)
{
    guint i;

    begin_array(builder, "events");
    for (i = 0; round->events && i < round->events->len; i++) {
        const StormEvent *event = &g_array_index(round->events, StormEvent, i);

        json_builder_begin_object(builder);
        add_ms(builder, "at_ms", MAX(event->when - run->start, 0));
        add_string(builder, "host", run->ends[event->host].name);
        add_string(builder, "event", storm_event_name(event->event));
        add_int(builder, "number", event->event);
        add_int(builder, "detail", event->detail);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* The clock of the process says nothing to others: times are told in
 * milliseconds since the start of the run. */
static void
add_round(JsonBuilder *builder, StormRun *run, const StormRound *round)
{
    const StormEnd *source = storm_run_end(run, round->source);
    const StormEnd *destination = storm_run_end(run, round->destination);

    json_builder_begin_object(builder);
    add_int(builder, "round", round->number);
    add_string(builder, "domain", round->domain);
    add_string(builder, "source", source->name);
    add_string(builder, "destination", destination->name);
    add_ms(builder, "start_ms", MAX(round->migrated.start - run->start, 0));
    add_ms(builder, "total_ms", round->migrated.end - round->migrated.start);
    add_ms(builder, "downtime_ms", round->downtime);
    add_string(builder, "error", round->migrated.error);
    json_builder_set_member_name(builder, "heartbeat");
    if (round->has_pulse) {
        json_builder_begin_object(builder);
        add_int(builder, "beats", round->pulse.beats);
        add_ms(builder, "interval_ms", round->pulse.interval);
        add_ms(builder, "silence_ms", round->pulse.silence);
        json_builder_end_object(builder);
    } else {
        json_builder_add_null_value(builder);
    }
    add_end(builder, "source_queries", source, &round->queries[0]);
    add_end(builder, "destination_queries", destination, &round->queries[1]);
    add_int(builder, "errors", round->errors);
    add_events(builder, run, round);
    json_builder_end_object(builder);
}

static JsonNode *
build(StormRun *run)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint i;

    json_builder_begin_object(builder);
    add_int(builder, "format", STORM_JSON_FORMAT);
    add_string(builder, "version", STORM_VERSION);
    add_string(builder, "domain", run->options->domain);
    add_bool(builder, "all_domains", run->options->all);
    add_bool(builder, "nowait", run->options->nowait);
    add_int(builder, "clients_per_host", run->options->clients);
    add_double(builder, "rate", run->options->rate);
    add_int(builder, "started", run->wall_start);
    add_ms(builder, "clock_ms", run->start);
    add_ms(builder, "duration_ms", run->end - run->start);
    add_ms(builder, "warm_up_ms", run->options->warm_up);
    add_bool(builder, "interrupted", run->interrupted);
    begin_array(builder, "hosts");
    for (i = 0; i < run->hosts->len; i++)
        add_host(builder, run, g_ptr_array_index(run->hosts, i));
    json_builder_end_array(builder);
    begin_array(builder, "rounds");
    for (i = 0; i < run->rounds->len; i++)
        add_round(builder, run, g_ptr_array_index(run->rounds, i));
    json_builder_end_array(builder);
    add_bool(builder, "watch", run->options->watch);
    add_int(builder, "rounds_left_out",
            run->watch ? run->rounds_seen - run->rounds->len : 0);
    add_int(builder, "event_gaps", run->watch ? storm_watch_gaps(run->watch) : 0);
    add_ms(builder, "median_downtime_ms", storm_median_downtime(run));
    begin_array(builder, "faults");
    for (i = 0; i < run->faults->len; i++)
        json_builder_add_string_value(builder, g_ptr_array_index(run->faults, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

/* Writes all there is to @path, - being standard output. Returns false and a message in @error on
 * failure. */
bool
storm_json_write(StormRun *run, const char *path, char **error)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = build(run);
    g_autoptr(GError) gerror = NULL;

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    json_generator_set_indent(generator, 1);
    if (strcmp(path, "-") == 0) {
        g_autofree char *text = json_generator_to_data(generator, NULL);

        if (puts(text) >= 0 && fflush(stdout) == 0)
            return true;
        *error = g_strdup_printf("standard output: %s", g_strerror(errno));
        return false;
    }
    if (json_generator_to_file(generator, path, &gerror))
        return true;
    *error = g_strdup_printf("%s: %s", path, gerror->message);
    return false;
}
