/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-migrate.h: one migration, in threads of its own
 */

#ifndef STORM_MIGRATE_H
#define STORM_MIGRATE_H

#include "storm-flags.h"

/* None of it changes while the migration runs. */
typedef struct {
    const char *source;             /* URIs */
    const char *destination;
    const unsigned char *uuid;      /* of the domain */
    const StormFlags *flags;
    const StormParams *params;
    gint64 timeout;                 /* ns: it is aborted after that ... */
    gint64 grace;                   /* ... and given up so long afterwards */
    bool watch;                     /* ask the source about its progress */
} StormMigrateOptions;

/* Where the domain is, on one host: virDomainState, or one of these */
#define STORM_STATE_ABSENT (-1)
#define STORM_STATE_UNKNOWN (-2)

typedef struct {
    gint64 start;                   /* ns: once the connections were open */
    gint64 end;
    char *error;                    /* NULL: it went well */
    int state[2];                   /* on the source and the destination, afterwards */
} StormMigrated;

typedef struct StormMigration StormMigration;

StormMigration *storm_migration_start(const StormMigrateOptions *options, char **error);
bool storm_migration_running(StormMigration *migration);
int storm_migration_progress(StormMigration *migration);
void storm_migration_abort(StormMigration *migration);
bool storm_migration_finish(StormMigration *migration, gint64 timeout, StormMigrated *result);

int storm_domain_state(virConnectPtr conn, const unsigned char *uuid);

#endif /* STORM_MIGRATE_H */
