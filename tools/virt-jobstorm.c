/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * virt-jobstorm.c: loads libvirt's API, and records it
 *
 * Signals are blocked in all threads while a run is on; a thread waits for
 * them. The first ends the run with what it has, the second the process.
 */

#include "storm-compare.h"
#include "storm-json.h"
#include "storm-report.h"
#include "storm-text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum {
    EXIT_DONE = 0,
    EXIT_FAULT = 1,
    EXIT_UNABLE = 2,
    EXIT_INTERRUPTED = 3,
} ExitStatus;

static void
ignore_error(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static void
wanted_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

/* Waits for signals; @opaque is the atomic_int that tells of the first. */
static void *
signal_main(void *opaque)
{
    atomic_int *signalled = opaque;
    sigset_t set;
    int signum;

    wanted_signals(&set);
    for (;;) {
        if (sigwait(&set, &signum) != 0)
            continue;
        if (atomic_exchange(signalled, signum))
            _exit(128 + signum);
    }
}

/* Has signals end the run rather than the process from now on. */
static bool
watch_signals(atomic_int *signalled, char **error)
{
    pthread_t thread;

    if (!storm_thread_start(&thread, signal_main, signalled, error))
        return false;
    pthread_detach(thread);
    return true;
}

static ExitStatus
show_version(void)
{
    printf("virt-jobstorm %s\n", STORM_VERSION);
    return EXIT_DONE;
}

static ExitStatus
compare(const StormOptions *options)
{
    g_autofree char *error = NULL;

    if (storm_compare(options->files[0], options->files[1], &error))
        return EXIT_DONE;
    storm_complain("%s", error);
    return EXIT_UNABLE;
}

static ExitStatus
list_calls(void)
{
    guint i, n;
    const StormCall *table = storm_call_table(&n);

    for (i = 0; i < n; i++) {
        printf("%-22s %-30s %s%s%s\n", table[i].name, table[i].function,
               table[i].flags & STORM_DISTURBS ? "needs --disturb; " : "",
               table[i].argument ? "argument: " : "",
               table[i].argument ? table[i].argument : "");
    }
    return EXIT_DONE;
}

/* Starts libvirt's event loop, in which no signal is to be taken, and leaves
 * them to end the process while nothing has begun. */
static bool
start_libvirt(char **error)
{
    sigset_t set, old;
    bool ok;

    virSetErrorFunc(NULL, ignore_error);
    wanted_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, &old);
    ok = storm_events_init(error);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

/* Writes all reports. Returns whether nothing is missing. */
static bool
report(StormRun *run)
{
    g_autofree char *error = NULL;
    bool ok = true;

    if (run->timeline && !storm_timeline_close(g_steal_pointer(&run->timeline), &error)) {
        storm_run_fault(run, "%s", error);
        ok = false;
    }
    g_clear_pointer(&error, g_free);
    if (run->intervals && !storm_intervals_close(g_steal_pointer(&run->intervals), &error)) {
        storm_run_fault(run, "%s", error);
        ok = false;
    }
    storm_report_summary(run);
    g_clear_pointer(&error, g_free);
    if (run->options->json && !storm_json_write(run, run->options->json, &error)) {
        storm_complain("%s", error);
        ok = false;
    }
    return ok;
}

/* Runs what @options ask for. Ends the process if a thread cannot be ended. */
static ExitStatus
run_options(const StormOptions *options, atomic_int *signalled)
{
    g_autofree char *error = NULL;
    ExitStatus status = EXIT_DONE;
    sigset_t set;
    StormRun run;
    bool clean;

    if (options->json && strcmp(options->json, "-") == 0)
        storm_text_to_stderr();
    storm_connect_keepalive(options->keepalive_interval < 0 ? 5 : options->keepalive_interval,
                            options->keepalive_count < 0 ? 6 : options->keepalive_count,
                            options->keepalive_interval > 0 || options->keepalive_count > 0);
    if (!storm_run_prepare(&run, options, signalled, &error)) {
        storm_complain("%s", error);
        storm_run_clear(&run);
        return EXIT_UNABLE;
    }
    wanted_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (!watch_signals(signalled, &error)) {
        storm_complain("%s", error);
        storm_run_clear(&run);
        return EXIT_UNABLE;
    }
    storm_connect_silence();
    clean = storm_run(&run);
    if (run.unable) {
        storm_complain("%s", run.unable);
        status = EXIT_UNABLE;
    } else {
        if (run.interrupted)
            status = EXIT_INTERRUPTED;
        if (!report(&run) || run.faults->len)
            status = EXIT_FAULT;
    }
    if (!clean) {
        fflush(NULL);
        _exit(status); /* a thread is still waiting inside libvirt */
    }
    storm_run_clear(&run);
    return status;
}

int
main(int argc, char **argv)
{
    /* Outlives main(), as the thread that waits for signals does */
    static atomic_int signalled;
    g_autofree char *error = NULL;
    StormOptions options;
    ExitStatus status = EXIT_UNABLE;

    memset(&options, 0, sizeof(options));
    storm_text_init();
    /* before any other function of libvirt, even those for parameters */
    if (virInitialize() < 0)
        storm_complain(_("libvirt cannot be initialized"));
    else if (!storm_options_parse(argc, argv, &options, &error))
        storm_complain(_("%s (see --help)"), error);
    else if (options.version)
        status = show_version();
    else if (options.list_calls)
        status = list_calls();
    else if (options.compare)
        status = compare(&options);
    else if (!start_libvirt(&error))
        storm_complain(_("libvirt: %s"), error);
    else
        status = run_options(&options, &signalled);
    storm_options_clear(&options);
    return status;
}
