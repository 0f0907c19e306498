/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-client.h: a host, and the threads that query it
 */

#ifndef STORM_CLIENT_H
#define STORM_CLIENT_H

#include "storm-call.h"
#include "storm-connect.h"
#include "storm-record.h"
#include "storm-schedule.h"

/* What the state of the domain on a host must be at the moment (--check) */
typedef enum {
    STORM_EXPECT_ANY,   /* it is on its way, or nobody knows */
    STORM_EXPECT_HERE,  /* it is active on this host */
    STORM_EXPECT_AWAY,  /* it is not active on this host */
} StormExpect;

/* Same for all clients of all hosts; none of it changes while they run. */
typedef struct {
    GPtrArray *choices;         /* of StormChoice */
    bool whole_host;            /* calls that can are about all domains at once */
    double rate;                /* queries per second of each client; 0: tight loops */
    StormAccess access;         /* of the clients' connections */
    bool nowait;                /* let statistics leave out what they would wait for */
    const StormShape *shape;    /* to check answers with, or NULL */
} StormLoad;

typedef struct StormHost StormHost;

/* How a host's clients are getting on */
typedef struct {
    guint pending;              /* queries that are due and not answered */
    gint64 oldest;              /* since when the oldest of these is (ns), or 0 */
    guint client;               /* whose it is, from 1 */
} StormPending;

StormHost *storm_host_new(const char *uri, const char *name, const StormLoad *load,
                          const GPtrArray *targets, StormRecorder *recorder);
void storm_host_free(StormHost *host);
const char *storm_host_uri(const StormHost *host);
const char *storm_host_name(const StormHost *host);
StormRecorder *storm_host_recorder(StormHost *host);
void storm_host_expect(StormHost *host, StormExpect expect);
bool storm_host_start(StormHost *host, guint clients, gint64 start, char **error);
void storm_host_end(StormHost *host, gint64 when);
bool storm_host_ended(StormHost *host);
bool storm_host_join(StormHost *host);
void storm_host_pending(StormHost *host, StormPending *pending);
bool storm_host_settled(StormHost *host, gint64 since);

#endif /* STORM_CLIENT_H */
