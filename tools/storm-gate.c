/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-gate.c: conditions under which a run counts as failed
 *
 * Nothing here needs a lock.
 */

#include "storm-gate.h"
#include "storm-text.h"

#include <math.h>
#include <string.h>

typedef enum {
    P50, P90, P99, P999, MEAN, MIN_, MAX_, ERRORS, TIMEOUTS, LATE, OUTSTANDING, QUERIES, DOWNTIME,
    TOTAL, FAILED
} Metric;

static const struct {
    const char *name;
    Metric metric;
    StormGateKind kind;
} table[] = {
    { "p50", P50, STORM_GATE_LATENCY }, { "p90", P90, STORM_GATE_LATENCY },
    { "p99", P99, STORM_GATE_LATENCY }, { "p99.9", P999, STORM_GATE_LATENCY },
    { "mean", MEAN, STORM_GATE_LATENCY }, { "min", MIN_, STORM_GATE_LATENCY },
    { "max", MAX_, STORM_GATE_LATENCY }, { "errors", ERRORS, STORM_GATE_COUNT },
    { "timeouts", TIMEOUTS, STORM_GATE_COUNT }, { "late", LATE, STORM_GATE_COUNT },
    { "outstanding", OUTSTANDING, STORM_GATE_COUNT }, { "queries", QUERIES, STORM_GATE_COUNT },
    { "downtime", DOWNTIME, STORM_GATE_MIGRATION }, { "total", TOTAL, STORM_GATE_MIGRATION },
    { "failed", FAILED, STORM_GATE_FAILED },
};

static void
gate_free(gpointer opaque)
{
    StormGate *gate = opaque;

    g_free(gate->text);
    g_free(gate->call);
    g_free(gate);
}

/* Finds the metric that is the end of @name; what is before it and a dot is a call. */
static bool
set_metric(StormGate *gate, const char *name)
{
    guint i;

    for (i = 0; i < G_N_ELEMENTS(table); i++) {
        gsize before = strlen(name) - MIN(strlen(name), strlen(table[i].name));

        if (strcmp(name + before, table[i].name) != 0 || (before && name[before - 1] != '.'))
            continue;
        gate->metric = i;
        gate->kind = table[i].kind;
        if (!before)
            return true;
        gate->call = g_strndup(name, before - 1);
        return *gate->call && gate->kind < STORM_GATE_MIGRATION;
    }
    return false;
}

static bool
set_value(StormGate *gate, const char *text)
{
    char *end;
    gint64 ns;

    if (gate->kind == STORM_GATE_LATENCY || gate->kind == STORM_GATE_MIGRATION) {
        /* 100 of what? */
        if (!*text || g_ascii_isdigit(text[strlen(text) - 1]) ||
            !storm_parse_time(text, STORM_S, &ns))
            return false;
        gate->value = ns;
        return true;
    }
    gate->value = g_ascii_strtod(text, &end);
    if (strcmp(end, "%") == 0 && gate->kind == STORM_GATE_COUNT) {
        gate->kind = STORM_GATE_SHARE;
        end++;
    }
    return end != text && !*end && isfinite(gate->value) && gate->value >= 0;
}

static StormGate *
gate_parse(const char *word)
{
    const char *operator = strpbrk(word, "<>");
    g_autofree char *name = operator ? g_strndup(word, operator - word) : NULL;
    StormGate *gate = g_new0(StormGate, 1);

    gate->text = g_strdup(word);
    if (operator) {
        gate->operator = *operator++;
        gate->or_equal = *operator == '=';
        operator += gate->or_equal;
        g_strstrip(name);
        while (*operator == ' ')
            operator++;
    }
    if (!operator || !set_metric(gate, name) || !set_value(gate, operator))
        g_clear_pointer(&gate, gate_free);
    return gate;
}

/* Returns all metrics with commas between, newly allocated. */
char *
storm_gates_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint i;

    for (i = 0; i < G_N_ELEMENTS(table); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", table[i].name);
    return g_strdup(names->str);
}

/* @words end with NULL, or are NULL. Returns a new array of StormGate, or NULL and a
 * message in @error. */
GPtrArray *
storm_gates_parse(const char *const *words, char **error)
{
    g_autoptr(GPtrArray) gates = g_ptr_array_new_with_free_func(gate_free);
    guint i;

    for (i = 0; words && words[i]; i++) {
        StormGate *gate = gate_parse(words[i]);

        if (!gate) {
            *error = g_strdup_printf(_("--fail-if wants a condition such as p99>100ms, not %s"),
                                     words[i]);
            return NULL;
        }
        g_ptr_array_add(gates, gate);
    }
    return g_steal_pointer(&gates);
}

static double
count_of(const StormSummary *summary, Metric metric)
{
    switch (metric) {
    case ERRORS:
        return summary->count[STORM_ERROR] + summary->count[STORM_WRONG];
    case TIMEOUTS:
        return summary->timeouts;
    case LATE:
        return summary->late;
    case OUTSTANDING:
        return summary->count[STORM_OUTSTANDING];
    default:
        return summary->queries;
    }
}

static double
latency_of(const StormLatency *latency, Metric metric)
{
    switch (metric) {
    case P50:
        return latency->p50;
    case P90:
        return latency->p90;
    case P99:
        return latency->p99;
    case P999:
        return latency->p999;
    case MEAN:
        return latency->mean;
    case MIN_:
        return latency->min;
    default:
        return latency->max;
    }
}

/* Returns what the queries of @summary come to for a gate that is about queries, or
 * NAN if nothing was measured. */
double
storm_gate_queries(const StormGate *gate, const StormSummary *summary)
{
    Metric metric = table[gate->metric].metric;

    if (gate->kind == STORM_GATE_LATENCY)
        return summary->answered.count ? latency_of(&summary->answered, metric) : NAN;
    if (gate->kind == STORM_GATE_SHARE)
        return summary->queries ? 100 * count_of(summary, metric) / summary->queries : NAN;
    return count_of(summary, metric);
}

/* Whether a gate about times of migrations is about downtimes. */
bool
storm_gate_of_downtime(const StormGate *gate)
{
    return table[gate->metric].metric == DOWNTIME;
}

bool
storm_gate_fails(const StormGate *gate, double value)
{
    if (gate->or_equal && value == gate->value)
        return true;
    return gate->operator == '<' ? value < gate->value : value > gate->value;
}

/* Returns @value as a person reads it, newly allocated. */
char *
storm_gate_format(const StormGate *gate, double value)
{
    if (gate->kind == STORM_GATE_LATENCY || gate->kind == STORM_GATE_MIGRATION)
        return storm_format_time((gint64)value);
    if (gate->kind == STORM_GATE_SHARE)
        return g_strdup_printf("%.3g %%", value);
    return g_strdup_printf("%.0f", value);
}
