// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Conditions know the monotonic clock, if the system allows.
//
// files: src/util/virthread.c
// aims: virCondInit

@@
typedef virCond;
identifier c, ret;
symbol errno;
@@
 virCondInit(virCond *c)
 {
     int ret;
+    pthread_condattr_t attr;
+
+    if ((ret = pthread_condattr_init(&attr)) != 0) {
+        errno = ret;
+        return -1;
+    }
+
+    ret = virCondSetClock(&attr);
+    if (ret == 0)
+        ret = pthread_cond_init(&c->cond, &attr);
+    pthread_condattr_destroy(&attr);
+
-    if ((ret = pthread_cond_init(&c->cond, NULL)) != 0) {
+    if (ret != 0) {
     errno = ret;
     return -1;
     }
     return 0;
 }
