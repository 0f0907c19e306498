// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All deadlines of waits on a condition are on the monotonic clock.
//
// files: src/conf/virdomainjob.c src/qemu/qemu_agent.c src/qemu/qemu_hotplug.c src/vz/vz_utils.c
// aims: virDomainObjBeginJobInternal qemuAgentSend qemuHotplugWaitForTrayEject qemuDomainWaitForDeviceRemoval vzDomainObjBeginJob

@ job exists @
identifier now, then;
symbol VIR_JOB_WAIT_TIME;
@@
 virDomainObjBeginJobInternal(...)
 {
     ...
-    if (virTimeMillisNow(&now) < 0)
-        return -1;
-
     ...
-    then = now + VIR_JOB_WAIT_TIME;
+    then = virTimeMonotonicMillis() + VIR_JOB_WAIT_TIME;
     ... when any
 }

@ agent exists @
identifier now, then, seconds;
statement S;
@@
 qemuAgentSend(..., int seconds, ...)
 {
     <+...
-    unsigned long long now;
-
-    if (virTimeMillisNow(&now) < 0)
-        return -1;
     S
-    then = now + seconds * 1000ull;
+    then = virTimeMonotonicMillis() + seconds * 1000ull;
     ...+>
 }

@ tray exists @
typedef virDomainObj;
identifier vm, now;
symbol CHANGE_MEDIA_TIMEOUT;
@@
 qemuHotplugWaitForTrayEject(virDomainObj *vm, ...)
 {
-    unsigned long long now;
+    unsigned long long until = virTimeMonotonicMillis() + CHANGE_MEDIA_TIMEOUT;
     ...
-    if (virTimeMillisNow(&now) < 0)
-        return -1;
-
     <+...
-    virDomainObjWaitUntil(vm, now + CHANGE_MEDIA_TIMEOUT)
+    virDomainObjWaitUntil(vm, until)
     ...+>
 }

@ unplug exists @
identifier vm, until;
@@
 qemuDomainWaitForDeviceRemoval(virDomainObj *vm)
 {
     ...
+    until = virTimeMonotonicMillis() + qemuDomainGetUnplugTimeout(vm);
-    if (virTimeMillisNow(&until) < 0)
-        return 1;
-    until += qemuDomainGetUnplugTimeout(vm);
     ... when any
 }

@ vz exists @
identifier now, then;
symbol VZ_JOB_WAIT_TIME;
@@
 vzDomainObjBeginJob(...)
 {
     ...
+    then = virTimeMonotonicMillis() + VZ_JOB_WAIT_TIME;
-    if (virTimeMillisNow(&now) < 0)
-        return -1;
-    then = now + VZ_JOB_WAIT_TIME;
     ... when any
 }
