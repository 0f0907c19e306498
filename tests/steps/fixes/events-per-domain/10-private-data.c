/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

struct _qemuDomainObjPrivate {
    virQEMUDriver *driver;

    virEventThread *eventThread;

    qemuMonitor *mon;
};

struct qemuProcessEvent {
    virDomainObj *vm;
    int action;
};

struct demoEvent {
    virDomainObj *vm;
    int action;
};
