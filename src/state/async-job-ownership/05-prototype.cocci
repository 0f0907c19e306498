// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Starting a phase can fail from now on.
//
// files: src/qemu/qemu_domainjob.h
// aims: qemuDomainObjStartJobPhase

@@
typedef virDomainObj;
identifier obj, phase;
@@
-void
+int
 qemuDomainObjStartJobPhase(virDomainObj *obj, int phase);
