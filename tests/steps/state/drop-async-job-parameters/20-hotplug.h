/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuDomainAddTLSObjects(virDomainObj *vm,
                        virDomainAsyncJob asyncJob,
                        unsigned int flags);

int
qemuDomainAttachDiskGeneric(virDomainObj *vm,
                            int arg2,
                            virDomainAsyncJob asyncJob,
                            unsigned int flags);

int
qemuDomainChangeGraphicsPasswords(virDomainObj *vm,
                                  int arg2,
                                  int arg3,
                                  int arg4,
                                  virDomainAsyncJob asyncJob,
                                  unsigned int flags);

int
demoTells(virDomainObj *vm,
          virDomainAsyncJob asyncJob);
