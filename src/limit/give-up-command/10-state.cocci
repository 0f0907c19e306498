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
+    /* The rest of a command which was given up: it has to be sent before any
+     * other command */
+    char *rest;
+    size_t restOffset;
+    size_t restLength;
+
+    /* IDs of commands which were given up and whose replies have not come yet */
+    GSList *unanswered;
     ...
 };
