/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * test-downtime.c: downtime from events, and silence of a heartbeat
 */

#include "storm-events.h"
#include "storm-heartbeat.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIGRATED VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED
#define PAUSED VIR_DOMAIN_EVENT_SUSPENDED_PAUSED
#define UNPAUSED VIR_DOMAIN_EVENT_RESUMED_UNPAUSED
#define ARRIVED VIR_DOMAIN_EVENT_RESUMED_MIGRATED
#define SUSPENDED VIR_DOMAIN_EVENT_SUSPENDED
#define RESUMED VIR_DOMAIN_EVENT_RESUMED

static void
test_events(void)
{
    const struct {
        gint64 wanted;
        StormEvent events[6];   /* up to one at the time 0 */
    } cases[] = {
        { -1, { { 0 } } },
        { 20, { { 10, 0, SUSPENDED, MIGRATED }, { 30, 1, RESUMED, ARRIVED } } },
        /* the other way */
        { -1, { { 10, 1, SUSPENDED, MIGRATED }, { 30, 0, RESUMED, ARRIVED } } },
        /* somebody suspends and resumes meanwhile */
        { 20, { { 1, 0, SUSPENDED, PAUSED }, { 2, 0, RESUMED, UNPAUSED },
                { 10, 0, SUSPENDED, MIGRATED }, { 25, 1, RESUMED, UNPAUSED },
                { 30, 1, RESUMED, ARRIVED } } },
        { 5, { { 10, 0, SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY },
               { 15, 1, RESUMED, VIR_DOMAIN_EVENT_RESUMED_POSTCOPY },
               { 99, 1, RESUMED, ARRIVED } } },
        /* the last time that it stops counts */
        { 10, { { 10, 0, SUSPENDED, MIGRATED }, { 12, 0, RESUMED, UNPAUSED },
                { 20, 0, SUSPENDED, MIGRATED }, { 30, 1, RESUMED, ARRIVED } } },
        { -1, { { 10, 1, RESUMED, ARRIVED } } },
        /* details of a hypervisor that tells no more */
        { 3, { { 10, 0, SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_IOERROR },
               { 13, 1, RESUMED, VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT } } },
    };
    guint i, n;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(StormEvent));

        for (n = 0; n < G_N_ELEMENTS(cases[i].events) && cases[i].events[n].when; n++)
            g_array_append_val(seen, cases[i].events[n]);
        g_assert_cmpint(storm_events_downtime(seen, 0, 1), ==, cases[i].wanted);
    }
}

/* No test wants anything within a time; this is for what hangs. */
#define LIMIT (100 * STORM_S)

/* However long somebody suspends and resumes, the memory is bounded. */
static void
forgets_events(StormEvents *events, virDomainPtr domain)
{
    gint64 deadline = storm_now() + LIMIT;
    GArray *seen = NULL;
    guint64 lost;
    guint i;

    for (i = 0; i < 3000; i++) {
        g_assert_cmpint(virDomainSuspend(domain), ==, 0);
        g_assert_cmpint(virDomainResume(domain), ==, 0);
    }
    /* two hosts have told of each; 5000 is half of what is kept */
    do {
        g_assert_cmpint(storm_now(), <, deadline);
        storm_sleep_until(storm_now() + STORM_MS);
        g_clear_pointer(&seen, g_array_unref);
        lost = storm_events_lost(events);
        seen = storm_events_since(events, 0);
        g_assert_cmpuint(seen->len, <=, 10000);
    } while (lost + seen->len < 12000);
    g_assert_cmpuint(lost, ==, 5000);
    g_array_unref(seen);
    storm_events_forget(events, storm_now());
    seen = storm_events_since(events, 0);
    g_assert_cmpuint(seen->len, ==, 0);
    g_array_unref(seen);
}

/* Events of the test driver reach us, with the time at which they came. */
static void
test_real_events(void)
{
    const char *const uris[] = { "test:///default", "test:///default", NULL };
    g_autofree char *error = NULL;
    g_autoptr(virConnect) conn = NULL;
    g_autoptr(virDomain) domain = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];
    StormEvents *events;
    GArray *seen = NULL;
    gint64 start, deadline;

    g_assert_true(storm_events_init(&error));
    conn = virConnectOpen(uris[0]);
    domain = virDomainLookupByName(conn, "test");
    g_assert_cmpint(virDomainGetUUID(domain, uuid), ==, 0);
    events = storm_events_new(uris, uuid, &error);
    g_assert_nonnull(events);
    forgets_events(events, domain);
    start = storm_now();
    g_assert_cmpint(virDomainSuspend(domain), ==, 0);
    g_assert_cmpint(virDomainResume(domain), ==, 0);
    deadline = start + LIMIT;
    do {
        g_clear_pointer(&seen, g_array_unref);
        seen = storm_events_since(events, start);
    } while (seen->len < 4 && storm_now() < deadline);
    g_assert_cmpuint(seen->len, ==, 4);
    g_assert_cmpint(g_array_index(seen, StormEvent, 0).event, ==, SUSPENDED);
    g_assert_cmpint(g_array_index(seen, StormEvent, 0).when, >=, start);
    g_array_unref(seen);
    seen = storm_events_since(events, storm_now());
    g_assert_cmpuint(seen->len, ==, 0);
    g_array_unref(seen);
    storm_events_free(events);
}

/* --- heartbeat --- */

static void
append(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    close(fd);
}

/* When a beat was written and when it had been counted: it has a time between the two */
typedef struct {
    gint64 written;
    gint64 counted;
} Beat;

#define BEATS 9

/* Beats every 10 ms, and after half of them a silence of 100 ms */
static void
beat(StormHeartbeat *heartbeat, const char *path, Beat *beats)
{
    StormPulse pulse;
    guint i;

    for (i = 0; i < BEATS; i++) {
        storm_sleep_until(storm_now() + (i == BEATS / 2 ? 100 : 10) * STORM_MS);
        beats[i].written = storm_now();
        /* in two parts, and with something else between */
        append(path, "heart");
        append(path, "beat 1\nother heartbeat\nheartburn\nheart\n");
        do {
            storm_sleep_until(storm_now() + STORM_MS);
            beats[i].counted = storm_now();
            g_assert_cmpint(beats[i].counted, <, beats[i].written + LIMIT);
            storm_heartbeat_between(heartbeat, beats[0].written, beats[i].counted, &pulse);
        } while (pulse.beats <= i);
        g_assert_cmpuint(pulse.beats, ==, i + 1);
    }
}

/* Holds @pulse against what the times of @beats allow. */
static void
check_gaps(const StormPulse *pulse, const Beat *beats)
{
    gint64 least[BEATS - 1], most[BEATS - 1];
    guint i;

    for (i = 0; i < BEATS - 1; i++) {
        least[i] = beats[i + 1].written - beats[i].counted;
        most[i] = beats[i + 1].counted - beats[i].written;
    }
    qsort(least, BEATS - 1, sizeof(*least), storm_compare_times);
    qsort(most, BEATS - 1, sizeof(*most), storm_compare_times);
    g_assert_cmpint(pulse->silence, >=, least[BEATS - 2]);
    g_assert_cmpint(pulse->silence, <=, most[BEATS - 2]);
    g_assert_cmpint(pulse->interval, >=, least[(BEATS - 1) / 2]);
    g_assert_cmpint(pulse->interval, <=, most[(BEATS - 1) / 2]);
}

static void
check_pulse(const char *path)
{
    g_autofree char *error = NULL;
    gint64 start = storm_now();
    StormHeartbeat *heartbeat = storm_heartbeat_new(path, "heartbeat", &error);
    StormPulse pulse;
    Beat beats[BEATS];

    g_assert_nonnull(heartbeat);
    beat(heartbeat, path, beats);
    storm_heartbeat_between(heartbeat, start, beats[BEATS - 1].counted, &pulse);
    g_assert_cmpuint(pulse.beats, ==, BEATS);
    check_gaps(&pulse, beats);
    /* the silence that goes on counts, too */
    storm_heartbeat_between(heartbeat, start, storm_now() + 9 * STORM_S, &pulse);
    g_assert_cmpint(pulse.silence, >=, 9 * STORM_S);
    storm_heartbeat_between(heartbeat, 1, start, &pulse);
    g_assert_cmpuint(pulse.beats, ==, 0);
    /* What is forgotten ends with the beat that begins the silence. */
    storm_heartbeat_forget(heartbeat, storm_now());
    storm_heartbeat_between(heartbeat, 1, storm_now(), &pulse);
    g_assert_cmpuint(pulse.beats, ==, 1);
    storm_heartbeat_between(heartbeat, storm_now(), storm_now() + 9 * STORM_S, &pulse);
    g_assert_cmpint(pulse.silence, >=, 9 * STORM_S);
    storm_heartbeat_free(heartbeat);
}

static void
test_heartbeat(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_autofree char *fifo = g_build_filename(folder, "fifo", NULL);
    g_autofree char *error = NULL;
    int fd;

    /* What is there before is passed over. */
    g_assert_true(g_file_set_contents(file, "heartbeat 0\nheartbeat 0\n", -1, NULL));
    check_pulse(file);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    fd = open(fifo, O_RDWR | O_CLOEXEC);
    check_pulse(fifo);
    close(fd);
    g_assert_null(storm_heartbeat_new("/no/such/file", "x", &error));
    g_assert_nonnull(error);
    g_assert_cmpint(g_unlink(file) + g_unlink(fifo) + g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/downtime/events", test_events);
    g_test_add_func("/downtime/heartbeat", test_heartbeat);
    g_test_add_func("/downtime/real-events", test_real_events);
    return g_test_run();
}
