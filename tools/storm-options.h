/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-options.h: what the user asks for
 */

#ifndef STORM_OPTIONS_H
#define STORM_OPTIONS_H

#include "storm-call.h"
#include "storm-connect.h"
#include "storm-flags.h"

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
    double seconds;
    double drain;           /* seconds; negative: not given */
    int query_timeout;      /* seconds */
    gboolean check;

    char *migrate;          /* URI of the destination, or NULL */
    char *from;             /* URI of the source */
    int rounds;
    char *flag_list;
    StormFlags flags;
    char **param_words[2];
    StormParams params[2];  /* there, and back */
    int pause_ms;
    int round_timeout;      /* seconds */
    char *heartbeat;
    char *heartbeat_prefix;

    char *json;
    char *timeline;
    gboolean quiet;
    gboolean version;
    gboolean list_calls;
} StormOptions;

bool storm_options_parse(int argc, char **argv, StormOptions *options, char **error);
void storm_options_clear(StormOptions *options);

#endif /* STORM_OPTIONS_H */
