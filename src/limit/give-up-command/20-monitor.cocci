// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A command can be given up, is sent to its end nevertheless, and its reply is
// thrown away.
//
// files: src/qemu/qemu_monitor.c
// aims: qemuMonitorDispose qemuMonitorIOProcess qemuMonitorIOWrite qemuMonitorRegister qemuMonitorResetCommandID qemuMonitorSend

@ dispose @
identifier mon;
@@
 qemuMonitorDispose(...)
 {
     ...
     g_free(mon->buffer);
+    g_free(mon->rest);
+    g_slist_free_full(mon->unanswered, g_free);
     ...
 }

@ rest @
typedef qemuMonitor;
identifier mon;
@@
 static int qemuMonitorIOProcess(qemuMonitor *mon)
 { ... }
+
+static int
+qemuMonitorIOWriteRest(qemuMonitor *mon)
+{
+    size_t left = mon->restLength - mon->restOffset;
+    int done;
+
+    done = write(mon->fd, mon->rest + mon->restOffset, left); /* sc_avoid_write */
+    if (done < 0) {
+        if (errno == EAGAIN)
+            return 0;
+
+        virReportSystemError(errno, "%s",
+                             _("Unable to write to monitor"));
+        return -1;
+    }
+
+    mon->restOffset += done;
+    if (mon->restOffset == mon->restLength)
+        g_clear_pointer(&mon->rest, g_free);
+
+    return done;
+}

@ write @
identifier mon, len;
@@
 qemuMonitorIOWrite(qemuMonitor *mon)
 {
     ...
     size_t len;
+
+    /* The rest of a command which was given up has to be sent first. */
+    if (mon->rest)
+        return qemuMonitorIOWriteRest(mon);
     ...
 }

@ watch @
identifier mon;
@@
 qemuMonitorRegister(qemuMonitor *mon)
 {
     <+...
-    mon->msg && mon->msg->txOffset < mon->msg->txLength
+    mon->rest || (mon->msg && mon->msg->txOffset < mon->msg->txLength)
     ...+>
 }

@ routines @
typedef bool;
typedef GCompareFunc, GSList;
typedef qemuMonitor;
identifier mon;
@@
 void qemuMonitorResetCommandID(qemuMonitor *mon)
 { ... }
+
+/**
+ * qemuMonitorGiveUp:
+ * @mon: monitor object
+ * @giveUp: whether to give up or to go on
+ *
+ * Makes the command which is being processed fail, and all others until this is
+ * called once more with @giveUp false. QEMU has received the command
+ * nevertheless, and may still carry it out; its reply is dropped. To be called
+ * without @mon locked.
+ */
+void
+qemuMonitorGiveUp(qemuMonitor *mon,
+                  bool giveUp)
+{
+    VIR_LOCK_GUARD lock = virObjectLockGuard(mon);
+
+    mon->givenUp = giveUp;
+    virCondBroadcast(&mon->notify);
+}
+
+
+/**
+ * qemuMonitorIsUnanswered:
+ * @mon: monitor object
+ *
+ * Returns true if QEMU has not answered a command which was given up, and is not
+ * going to answer another one before it does. To be called without @mon locked.
+ */
+bool
+qemuMonitorIsUnanswered(qemuMonitor *mon)
+{
+    VIR_LOCK_GUARD lock = virObjectLockGuard(mon);
+
+    return !!mon->unanswered;
+}
+
+
+/**
+ * qemuMonitorDropReply:
+ * @mon: locked monitor object
+ * @id: ID of the command to which a reply has come, NULL if it has none
+ *
+ * Returns true if nobody waits for the reply as the command was given up.
+ */
+bool
+qemuMonitorDropReply(qemuMonitor *mon,
+                     const char *id)
+{
+    GSList *command = g_slist_find_custom(mon->unanswered, NULLSTR_EMPTY(id),
+                                          (GCompareFunc) g_strcmp0);
+
+    if (!command)
+        return false;
+
+    VIR_DEBUG("Dropping the late reply to %s mon=%p vm=%p name=%s",
+              NULLSTR_EMPTY(id), mon, mon->vm, mon->domainName);
+    g_free(command->data);
+    mon->unanswered = g_slist_delete_link(mon->unanswered, command);
+    return true;
+}
+
+
+/* Reports that the job of the current thread was given up. */
+static void
+qemuMonitorReportGivenUp(qemuMonitor *mon)
+{
+    virReportError(VIR_ERR_OPERATION_TIMEOUT,
+                   _("the job was given up because an async job of domain '%1$s' needs the monitor"),
+                   mon->domainName);
+}
+
+
+/* Forgets the command in @mon->msg, whose buffer is going to be freed. If QEMU
+ * has received a part of the command, it has to receive the rest, too. */
+static void
+qemuMonitorAbandon(qemuMonitor *mon)
+{
+    qemuMonitorMessage *msg = mon->msg;
+
+    VIR_DEBUG("Giving up %s mon=%p vm=%p name=%s",
+              NULLSTR(msg->id), mon, mon->vm, mon->domainName);
+
+    if (msg->txOffset == 0)
+        return;
+
+    mon->unanswered = g_slist_append(mon->unanswered, g_strdup(NULLSTR_EMPTY(msg->id)));
+
+    if (msg->txOffset < msg->txLength) {
+        mon->restOffset = 0;
+        mon->restLength = msg->txLength - msg->txOffset;
+        mon->rest = g_strndup(msg->txBuffer + msg->txOffset, mon->restLength);
+    }
+}

@ send @
identifier mon, msg, cleanup;
@@
 qemuMonitorSend(qemuMonitor *mon, qemuMonitorMessage *msg)
 {
     ... when any
+    if (mon->givenUp) {
+        qemuMonitorReportGivenUp(mon);
+        return -1;
+    }
+
     mon->msg = msg;
     ... when any
     while (!mon->msg->finished) {
+        if (mon->givenUp) {
+            qemuMonitorAbandon(mon);
+            qemuMonitorReportGivenUp(mon);
+            goto cleanup;
+        }
+
         if (virCondWait(&mon->notify, &mon->parent.lock) < 0) {
             ...
             goto cleanup;
         }
     }
     ... when any
 }
