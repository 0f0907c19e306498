// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A reply to a command that was given up is for no thread, even if one waits for a reply.
//
// files: src/qemu/qemu_monitor_json.c
// aims: qemuMonitorJSONIOProcessLine qemuMonitorJSONCommandWithFd

@ reply @
typedef qemuMonitor, qemuMonitorMessage;
identifier mon, line, msg;
statement S1, S2;
@@
 qemuMonitorJSONIOProcessLine(qemuMonitor *mon, const char *line, qemuMonitorMessage *msg)
 {
     <+...
+    if (qemuMonitorDropReply(mon, virJSONValueObjectGetString(obj, "id")))
+        return 0;
+
+    /* @msg may have been given up while an event was handled. */
     if (
-        msg
+        msg && msg == mon->msg
        ) S1 else S2
     ...+>
 }

@ command @
typedef qemuMonitor, virJSONValue;
identifier mon, cmd, message, cmdbuf;
@@
 qemuMonitorJSONCommandWithFd(qemuMonitor *mon, virJSONValue *cmd, ...)
 {
     ... when any
+    message.id = virJSONValueObjectGetString(cmd, "id");
     message.txLength = virBufferUse(&cmdbuf);
     ... when any
 }
