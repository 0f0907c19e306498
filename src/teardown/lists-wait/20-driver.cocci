// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lists of the QEMU driver wait.
//
// files: src/qemu/qemu_driver.c
// aims: qemuConnectListDomains qemuConnectNumOfDomains qemuConnectListDefinedDomains qemuConnectNumOfDefinedDomains qemuConnectListAllDomains

@ lists @
identifier list = { virDomainObjListGetActiveIDs, virDomainObjListGetInactiveNames, virDomainObjListNumOfDomains, virDomainObjListExport };
expression domains;
@@
+virDomainObjListWaitTermination(domains);
+
 return list(domains, ...);
