// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lock of the domain is dropped while QEMU dies, and a thread which stops a
// domain tries to get the job for that first.
//
// files: src/qemu/qemu_process.c
// one-of: stop-path
// aims: qemuProcessKill qemuProcessBeginStopJob

@ kill @
typedef bool;
typedef pid_t;
typedef virDomainObj;
identifier vm, flags;
expression process, painfully, extra, whole;
@@
 int qemuProcessKill(virDomainObj *vm, unsigned int flags)
 {
+    bool force = painfully;
+    unsigned int extradelay;
+    pid_t pid = process;
+    int ret;
+
     ...
-    return virProcessKillPainfullyDelay(process, painfully, extra, whole);
+    extradelay = extra;
+
+    /* The domain is being stopped, which is no time for an async job to be
+     * interruptible. */
+    virDomainObjBeginTermination(vm);
+    virObjectUnlock(vm);
+
+    ret = virProcessKillPainfullyDelay(pid, force, extradelay, whole);
+
+    virObjectLock(vm);
+    virDomainObjEndTermination(vm);
+
+    return ret;
 }

@ job exists @
typedef virDomainObj, virDomainJob;
typedef bool;
identifier vm, job, forceKill, killFlags, priv, cleanup, ret;
symbol true, false;
@@
 int qemuProcessBeginStopJob(virDomainObj *vm, virDomainJob job, bool forceKill)
 {
     ...
+    bool haveJob;
     int ret = -1;
     ... when any
     priv->beingDestroyed = true;
-    if (qemuProcessKill(vm, killFlags) < 0)
-        goto cleanup;
+    virDomainObjBeginTermination(vm);
+
+    /* Get the job first if it is free: once the process is dying, other threads
+     * notice and ask for the job, too. */
+    haveJob = forceKill && virDomainObjBeginJobNowait(vm, job) == 0;
+
+    if (qemuProcessKill(vm, killFlags) < 0) {
+        if (haveJob)
+            virDomainObjEndJob(vm);
+        goto cleanup;
+    }
     ...
-    if (virDomainObjBeginJob(vm, job) < 0)
+    if (!haveJob && virDomainObjBeginJob(vm, job) < 0)
         goto cleanup;
     ...
 cleanup:
+    virDomainObjEndTermination(vm);
     priv->beingDestroyed = false;
     ...
 }
