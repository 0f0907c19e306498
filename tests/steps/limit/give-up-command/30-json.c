/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int
qemuMonitorJSONIOProcessLine(qemuMonitor *mon,
                             const char *line,
                             qemuMonitorMessage *msg)
{
    virJSONValue *obj = demoParse(line);

    if (demoIsReply(obj)) {
        if (msg) {
            msg->rxObject = obj;
            return 0;
        } else {
            demoReport(mon);
        }
    }

    return -1;
}


static int
qemuMonitorJSONCommandWithFd(qemuMonitor *mon,
                             virJSONValue *cmd,
                             int scm_fd)
{
    qemuMonitorMessage msg = { 0 };

    msg.txLength = virBufferUse(&cmdbuf);
    msg.txFD = scm_fd;

    return qemuMonitorSend(mon, &msg);
}
