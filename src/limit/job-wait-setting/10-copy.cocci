// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A new domain object gets the setting.
//
// files: src/conf/domain_conf.c
// aims: virDomainObjNew

@@
expression domain, xmlopt;
@@
 virDomainObjNew(...)
 {
     <...
     domain->job->maxQueuedJobs = xmlopt->jobObjConfig.maxQueuedJobs;
+    domain->job->clientWait = xmlopt->jobObjConfig.clientWait;
     ...>
 }
