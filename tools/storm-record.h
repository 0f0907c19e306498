/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-record.h: what the queries to one host came to
 */

#ifndef STORM_RECORD_H
#define STORM_RECORD_H

#include "storm-hist.h"
#include "storm-util.h"

#include <stdio.h>

/* What a query came to */
typedef enum {
    STORM_OK,           /* answered */
    STORM_OFF,          /* answered, for a domain that is off */
    STORM_ABSENT,       /* the host does not know the domain */
    STORM_REFUSED,      /* the state of the domain does not allow the call */
    STORM_ERROR,        /* any other error of libvirt */
    STORM_WRONG,        /* an answer that cannot be right (--check) */
    STORM_OUTSTANDING,  /* not answered when the run ended */
    STORM_OUTCOME_LAST
} StormOutcome;

/* One query. Latency counts from @intended, so that what holds up a client
 * counts for every query that it should have sent meanwhile. */
typedef struct {
    guint call;          /* index of the call */
    guint client;        /* from 1 */
    const char *domain;  /* name, or NULL: all domains of the host */
    gint64 intended;     /* when it was to be sent ... */
    gint64 sent;         /* ... and when it was; 0: not sent before the run ended */
    gint64 done;         /* when the answer came, or the run ended */
    StormOutcome outcome;
    int code;            /* libvirt's error code, or 0 */
    const char *message; /* of an error or a wrong answer, or NULL */
} StormSample;

/* Percentiles of some latencies, in ns */
typedef struct {
    guint64 count;
    guint64 over;        /* above STORM_HIST_HIGHEST */
    gint64 min, p50, p90, p99, p999, max;
    double mean;
} StormLatency;

typedef struct {
    guint64 queries;     /* all, sent or not */
    guint64 count[STORM_OUTCOME_LAST];
    guint64 unsent;      /* of those outstanding */
    guint64 timeouts;    /* errors of code VIR_ERR_OPERATION_TIMEOUT */
    guint64 late;        /* took longer than the limit, whatever they came to */
    StormLatency all;
    StormLatency answered; /* OK, OFF, WRONG and OUTSTANDING only */
} StormSummary;

/* An error, and how often it was seen */
typedef struct {
    guint call;
    int code;            /* 0: a wrong answer, found by us */
    char *message;
    guint64 count;
} StormErrorCount;

#define STORM_ALL_CALLS G_MAXUINT

typedef struct StormTimeline StormTimeline;
typedef struct StormRecorder StormRecorder;

/* What the queries of all calls come to from its opening on */
typedef struct StormSpan StormSpan;

const char *storm_outcome_name(StormOutcome outcome);

StormTimeline *storm_timeline_new(const char *path, char **error);
void storm_timeline_start(StormTimeline *timeline, gint64 start);
bool storm_timeline_close(StormTimeline *timeline, char **error);

StormRecorder *storm_recorder_new(const char *host, const char *const *calls, guint ncalls,
                                  gint64 late, StormTimeline *timeline);
void storm_recorder_free(StormRecorder *recorder);
void storm_recorder_add(StormRecorder *recorder, const StormSample *sample);
void storm_recorder_begin(StormRecorder *recorder, gint64 begin);
guint64 storm_recorder_bad(StormRecorder *recorder);
StormSpan *storm_span_open(StormRecorder *recorder);
void storm_span_read(StormSpan *span, bool anew, StormSummary *summary, StormHist *hist);
void storm_span_close(StormSpan *span);
void storm_recorder_summary(StormRecorder *recorder, guint call, StormSummary *summary);
StormHist *storm_recorder_hist(StormRecorder *recorder, guint call);
GPtrArray *storm_recorder_errors(StormRecorder *recorder);
GArray *storm_recorder_codes(StormRecorder *recorder);

/* How often libvirt gave one error code; an element of the array above */
typedef struct {
    int code;
    guint64 count;
} StormCodeCount;

#endif /* STORM_RECORD_H */
