// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A new domain object gets the limit together with the rest of the driver's job
// configuration.
//
// files: src/conf/domain_conf.c
// aims: virDomainObjNew

@@
expression domain, xmlopt;
identifier error;
@@
 virDomainObjNew(...)
 {
     ... when any
     if (virDomainObjInitJob(domain->job, &xmlopt->jobObjConfig.cb, ...) < 0)
         goto error;
+    domain->job->maxQueuedJobs = xmlopt->jobObjConfig.maxQueuedJobs;
     ... when any
 }
