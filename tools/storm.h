/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm.h: the parts that virt-jobstorm is made of
 *
 *   storm-client.c   threads that query a domain and check each answer
 *   storm-migrate.c  migrations, their progress, and the downtime they cost
 *   storm-report.c   what is shown while it runs, the table, and JSON
 *   virt-jobstorm.c  options, and the course of events
 *
 * All times are in microseconds of the monotonic clock of this process. The
 * mutexes are pthread's, not GLib's, because ThreadSanitizer knows those.
 */

#ifndef STORM_H
#define STORM_H

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What the state of the domain on a host must be at the moment */
typedef enum {
    STORM_EXPECT_ANY,   /* it is on its way: anything that is possible */
    STORM_EXPECT_HERE,  /* it is active on this host */
    STORM_EXPECT_AWAY,  /* it is not active on this host */
} StormExpect;

/* What a query came to. Anything but the last is what it must be. */
typedef enum {
    STORM_ANSWER_ACTIVE,  /* all fields of an active domain */
    STORM_ANSWER_OFF,     /* all fields of a domain that is off */
    STORM_ANSWER_ABSENT,  /* the host does not know the domain */
    STORM_ANSWER_WRONG,   /* an error, or wrong or missing fields */
    STORM_ANSWER_LAST
} StormAnswer;

/* What the queries to one host came to over some time */
typedef struct {
    guint64 count[STORM_ANSWER_LAST];
    gint64 slowest; /* of all, whatever they came to */
    gint64 total;   /* time spent in all of them */
} StormStats;

/* The fields that an answer for the active domain has, learnt from one given
 * while nothing was going on */
typedef struct {
    GHashTable *fields; /* name -> value if it must never change, or NULL */
} StormShape;

typedef struct StormHost StormHost;
struct StormHost {
    const char *uri;
    char *name;             /* the host's own name */
    StormShape *shape;
    const char *domain;

    pthread_mutex_t lock;            /* over all that follows */
    StormStats stats;       /* since they were last taken */
    StormStats all;         /* since the start */
    GHashTable *errors;     /* message -> guint64 * with how often */
    StormExpect expect;
    guint expect_serial;    /* changes with each change of @expect */

    GPtrArray *clients;     /* of StormClient */
};

/* One thread with a connection of its own that queries one host */
typedef struct {
    StormHost *host;
    guint number;
    GThread *thread;
    _Atomic gint64 started;  /* start of the query under way, or 0 */
    _Atomic gint64 finished; /* start of the last query that has ended, or 0 */
    atomic_bool stop;
    atomic_bool ended;
} StormClient;

/* Text of the calling thread's last libvirt error, newly allocated. */
char *storm_last_error(void);

StormShape *storm_shape_learn(virDomainPtr domain, char **error);
void storm_shape_free(StormShape *shape);

StormHost *storm_host_new(const char *uri, const char *domain, char **error);
void storm_host_free(StormHost *host);
void storm_host_expect(StormHost *host, StormExpect expect);
void storm_host_take_stats(StormHost *host, StormStats *stats);
void storm_host_peek_stats(StormHost *host, StormStats *all);
void storm_host_start_clients(StormHost *host, guint count);
bool storm_host_stop_clients(StormHost *host, gint64 timeout);
StormClient *storm_host_find_stuck(StormHost *host, gint64 limit);
bool storm_host_settled(StormHost *host, gint64 since);

/* A domain's lifecycle event */
typedef struct {
    gint64 when;
    guint host;  /* index of the host */
    int event;   /* virDomainEventType */
    int detail;
} StormEvent;

/* Listens to the lifecycle events of a domain on several hosts */
typedef struct StormEvents StormEvents;
bool storm_events_init(char **error);
StormEvents *storm_events_new(const char **uris, const char *domain, char **error);
GArray *storm_events_since(StormEvents *events, gint64 since);
void storm_events_free(StormEvents *events);

/* One migration, there or back */
typedef struct {
    guint number;
    guint source;        /* indexes of the hosts */
    guint destination;
    gint64 start;
    gint64 end;          /* 0 while it runs */
    gint64 downtime;     /* -1: not known */
    char *error;         /* NULL: it went well */
    GArray *events;      /* of StormEvent */
    StormStats stats[2]; /* of the queries to source and destination meanwhile */
    guint64 errors;      /* wrong answers on both */
} StormRound;

typedef struct {
    unsigned int flags;
    guint64 bandwidth; /* MiB/s; 0: unlimited */
    gint64 timeout;    /* the migration is aborted after that; it has failed */
} StormMigrateOptions;

bool storm_migrate_parse_flags(const char *list, unsigned int *flags, char **error);

typedef struct StormMigration StormMigration;
StormMigration *storm_migration_start(const char *source_uri, const char *destination_uri,
                                      const char *domain, const StormMigrateOptions *options);
bool storm_migration_running(StormMigration *migration);
int storm_migration_progress(StormMigration *migration);
void storm_migration_abort(StormMigration *migration);
bool storm_migration_finish(StormMigration *migration, StormRound *round, gint64 timeout);

/* All that a run comes to */
typedef struct {
    const char *domain;
    GPtrArray *hosts;   /* of StormHost */
    GPtrArray *rounds;  /* of StormRound */
    guint rounds_wanted;
    guint clients;
    gint64 start;
    GPtrArray *reasons; /* why it has failed, as strings */
    bool ending;        /* before its time */
} StormRun;

void storm_report_status(StormRun *run, const StormRound *round, int progress);
void storm_report_clear_status(void);
void storm_report_round_header(void);
void storm_report_round(StormRun *run, const StormRound *round);
void storm_report_summary(StormRun *run);
bool storm_report_json(StormRun *run, const char *path);

#endif /* STORM_H */
