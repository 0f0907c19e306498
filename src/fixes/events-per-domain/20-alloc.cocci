// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The queue lives as long as the domain.
//
// files: src/qemu/qemu_domain.c
// aims: qemuDomainObjPrivateFree qemuDomainObjPrivateAlloc

@ free @
typedef GDestroyNotify;
identifier priv;
@@
 qemuDomainObjPrivateFree(...)
 {
     ...
     virChrdevFree(priv->devs);
+    g_queue_free_full(priv->events, (GDestroyNotify) qemuProcessEventFree);
     ...
 }

@ alloc @
symbol virObjectUnref;
identifier priv;
@@
 qemuDomainObjPrivateAlloc(...)
 {
     ... when any
+    priv->events = g_queue_new();
     priv->blockjobs = virHashNew(virObjectUnref);
     ... when any
 }
