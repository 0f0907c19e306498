// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which jobs may start along with an async job: those of its mask, and only while
// it is interruptible.
//
// files: src/conf/virdomainjob.c
// aims: virDomainNestedJobAllowed

@ allowed @
expression job, newJob;
@@
 virDomainNestedJobAllowed(...)
 {
     return !job->asyncJob ||
            newJob == VIR_JOB_NONE ||
-           (job->mask & JOB_MASK(newJob))
+           (virDomainAsyncJobIsInterruptible(job) && (job->mask & JOB_MASK(newJob)))
            ;
 }
