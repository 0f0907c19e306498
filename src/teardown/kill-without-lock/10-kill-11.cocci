// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As 10-kill.cocci, where a process which does not die is watched, and a domain counts
// as being destroyed until it is inactive.
//
// files: src/qemu/qemu_process.c
// one-of: stop-path
// aims: qemuProcessKill qemuProcessBeginStopJob

@ kill @
typedef bool;
typedef pid_t;
typedef virDomainObj;
identifier vm, flags, ret;
expression process, painfully, extra, whole;
@@
 int qemuProcessKill(virDomainObj *vm, unsigned int flags)
 {
+    bool force = painfully;
+    unsigned int extradelay;
+    pid_t pid = process;
     int ret = -1;
     ...
-    ret = virProcessKillPainfullyDelay(process, painfully, extra, whole);
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

     if (
-        ret < 0 && (flags & VIR_QEMU_PROCESS_KILL_MONITOR_ON_ERROR)
+        ret < 0 && vm->pid == pid &&
+        (flags & VIR_QEMU_PROCESS_KILL_MONITOR_ON_ERROR)
        ) { ... }

     return ret;
 }

@ begin exists @
typedef virDomainObj, virDomainJob;
typedef bool;
identifier vm, job, forceKill, priv, error;
expression init, flags;
symbol true, killFlags;
@@
 int qemuProcessBeginStopJob(virDomainObj *vm, virDomainJob job, bool forceKill)
 {
     ...
     unsigned int killFlags = init;
+    bool haveJob;
     ...
     priv->beingDestroyed = true;
-    if (qemuProcessKill(vm, flags) < 0)
-        goto error;
+    virDomainObjBeginTermination(vm);
+
+    /* Get the job first if it is free: once the process is dying, other threads
+     * notice and ask for the job, too. */
+    haveJob = forceKill && virDomainObjBeginJobNowait(vm, job) == 0;
+
+    if (qemuProcessKill(vm, flags) < 0) {
+        if (haveJob)
+            virDomainObjEndJob(vm);
+        goto error;
+    }
     ...
-    if (virDomainObjBeginJob(vm, job) < 0)
+    if (!haveJob && virDomainObjBeginJob(vm, job) < 0)
         goto error;
+
+    virDomainObjEndTermination(vm);
     return 0;
     ...
 }

@ failed depends on begin exists @
typedef virDomainObj, virDomainJob;
typedef bool;
identifier vm, job, forceKill, priv, error;
symbol false;
@@
 int qemuProcessBeginStopJob(virDomainObj *vm, virDomainJob job, bool forceKill)
 {
     ... when any
 error:
+    virDomainObjEndTermination(vm);
     priv->beingDestroyed = false;
     ...
 }
