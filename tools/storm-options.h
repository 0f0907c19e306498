/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-options.h: what the user asks for
 */

#ifndef STORM_OPTIONS_H
#define STORM_OPTIONS_H

#include "storm-call.h"
#include "storm-connect.h"
#include "storm-flags.h"
#include "storm-gate.h"

/* Options that are durations */
typedef enum {
    STORM_TIME_DURATION,
    STORM_TIME_SECONDS,
    STORM_TIME_WARM_UP,
    STORM_TIME_DRAIN,
    STORM_TIME_QUERY_TIMEOUT,
    STORM_TIME_PAUSE,
    STORM_TIME_ROUND_TIMEOUT,
    STORM_TIME_INTERVAL,
    STORM_TIME_LAST
} StormTime;

/* A migration takes about a kibibyte of memory until the end of the run. */
#define STORM_MAX_ROUNDS 10000

typedef struct {
    char **uris;
    gboolean read_only;
    StormAccess access;     /* that the calls need */
    int keepalive_interval; /* seconds; negative: not given */
    int keepalive_count;
    char *domain;
    gboolean all;
    int clients;
    char **calls;
    char **call_args;
    GPtrArray *choices;     /* what these two come to */
    gboolean nowait;
    gboolean disturb;
    double rate;            /* per client; 0: tight loops */
    gint64 duration;        /* ns, as all that follow; 0: not given */
    gint64 warm_up;
    gint64 drain;           /* negative: not given */
    gint64 query_timeout;
    gboolean check;

    char **gate_words;
    GPtrArray *gates;       /* what they come to: of StormGate */
    gint64 max_errors;      /* negative: any number */
    gboolean watch;
    char *migrate;          /* URI of the destination, or NULL */
    char *from;             /* URI of the source */
    int rounds;             /* 0: no limit */
    char *flag_list;
    StormFlags flags;
    char **param_words[2];
    StormParams params[2];  /* there, and back */
    gint64 pause;
    gint64 round_timeout;
    char *heartbeat;
    char *heartbeat_prefix;

    char *json;
    char *timeline;
    char *interval_log;
    char *hdr_log;
    gint64 interval;
    gboolean compare;
    char *files[2];         /* to compare */
    gboolean quiet;
    char *times[STORM_TIME_LAST];   /* as they were given */
    gboolean version;
    gboolean list_calls;
} StormOptions;

bool storm_options_parse(int argc, char **argv, StormOptions *options, char **error);
void storm_options_clear(StormOptions *options);

#endif /* STORM_OPTIONS_H */
