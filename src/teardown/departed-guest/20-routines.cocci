// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How to record that, and what clients are told of such a domain.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal virDomainObjEndTermination virDomainObjWaitTerminationBriefly

@ refuse @
typedef virDomainObj;
identifier obj;
@@
 virDomainObjBeginJobInternal(virDomainObj *obj, ...)
 {
     <+...
-    virReportError(VIR_ERR_OPERATION_INVALID, "%s", _("domain is not running"));
+    virDomainObjReportGone(obj);
     ...+>
 }

@ report @
identifier obj;
@@
+/* Reports why no query can start while the process dies. */
+static void
+virDomainObjReportGone(virDomainObj *obj)
+{
+    if (virDomainObjIsHidden(obj)) {
+        char uuidstr[VIR_UUID_STRING_BUFLEN];
+
+        virUUIDFormat(obj->def->uuid, uuidstr);
+        virReportError(VIR_ERR_NO_DOMAIN,
+                       _("no domain with matching uuid '%1$s' (%2$s)"),
+                       uuidstr, obj->def->name);
+    } else {
+        virReportError(VIR_ERR_OPERATION_INVALID, "%s",
+                       _("domain is not running"));
+    }
+}
+
+
 int virDomainObjBeginJobInternal(virDomainObj *obj, ...) { ... }

@ end @
identifier obj;
symbol false;
@@
 virDomainObjEndTermination(virDomainObj *obj)
 {
     VIR_DEBUG(...);
-    obj->job->terminating--;
+    if (--obj->job->terminating == 0) {
+        obj->job->gone = 0;
+        obj->job->goneForGood = false;
+    }
+
     ...
 }

@ routines @
typedef bool;
typedef virDomainState, virDomainShutoffReason;
identifier obj;
@@
 void virDomainObjWaitTerminationBriefly(virDomainObj *obj) { ... }
+
+
+/**
+ * virDomainObjSetGone:
+ * @obj: locked and referenced domain object
+ * @reason: why the domain will be shut off
+ * @forGood: true if it will be undefined after that
+ *
+ * To be called after virDomainObjBeginTermination() if the guest is not here
+ * even though the process lives: it runs on another host, or it never arrived.
+ * From then on clients get the answers that they will get when the process is
+ * dead. The domain is shut off for @reason, or there is no such domain if it is
+ * transient or @forGood, and no query waits for it.
+ */
+void
+virDomainObjSetGone(virDomainObj *obj,
+                    virDomainShutoffReason reason,
+                    bool forGood)
+{
+    virDomainJobObj *job = obj->job;
+
+    VIR_DEBUG("Guest is gone (vm=%p name=%s reason=%s)", obj, obj->def->name,
+              virDomainShutoffReasonTypeToString(reason));
+
+    job->gone = reason;
+    job->goneForGood = forGood;
+    job->terminatingUntil = 0;
+    virCondBroadcast(&job->cond);
+}
+
+
+/* Returns true if the guest is not here although its process still exists. */
+static bool
+virDomainObjIsGone(virDomainObj *obj)
+{
+    return obj->job->terminating > 0 && obj->job->gone > 0;
+}
+
+
+/**
+ * virDomainObjIsHidden:
+ * @obj: locked domain object
+ *
+ * Returns true if clients are told that there is no such domain.
+ */
+bool
+virDomainObjIsHidden(virDomainObj *obj)
+{
+    return virDomainObjIsGone(obj) &&
+           (obj->job->goneForGood || !obj->persistent);
+}
+
+
+/**
+ * virDomainObjIsShownActive:
+ * @obj: locked domain object
+ *
+ * Returns true if clients are told that the domain is active.
+ */
+bool
+virDomainObjIsShownActive(virDomainObj *obj)
+{
+    return virDomainObjIsActive(obj) && !virDomainObjIsGone(obj);
+}
+
+
+/**
+ * virDomainObjGetShownID:
+ * @obj: locked domain object
+ *
+ * Returns the ID that clients are told, -1 if the domain is not active for them.
+ */
+int
+virDomainObjGetShownID(virDomainObj *obj)
+{
+    return virDomainObjIsShownActive(obj) ? obj->def->id : -1;
+}
+
+
+/**
+ * virDomainObjGetShownState:
+ * @obj: locked domain object
+ * @reason: where to store the reason for the state, or NULL
+ *
+ * Returns the state that clients are told.
+ */
+virDomainState
+virDomainObjGetShownState(virDomainObj *obj,
+                          int *reason)
+{
+    if (virDomainObjIsGone(obj)) {
+        if (reason)
+            *reason = obj->job->gone;
+        return VIR_DOMAIN_SHUTOFF;
+    }
+
+    return virDomainObjGetState(obj, reason);
+}
