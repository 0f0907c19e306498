/* SPDX-License-Identifier: LGPL-2.1-or-later */

int
qemuBlockGetNamedNodeData(virDomainObj *vm,
                          virDomainAsyncJob asyncJob,
                          unsigned int flags);

int
qemuBlockFinalize(virDomainObj *vm,
                  int arg2,
                  virDomainAsyncJob asyncJob,
                  unsigned int flags);

int
qemuBackupJobCancelBlockjobs(virDomainObj *vm,
                             int arg2,
                             int arg3,
                             virDomainAsyncJob asyncJob,
                             unsigned int flags);

int
qemuBlockStorageSourceCreateFormat(virDomainObj *vm,
                                   int arg2,
                                   int arg3,
                                   int arg4,
                                   virDomainAsyncJob asyncJob,
                                   unsigned int flags);

int
qemuBlockStorageSourceCreate(virDomainObj *vm,
                             int arg2,
                             int arg3,
                             int arg4,
                             int arg5,
                             virDomainAsyncJob asyncJob,
                             unsigned int flags);

int
qemuBackupNotifyBlockjobEnd(virDomainObj *vm,
                            int arg2,
                            int arg3,
                            int arg4,
                            int arg5,
                            int arg6,
                            virDomainAsyncJob asyncJob,
                            unsigned int flags);

int
demoTells(virDomainObj *vm,
          virDomainAsyncJob asyncJob);
