// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What was sent as an error is not sent as an empty reply, too.
//
// files: src/remote/remote_daemon_stream.c
// aims: daemonStreamHandleWrite

@@
identifier status, stream;
@@
 daemonStreamHandleWrite(..., daemonClientStream *stream)
 {
     <+...
     if (
-        status == VIR_NET_CONTINUE
+        status == VIR_NET_CONTINUE && !stream->closed
         ) { ... }
     ...+>
 }
