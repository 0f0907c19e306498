// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether the process is known to be dead.
//
// files: src/qemu/qemu_domain.h
// aims: _qemuDomainObjPrivate

@@
typedef bool;
@@
 struct _qemuDomainObjPrivate {
     ...
     bool beingDestroyed;
+    bool processGone; /* the process is dead, its ID may be another's by now */
     ...
 };
