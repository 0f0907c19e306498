/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-run.h: the course of a run, and what it comes to
 */

#ifndef STORM_RUN_H
#define STORM_RUN_H

#include "storm-client.h"
#include "storm-events.h"
#include "storm-heartbeat.h"
#include "storm-interval.h"
#include "storm-migrate.h"
#include "storm-options.h"
#include "storm-watch.h"

#include <stdatomic.h>

/* One of the two hosts of the migrations */
typedef struct {
    char *uri;
    char *name;
    StormHost *host;        /* whose clients query it, or NULL: nobody does */
} StormEnd;

/* One migration, there or back */
typedef struct {
    guint number;           /* from 1 */
    char *domain;           /* its name */
    int source;             /* indexes of the ends, or STORM_NOWHERE */
    int destination;
    StormMigrated migrated;
    gint64 downtime;        /* ns; -1: not known */
    bool has_pulse;
    StormPulse pulse;
    GArray *events;         /* of StormEvent; their hosts are ends */
    GPtrArray *spans;       /* of StormSpan, by host, while it runs */
    StormSummary queries[2]; /* to source and destination, if those have clients */
    guint64 errors;         /* of all hosts */
} StormRound;

/* The main thread's, but for what it hands to others */
typedef struct {
    const StormOptions *options;
    StormLoad load;
    StormShape *shape;
    const char **call_names;
    GPtrArray *hosts;       /* of StormHost */
    GPtrArray *recorders;   /* of StormRecorder; by host */
    GPtrArray *targets;     /* of GPtrArray of StormTarget; by host */
    StormTarget *target;    /* that of --domain, or NULL */
    StormEnd *ends;         /* two, there and back; when watching, by host */
    guint n_ends;
    StormWatch *watch;
    guint64 rounds_seen;    /* also those too many to keep */
    guint64 failed;         /* of them */
    StormEvents *events;
    StormHeartbeat *heartbeat;
    StormTimeline *timeline;
    StormIntervals *intervals;

    GPtrArray *rounds;      /* of StormRound */
    GPtrArray *faults;      /* as strings, for programs: in English ... */
    GPtrArray *shown_faults; /* ... and in the user's language */
    gint64 start;
    gint64 end;             /* 0 while it runs */
    gint64 wall_start;      /* seconds since 1970 */
    atomic_int *signalled;  /* number of the signal that ends the run, or 0 */
    char *unable;           /* why it could not begin, or NULL */
    bool too_many_errors;
    bool interrupted;
    bool ending;            /* before its time */
} StormRun;

static inline StormHost *
storm_run_host(StormRun *run, guint index)
{
    return g_ptr_array_index(run->hosts, index);
}

void storm_round_free(gpointer opaque);
void storm_round_open(StormRun *run, StormRound *round);
void storm_round_close(StormRun *run, StormRound *round);
/* Returns the end @index of a migration; one that is not known has no name. */
static inline const StormEnd *
storm_run_end(const StormRun *run, int index)
{
    static const StormEnd nowhere;

    return index == STORM_NOWHERE ? &nowhere : &run->ends[index];
}

void storm_run_watched(StormMove *move, gpointer opaque);
void storm_run_watch_ended(StormMove *move, gpointer opaque);
bool storm_run_prepare(StormRun *run, const StormOptions *options, atomic_int *signalled,
                       char **error);
bool storm_run(StormRun *run);
void storm_run_clear(StormRun *run);
void G_GNUC_PRINTF(2, 3) storm_run_fault(StormRun *run, const char *format, ...);

#endif /* STORM_RUN_H */
