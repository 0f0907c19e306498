/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

void
qemuDomainObjStartJobPhase(virDomainObj *obj,
                           int phase);
void
qemuDomainObjSetJobPhase(virDomainObj *obj,
                         int phase);
