/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * storm-connect.h: connections, as virsh makes them
 */

#ifndef STORM_CONNECT_H
#define STORM_CONNECT_H

#include "storm-util.h"

/* What a connection may be used for */
typedef enum {
    STORM_READ_ONLY,
    STORM_READ_WRITE,
} StormAccess;

void storm_connect_keepalive(int interval, guint count, bool wanted);
void storm_connect_silence(void);
virConnectPtr storm_connect(const char *uri, StormAccess access);

#endif /* STORM_CONNECT_H */
