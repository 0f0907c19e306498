/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-hist.c: the histogram against exact percentiles
 */

#include "storm-compare.h"
#include "storm-gate.h"
#include "storm-hist.h"

#include <math.h>
#include <stdlib.h>

#define VALUES 20000

static const double percents[] = { 0, 1, 10, 50, 90, 99, 99.9, 99.99, 100 };

/* The value that @percent of the @n sorted values do not exceed */
static gint64
exact(const gint64 *sorted, guint n, double percent)
{
    gint64 rank = (gint64)ceil(percent / 100 * n - 1e-6);

    return sorted[MAX(rank, 1) - 1];
}

/* A told value is never too small, and too large by less than a thousandth. */
static void
assert_close(gint64 told, gint64 wanted)
{
    g_assert_cmpint(told, >=, wanted);
    g_assert_cmpfloat(told - wanted, <, MAX(wanted, STORM_HIST_LOWEST) / 1000.0);
}

static gint64
uniform(GRand *random)
{
    return STORM_HIST_LOWEST +
           (gint64)(g_rand_double(random) * (STORM_HIST_HIGHEST - STORM_HIST_LOWEST));
}

static gint64
loguniform(GRand *random)
{
    return (gint64)(STORM_HIST_LOWEST *
                    pow((double)STORM_HIST_HIGHEST / STORM_HIST_LOWEST, g_rand_double(random)));
}

/* As queries are: most take some 100 us, a few seconds */
static gint64
two_humps(GRand *random)
{
    gint64 base = g_rand_int_range(random, 0, 1000) ? 100000 : G_GINT64_CONSTANT(2000000000);

    return base + (gint64)(base * g_rand_double(random));
}

static gint64
constant(GRand *random G_GNUC_UNUSED)
{
    return 12345678;
}

static void
test_percentiles(gconstpointer opaque)
{
    gint64 (*draw)(GRand *) = *(gint64 (*const *)(GRand *))opaque;
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    g_autoptr(StormHist) hist = storm_hist_new();
    g_autofree gint64 *values = g_new(gint64, VALUES);
    double sum = 0;
    guint i;

    for (i = 0; i < VALUES; i++) {
        values[i] = draw(random);
        sum += values[i];
        storm_hist_add(hist, values[i]);
    }
    qsort(values, VALUES, sizeof(*values), storm_compare_times);
    for (i = 0; i < G_N_ELEMENTS(percents); i++)
        assert_close(storm_hist_percentile(hist, percents[i]),
                     exact(values, VALUES, percents[i]));
    g_assert_cmpint(storm_hist_min(hist), ==, values[0]);
    g_assert_cmpint(storm_hist_max(hist), ==, values[VALUES - 1]);
    g_assert_cmpint(storm_hist_percentile(hist, 100), ==, values[VALUES - 1]);
    g_assert_cmpfloat_with_epsilon(storm_hist_mean(hist), sum / VALUES, 1);
    g_assert_cmpuint(storm_hist_count(hist), ==, VALUES);
    g_assert_cmpuint(storm_hist_over(hist), ==, 0);
}

/* Small samples, where ranks are easily one off */
static void
test_ranks(void)
{
    const guint sizes[] = { 1, 2, 3, 9, 10, 11, 99, 100, 101, 499, 500, 501, 999, 1000, 1001 };
    guint s, i, p;

    for (s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(StormHist) hist = storm_hist_new();
        guint n = sizes[s];
        g_autofree gint64 *values = g_new(gint64, n);

        for (i = 0; i < n; i++) {
            values[i] = (i + 1) * G_GINT64_CONSTANT(1000000);
            storm_hist_add(hist, values[i]);
        }
        for (p = 0; p < G_N_ELEMENTS(percents); p++)
            assert_close(storm_hist_percentile(hist, percents[p]),
                         exact(values, n, percents[p]));
    }
}

/* Values of all sizes by themselves, and those around each power of two */
static void
test_each_value(void)
{
    gint64 base;
    int offset;

    for (base = STORM_HIST_LOWEST; base <= STORM_HIST_HIGHEST; base = base * 107 / 100) {
        g_autoptr(StormHist) hist = storm_hist_new();

        storm_hist_add(hist, base);
        storm_hist_add(hist, STORM_HIST_HIGHEST);
        assert_close(storm_hist_percentile(hist, 50), base);
    }
    for (base = 16384; base <= STORM_HIST_HIGHEST; base *= 2) {
        for (offset = -1; offset <= 1; offset++) {
            g_autoptr(StormHist) hist = storm_hist_new();

            storm_hist_add(hist, base + offset);
            storm_hist_add(hist, STORM_HIST_HIGHEST);
            assert_close(storm_hist_percentile(hist, 50), base + offset);
        }
    }
}

static void
test_ends(void)
{
    g_autoptr(StormHist) hist = storm_hist_new();

    g_assert_cmpint(storm_hist_percentile(hist, 50), ==, 0);
    g_assert_cmpfloat(storm_hist_mean(hist), ==, 0);
    storm_hist_add(hist, -5);
    g_assert_cmpint(storm_hist_max(hist), ==, 0);
    storm_hist_add(hist, 3);
    g_assert_cmpint(storm_hist_percentile(hist, 100), ==, 3);
    g_assert_cmpint(storm_hist_min(hist), ==, 0);
    storm_hist_add(hist, STORM_HIST_HIGHEST + 1);
    storm_hist_add(hist, G_MAXINT64);
    g_assert_cmpuint(storm_hist_over(hist), ==, 2);
    g_assert_cmpint(storm_hist_percentile(hist, 100), ==, G_MAXINT64);
    /* below the lowest, to 8 ns */
    g_assert_cmpint(storm_hist_percentile(hist, 50), <, 8);
    storm_hist_reset(hist);
    g_assert_cmpuint(storm_hist_count(hist), ==, 0);
    g_assert_cmpint(storm_hist_percentile(hist, 100), ==, 0);
}

typedef struct {
    guint64 count;
    gint64 last;
} Sum;

static void
add_up(gint64 highest, guint64 count, gpointer opaque)
{
    Sum *sum = opaque;

    g_assert_cmpint(highest, >, sum->last);
    sum->last = highest;
    sum->count += count;
}

static void
test_merge(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    StormHist *parts[] = { storm_hist_new(), storm_hist_new() };
    g_autoptr(StormHist) whole = storm_hist_new();
    g_autoptr(StormHist) merged = storm_hist_new();
    Sum sum = { 0, -1 };
    guint i;

    for (i = 0; i < 1000; i++) {
        gint64 value = loguniform(random);

        storm_hist_add(parts[i % 2], value);
        storm_hist_add(whole, value);
    }
    storm_hist_merge(merged, parts[0]);
    storm_hist_merge(merged, parts[1]);
    g_assert_cmpint(storm_hist_min(merged), ==, storm_hist_min(whole));
    g_assert_cmpint(storm_hist_max(merged), ==, storm_hist_max(whole));
    for (i = 0; i < G_N_ELEMENTS(percents); i++)
        g_assert_cmpint(storm_hist_percentile(merged, percents[i]), ==,
                        storm_hist_percentile(whole, percents[i]));
    storm_hist_foreach(merged, add_up, &sum);
    g_assert_cmpuint(sum.count, ==, 1000);
    storm_hist_free(parts[0]);
    storm_hist_free(parts[1]);
}

/* Of 100 values drawn anew each time, the range has the true median in at least nine
 * of ten cases; it has 95 % of them, when drawn for ever. */
static void
test_range(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    guint inside = 0;
    guint i, n;

    for (i = 0; i < 1000; i++) {
        g_autoptr(GArray) counts = g_array_new(FALSE, FALSE, sizeof(StormCount));
        guint64 seen[1000] = { 0 };
        StormRange range;

        for (n = 0; n < 100; n++)
            seen[g_rand_int_range(random, 0, 1000)]++;
        for (n = 0; n < G_N_ELEMENTS(seen); n++) {
            StormCount count = { n, seen[n] };

            if (seen[n])
                g_array_append_val(counts, count);
        }
        g_assert_true(storm_range_of(counts, 0.5, &range));
        g_assert_cmpfloat(range.least, <=, range.value);
        g_assert_cmpfloat(range.value, <=, range.most);
        inside += range.least <= 499.5 && range.most >= 499.5;
    }
    g_test_message("%u of 1000", inside);
    g_assert_cmpuint(inside, >=, 920);
    g_assert_cmpuint(inside, <=, 990);
}

static void
test_gates(void)
{
    const struct {
        const char *text;
        double value;           /* that it is held against ... */
        bool fails;             /* ... and the verdict */
    } good[] = {
        { "p99>100ms", 100e6, false }, { "p99>=100ms", 100e6, true }, { "p50<1s", 1e9, false },
        { "p99.9>1h", 3601e9, true }, { "dumpxml.max>1s", 2e9, true }, { "errors>0", 1, true },
        { "errors>1%", 0.5, false }, { "queries<1000", 999, true }, { "failed>0", 0, false },
        { "downtime>300ms", 301e6, true }, { " total >= 2s ", 2e9, true },
        { "dumpxml.p99.9<=5us", 5e3, true },
    };
    const char *const bad[] = { "", "p99", "p99>", "p99>100", "p98>1s", "p99=1s", ">1s", "errors>1s",
                                "errors>-1", "downtime>1%", ".p99>1s", "domstats.downtime>1s",
                                "p99>1%", "errors>x" };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *text = g_strstrip(g_strdup(good[i].text));
        const char *const words[] = { text, NULL };
        g_autofree char *error = NULL;
        g_autoptr(GPtrArray) gates = storm_gates_parse(words, &error);

        g_test_message("%s", good[i].text);
        g_assert_nonnull(gates);
        g_assert_true(storm_gate_fails(g_ptr_array_index(gates, 0), good[i].value)
                      == good[i].fails);
    }
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *const words[] = { bad[i], NULL };
        g_autofree char *error = NULL;

        g_test_message("%s", bad[i]);
        g_assert_null(storm_gates_parse(words, &error));
        g_assert_nonnull(error);
    }
}

int
main(int argc, char **argv)
{
    static gint64 (*const draws[])(GRand *) = { uniform, loguniform, two_humps, constant };

    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/hist/uniform", &draws[0], test_percentiles);
    g_test_add_data_func("/hist/loguniform", &draws[1], test_percentiles);
    g_test_add_data_func("/hist/two-humps", &draws[2], test_percentiles);
    g_test_add_data_func("/hist/constant", &draws[3], test_percentiles);
    g_test_add_func("/hist/ranks", test_ranks);
    g_test_add_func("/hist/each-value", test_each_value);
    g_test_add_func("/hist/ends", test_ends);
    g_test_add_func("/hist/merge", test_merge);
    g_test_add_func("/compare/range", test_range);
    g_test_add_func("/gates", test_gates);
    return g_test_run();
}
