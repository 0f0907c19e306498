// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Starting a job needs no exception for a type nobody can ask for.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginJobInternal

@ flag @
identifier nested, job;
@@
 virDomainObjBeginJobInternal(...)
 {
     ...
-    bool nested = job == VIR_JOB_ASYNC_NESTED;
     ...
 }

@ condition depends on flag @
identifier flag.nested;
expression e;
@@
 virDomainObjBeginJobInternal(...)
 {
     <+...
(
-    !nested && e
+    e
|
-    nested || e
+    e
)
     ...+>
 }
