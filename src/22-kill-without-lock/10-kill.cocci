// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lock of the domain is dropped while QEMU dies, and the SHUTDOWN event
// that comes with a destroy is nobody's news.
//
// files: src/qemu/qemu_process.c
// sites: 5
// aims: qemuProcessKill qemuProcessBeginStopJob qemuProcessHandleShutdown

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
+    /* Be the first if nobody is in the way: everybody gets to know about the
+     * process once it is dying. */
+    haveJob = virDomainObjBeginJobNowait(vm, job) == 0;
+
+    if (qemuProcessKill(vm, killFlags) < 0) {
+        if (haveJob)
+            virDomainObjEndJob(vm);
+        goto cleanup;
+    }
     ...
-    if (virDomainObjBeginJob(vm, job) < 0)
+    if (!haveJob && virDomainObjBeginJob(vm, job) < 0)
     {
         ...
     }
     ...
 cleanup:
+    virDomainObjEndTermination(vm);
     priv->beingDestroyed = false;
     ...
 }

@ event @
identifier vm, unlock;
@@
 qemuProcessHandleShutdown(..., virDomainObj *vm, ...)
 {
     ...
     if (...) {
         ...
     } else if (!virDomainObjIsActive(vm)) {
         ...
         goto unlock;
     }
+
+    if (priv->beingDestroyed) {
+        VIR_DEBUG("Domain %s is being destroyed, SHUTDOWN event is expected",
+                  vm->def->name);
+        goto unlock;
+    }
     ... when any
 }
