// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who waits for a job is woken up when it ends with its domain, and may find a
// domain that is not running any more.
//
// files: src/hypervisor/domain_driver.c
// aims: virDomainDriverAutoShutdown

#@ if >= 11.2.0
@@
symbol domains;
expression i;
@@
 virDomainDriverAutoShutdown(...)
 {
     <+...
     if (virDomainSetAutostartOnce(domains[i], 1) < 0) {
         ...
     }
+    else if (virDomainIsActive(domains[i]) == 0) {
+        /* It has waited for a job with which the domain has ended, such as
+         * a migration: it must not run here, too. */
+        virDomainSetAutostartOnce(domains[i], 0);
+    }
     ...+>
 }
#@ end
