/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-util.c: time, threads, and libvirt's errors as text
 *
 * Every function here may be called by any thread, with any lock held.
 */

#include "storm-util.h"
#include "storm-text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Thousands of threads with the usual 8 MiB would use up the address space that
 * a limit may leave. */
#define STACK_SIZE (1024 * 1024)

/* Returns the time of CLOCK_MONOTONIC in ns. */
gint64
storm_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * STORM_S + ts.tv_nsec;
}

/* Orders what @a and @b point to, gint64 each, for qsort() and g_array_sort(). */
int
storm_compare_times(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a;
    gint64 y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

/* Returns at the time @when (ns), at once if that has gone by. */
void
storm_sleep_until(gint64 when)
{
    struct timespec ts = { when / STORM_S, when % STORM_S };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        ;
}

/* Starts a thread, which takes no signals. Returns false and a message in @error if there cannot be
 * another one. */
bool
storm_thread_start(pthread_t *thread, void *(*run)(void *), void *opaque, char **error)
{
    pthread_attr_t attr;
    sigset_t all, old;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    result = pthread_create(thread, &attr, run, opaque);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (result != 0)
        *error = g_strdup_printf(_("cannot start a thread: %s"), g_strerror(result));
    return result == 0;
}

/* Returns the calling thread's last libvirt error as newly allocated text,
 * with its code; never NULL. */
char *
storm_last_error(void)
{
    virErrorPtr error = virGetLastError();

    if (!error || error->code == VIR_ERR_OK)
        return g_strdup("no error reported");
    return g_strdup_printf("%s (code %d)", error->message ? error->message : "", error->code);
}

/* Stores in @ns the duration @text: numbers with a unit each, as in 500ms, 30s, 1h30m;
 * a single number without one counts in @unit (ns). Returns false if it is none. */
bool
storm_parse_time(const char *text, gint64 unit, gint64 *ns)
{
    static const struct {
        const char *name;
        gint64 ns;
    } units[] = {
        { "us", STORM_US }, { "ms", STORM_MS }, { "min", 60 * STORM_S }, { "s", STORM_S },
        { "m", 60 * STORM_S }, { "h", 3600 * STORM_S }, { "d", 86400 * STORM_S },
    };
    double sum = 0;
    bool first = true;

    do {
        char *end;
        double number = g_ascii_strtod(text, &end);
        guint i;

        /* no sign, no blank, no exponent, no hexadecimal number */
        if (end == text || strspn(text, "0123456789.") != (size_t)(end - text))
            return false;
        if (!*end && first) {
            sum = number * unit;
            break;
        }
        for (i = 0; i < G_N_ELEMENTS(units) && !g_str_has_prefix(end, units[i].name); i++)
            ;
        if (i == G_N_ELEMENTS(units))
            return false;
        sum += number * units[i].ns;
        text = end + strlen(units[i].name);
        first = false;
    } while (*text);
    if (sum > 1e7 * STORM_S)
        return false;
    *ns = (gint64)sum;
    return true;
}

/* Returns the duration @ns as a person reads it, newly allocated. */
char *
storm_format_time(gint64 ns)
{
    if (ns >= 995 * STORM_MS)
        return g_strdup_printf("%.2f s", ns / 1e9);
    if (ns >= 10 * STORM_MS)
        return g_strdup_printf("%.0f ms", ns / 1e6);
    if (ns >= 1 * STORM_MS)
        return g_strdup_printf("%.1f ms", ns / 1e6);
    return g_strdup_printf("%.0f us", ns / 1e3);
}
