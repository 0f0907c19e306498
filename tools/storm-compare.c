/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-compare.c: two results beside each other
 *
 * The range of a ratio comes from those of its two quantiles, which are told by ranks:
 * how many of N values lie below the true quantile is binomial, whatever they are
 * distributed like. That holds for values that do not depend on each other. Queries
 * that one stall holds up do; of those the range tells less than it seems to.
 *
 * The main thread's alone.
 */

#include "storm-compare.h"
#include "storm-text.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Standard deviations for a confidence of 95 % */
#define SIGMAS 1.96

/* Returns the value of rank @rank, from 1 to the number of all. */
static double
value_at(const GArray *counts, double rank)
{
    guint64 seen = 0;
    guint i;

    for (i = 0; i < counts->len; i++) {
        seen += g_array_index(counts, StormCount, i).count;
        if (seen >= rank)
            break;
    }
    return g_array_index(counts, StormCount, MIN(i, counts->len - 1)).value;
}

/* Stores the quantile @share (0 to 1) of @counts, an array of StormCount, in @range.
 * Returns false if there are no values. */
bool
storm_range_of(const GArray *counts, double share, StormRange *range)
{
    double n = 0;
    double spread;
    guint i;

    for (i = 0; i < counts->len; i++)
        n += g_array_index(counts, StormCount, i).count;
    if (n == 0)
        return false;
    spread = SIGMAS * sqrt(n * share * (1 - share));
    range->value = value_at(counts, MAX(ceil(n * share - 1e-6), 1));
    range->least = value_at(counts, CLAMP(floor(n * share - spread), 1, n));
    range->most = value_at(counts, CLAMP(ceil(n * share + spread) + 1, 1, n));
    return true;
}

/* Prints the first cells of a line; frees @first, @second and @ratio, which may be NULL. */
static void
print_cells(const char *whose, const char *what, char *first, char *second, char *ratio)
{
    storm_print_cell(whose, -31);
    storm_print_cell(what, -10);
    storm_print_cell(first, 11);
    storm_print_cell(second, 11);
    storm_print_cell(ratio ? ratio : "", 11);
    g_free(first);
    g_free(second);
    g_free(ratio);
}

static void
print_ratio(const char *whose, const char *what, const StormRange *a, const StormRange *b)
{
    char *first = storm_show_time((gint64)a->value);
    char *second = storm_show_time((gint64)b->value);

    /* What is too short to tell has no ratio. */
    if (a->value <= 0 || a->least <= 0 || b->value <= 0) {
        print_cells(whose, what, first, second, g_strdup("-"));
        storm_print("\n");
    } else {
        g_autofree char *least = storm_show_ratio(b->least / a->most);
        g_autofree char *most = storm_show_ratio(b->most / a->least);

        print_cells(whose, what, first, second, storm_show_ratio(b->value / a->value));
        storm_print("  (%s ... %s)\n", least, most);
    }
}

static void
compare_counts(const char *whose, const GArray *a, const GArray *b, bool tail)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 } };
    guint i;

    for (i = 0; i < (tail ? G_N_ELEMENTS(quantiles) : 1); i++) {
        StormRange of_a, of_b;

        if (storm_range_of(a, quantiles[i].share, &of_a) &&
            storm_range_of(b, quantiles[i].share, &of_b))
            print_ratio(whose, quantiles[i].name, &of_a, &of_b);
        else if (i == 0)
            storm_print(_("%s: nothing to compare\n"), whose);
    }
}

/* --- files --- */

static JsonParser *
load(const char *path, char **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) gerror = NULL;
    JsonNode *root;

    if (!json_parser_load_from_file(parser, path, &gerror)) {
        *error = g_strdup_printf("%s: %s", path, gerror->message);
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root) ||
        !json_object_has_member(json_node_get_object(root), "format") ||
        json_object_get_int_member(json_node_get_object(root), "format") != 1) {
        *error = g_strdup_printf(_("%s: not what --json writes"), path);
        return NULL;
    }
    return g_steal_pointer(&parser);
}

static JsonObject *
root_of(JsonParser *parser)
{
    return json_node_get_object(json_parser_get_root(parser));
}

/* Returns the element of @array whose member @name is @value, or NULL. */
static JsonObject *
find(JsonArray *array, const char *name, const char *value)
{
    guint i;

    for (i = 0; i < json_array_get_length(array); i++) {
        JsonObject *element = json_array_get_object_element(array, i);

        if (g_strcmp0(json_object_get_string_member(element, name), value) == 0)
            return element;
    }
    return NULL;
}

/* Returns the latencies of a call, in ns. */
static GArray *
counts_of_call(JsonObject *call)
{
    GArray *counts = g_array_new(FALSE, FALSE, sizeof(StormCount));
    JsonArray *histogram = json_object_get_array_member(call, "histogram_us");
    guint i;

    for (i = 0; i < json_array_get_length(histogram); i++) {
        JsonArray *bucket = json_array_get_array_element(histogram, i);
        StormCount count = { json_array_get_double_element(bucket, 0) * 1e3,
                             json_array_get_int_element(bucket, 1) };

        g_array_append_val(counts, count);
    }
    return counts;
}

static int
compare_values(gconstpointer a, gconstpointer b)
{
    double x = ((const StormCount *)a)->value;
    double y = ((const StormCount *)b)->value;

    return x < y ? -1 : x > y;
}

/* Returns the times @name of all migrations that went well, in ns. */
static GArray *
counts_of_rounds(JsonObject *root, const char *name)
{
    GArray *counts = g_array_new(FALSE, FALSE, sizeof(StormCount));
    JsonArray *rounds = json_object_get_array_member(root, "rounds");
    guint i;

    for (i = 0; i < json_array_get_length(rounds); i++) {
        JsonObject *round = json_array_get_object_element(rounds, i);
        StormCount count = { 0, 1 };

        if (!json_object_get_null_member(round, "error") ||
            json_object_get_null_member(round, name))
            continue;
        count.value = json_object_get_double_member(round, name) * 1e6;
        g_array_append_val(counts, count);
    }
    g_array_sort(counts, compare_values);
    return counts;
}

static void
compare_rounds(JsonObject *a, JsonObject *b, const char *member, const char *what)
{
    g_autoptr(GArray) of_a = counts_of_rounds(a, member);
    g_autoptr(GArray) of_b = counts_of_rounds(b, member);

    if (of_a->len || of_b->len)
        compare_counts(what, of_a, of_b, false);
}

static void
compare_hosts(JsonObject *a, JsonObject *b)
{
    JsonArray *calls = json_object_get_array_member(a, "calls");
    const char *name = json_object_get_string_member(a, "name");
    guint i;

    for (i = 0; i < json_array_get_length(calls); i++) {
        JsonObject *call = json_array_get_object_element(calls, i);
        const char *what = json_object_get_string_member(call, "call");
        JsonObject *other = find(json_object_get_array_member(b, "calls"), "call", what);
        g_autofree char *whose = g_strdup_printf("%s %s", name, what);
        g_autoptr(GArray) of_a = counts_of_call(call);
        g_autoptr(GArray) of_b = other ? counts_of_call(other)
                                       : g_array_new(FALSE, FALSE, sizeof(StormCount));

        compare_counts(whose, of_a, of_b, true);
    }
}

static gint64
errors_of(JsonObject *host)
{
    JsonObject *outcomes = json_object_get_object_member(
                               json_object_get_object_member(host, "all"), "outcomes");

    return json_object_get_int_member(outcomes, "error") +
           json_object_get_int_member(outcomes, "wrong");
}

/* Prints ratios of the results in the file @b to those in @a. Returns false and a
 * message in @error if one cannot be read, or they have nothing in common. */
bool
storm_compare(const char *a, const char *b, char **error)
{
    g_autoptr(JsonParser) first = load(a, error);
    g_autoptr(JsonParser) second = first ? load(b, error) : NULL;
    JsonArray *hosts, *others;
    guint i;

    if (!second)
        return false;
    hosts = json_object_get_array_member(root_of(first), "hosts");
    others = json_object_get_array_member(root_of(second), "hosts");
    if (json_array_get_length(hosts) != json_array_get_length(others)) {
        *error = g_strdup_printf(_("%s has %u hosts, %s has %u"), a, json_array_get_length(hosts),
                                 b, json_array_get_length(others));
        return false;
    }
    print_cells("", "", g_strdup("A"), g_strdup("B"), g_strdup("B / A"));
    storm_print("  %s\n", _("range (95 %)"));
    for (i = 0; i < json_array_get_length(hosts); i++) {
        JsonObject *host = json_array_get_object_element(hosts, i);
        JsonObject *other = json_array_get_object_element(others, i);

        compare_hosts(host, other);
        print_cells(json_object_get_string_member(host, "name"), _("errors"),
                    storm_show_count(errors_of(host)), storm_show_count(errors_of(other)), NULL);
        storm_print("\n");
    }
    compare_rounds(root_of(first), root_of(second), "downtime_ms", _("downtime"));
    compare_rounds(root_of(first), root_of(second), "total_ms", _("migration"));
    return true;
}
