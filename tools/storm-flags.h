/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-flags.h: flags and parameters of a migration, as virsh names them
 */

#ifndef STORM_FLAGS_H
#define STORM_FLAGS_H

#include "storm-util.h"

typedef struct {
    unsigned int flags;             /* of virDomainMigrate3() */
    bool postcopy_after_precopy;    /* switch to post-copy after the first pass */
} StormFlags;

/* Parameters of virDomainMigrate3() */
typedef struct {
    virTypedParameterPtr params;
    int n;
    int max;
} StormParams;

bool storm_flags_parse(const char *list, StormFlags *flags, char **error);
char *storm_flags_names(void);
bool storm_params_parse(const char *const *words, StormParams *params, char **error);
char *storm_params_names(void);
void storm_params_clear(StormParams *params);

#endif /* STORM_FLAGS_H */
