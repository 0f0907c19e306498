// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From qemu.conf to the configuration of jobs.
//
// files: src/qemu/qemu_conf.c
// aims: virQEMUDriverConfigLoadRPCEntry virQEMUDriverCreateXMLConf

@ load @
expression conf, cfg;
@@
 virQEMUDriverConfigLoadRPCEntry(...)
 {
     <...
     if (virConfGetValueUInt(conf, "max_queued", &cfg->maxQueuedJobs) < 0)
         return -1;
+    if (virConfGetValueUInt(conf, "job_wait", &cfg->jobWait) < 0)
+        return -1;
     ...>
 }

@ hand_on @
symbol virQEMUDriverDomainJobConfig;
expression cfg;
@@
 virQEMUDriverCreateXMLConf(...)
 {
     <...
     virQEMUDriverDomainJobConfig.maxQueuedJobs = cfg->maxQueuedJobs;
+    virQEMUDriverDomainJobConfig.clientWait = cfg->jobWait;
     ...>
 }
