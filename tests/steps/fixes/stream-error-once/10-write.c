/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
daemonStreamHandleWrite(virNetServerClient *client,
                        daemonClientStream *stream)
{
    while (stream->rx && !stream->closed) {
        virNetMessage *msg = demoServe(&stream->rx);
        virNetMessageStatus status = msg->header.status;

        if (demoHandle(client, stream, msg) < 0)
            return -1;

        if (status == VIR_NET_CONTINUE) {
            if (demoReply(client, msg) < 0)
                return -1;
        }
    }

    return 0;
}


/* Another question. */
static int
demoIsData(virNetMessageStatus status)
{
    if (status == VIR_NET_CONTINUE) {
        return 1;
    }

    return 0;
}
