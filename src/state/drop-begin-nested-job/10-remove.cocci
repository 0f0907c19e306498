// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Removes the function.
//
// files: src/conf/virdomainjob.c
// aims: virDomainObjBeginNestedJob

@@
@@
-int virDomainObjBeginNestedJob(...) { ... }
