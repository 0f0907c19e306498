// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Removes the function.
//
// files: src/conf/virdomainjob.c
// sites: 1
// aims: virDomainObjBeginNestedJob

@@
@@
-int virDomainObjBeginNestedJob(...) { ... }
