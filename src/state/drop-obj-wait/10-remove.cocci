// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Removes the function.
//
// files: src/conf/domain_conf.c
// aims: virDomainObjWait

@@
@@
-int virDomainObjWait(...) { ... }
