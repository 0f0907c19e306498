// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a monitor knows of commands for which nobody waits any more.
//
// files: src/qemu/qemu_monitor_priv.h
// aims: _qemuMonitorMessage _qemuMonitor

@ message @
@@
 struct _qemuMonitorMessage {
+    const char *id;     /* of the command, NULL if it has none */
     int txFD;
     ...
 };

@ monitor @
typedef bool;
typedef GSList, qemuMonitorMessage;
@@
 struct _qemuMonitor {
     ...
     qemuMonitorMessage *msg;
+
+    /* Commands fail at once, nobody waits for a reply */
+    bool givenUp;
+
+    /* What is still to be sent of a command which was given up, before any other
+     * command can be sent */
+    char *rest;
+    size_t restOffset;
+    size_t restLength;
+
+    /* IDs of commands which were given up and whose replies are to come */
+    GSList *unanswered;
     ...
 };
