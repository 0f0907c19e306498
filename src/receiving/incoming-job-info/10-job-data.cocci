// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the statistics of a job on the receiving side are made of.
//
// files: src/qemu/qemu_domainjob.h
// sites: 1
// aims: _qemuDomainJobDataPrivate

@@
@@
 struct _qemuDomainJobDataPrivate {
     ...
     qemuDomainMirrorStats mirrorStats;
+    /* Only in a copy which describes a domain that is being started or arrives
+     * from another host: the phase of the job ("none" if it has no phases) */
+    const char *incomingPhase;
 };
