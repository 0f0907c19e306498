// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread which waits for a job is woken up when the job ends with its domain,
// and may find a domain that is not running any more.
//
// files: src/hypervisor/domain_driver.c
// aims: virDomainDriverAutoShutdown

#@ if >= 11.2.0
@@
symbol domains, transient;
expression i;
expression list said;
@@
 virDomainDriverAutoShutdown(...)
 {
     <+...
     if (transient[i]) {
         ...
     } else {
+        int marked = 0;
+
         VIR_DEBUG(said);
+        virDomainGetAutostartOnce(domains[i], &marked);
         if (virDomainSetAutostartOnce(domains[i], 1) < 0) {
             ...
         }
+
+                /* This may have waited for a job that ended together with the
+                 * domain, such as a migration: the guest must not run here as
+                 * well. */
+                if (!marked && virDomainIsActive(domains[i]) == 0)
+                    virDomainSetAutostartOnce(domains[i], 0);
     }
     ...+>
 }
#@ end
