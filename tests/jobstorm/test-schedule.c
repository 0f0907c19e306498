/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-schedule.c: how many queries are due, and when
 */

#include "storm-schedule.h"

#define S G_GINT64_CONSTANT(1000000000)

static void
test_due(void)
{
    const double rates[] = { 0.1, 1, 3, 7.5, 10, 99.99, 100, 1000, 12345.6 };
    guint i, number;

    for (i = 0; i < G_N_ELEMENTS(rates); i++) {
        StormSchedule schedule = { 12345, rates[i] };

        g_assert_cmpuint(storm_schedule_due(&schedule, 0), ==, 0);
        g_assert_cmpuint(storm_schedule_due(&schedule, 12345), ==, 0);
        g_assert_cmpuint(storm_schedule_due(&schedule, 12346), ==, 1);
        for (number = 0; number < 5000; number++) {
            gint64 when = storm_schedule_time(&schedule, number);

            g_assert_cmpuint(storm_schedule_due(&schedule, when), ==, number);
            g_assert_cmpuint(storm_schedule_due(&schedule, when + 1), ==, number + 1);
        }
    }
}

/* Times do not drift: the rate holds over a day. */
static void
test_no_drift(void)
{
    StormSchedule schedule = { 0, 1000.0 / 3 };
    guint64 day = 86400;

    g_assert_cmpuint(storm_schedule_due(&schedule, (gint64)day * S), ==, day * 1000 / 3);
    g_assert_cmpint(storm_schedule_time(&schedule, 1000 * day / 3), ==, (gint64)day * S);
}

static void
test_clients_take_turns(void)
{
    guint i;

    for (i = 0; i < 4; i++) {
        StormSchedule schedule = storm_schedule_of_client(S, 10, i, 4);

        g_assert_cmpint(storm_schedule_time(&schedule, 0), ==, S + i * S / 40);
        g_assert_cmpuint(storm_schedule_due(&schedule, 2 * S), ==, 10);
    }
}

static void
test_no_rate(void)
{
    StormSchedule schedule = storm_schedule_of_client(S, 0, 0, 1);

    g_assert_cmpuint(storm_schedule_due(&schedule, 100 * S), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/due", test_due);
    g_test_add_func("/schedule/no-drift", test_no_drift);
    g_test_add_func("/schedule/clients-take-turns", test_clients_take_turns);
    g_test_add_func("/schedule/no-rate", test_no_rate);
    return g_test_run();
}
