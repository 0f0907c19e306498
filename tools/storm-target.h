/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-target.h: the domains that queries are about
 */

#ifndef STORM_TARGET_H
#define STORM_TARGET_H

#include "storm-util.h"

/* Never changed once it is there, so any thread may read it */
typedef struct {
    char *name;
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *disk;             /* target of its first disk, or NULL */
    char *interface;        /* of its first network interface, or NULL: not known or none */
    unsigned long memory;   /* KiB that it had when it was looked at */
    bool active;            /* then, too */
} StormTarget;

StormTarget *storm_target_new(virDomainPtr domain, char **error);
void storm_target_free(StormTarget *target);
GPtrArray *storm_targets_active(virConnectPtr conn, char **error);

#endif /* STORM_TARGET_H */
