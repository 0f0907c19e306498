// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Functions about images and block jobs. All but those which tell kinds of jobs
// apart lose the parameter, by its position: where they are defined, declared
// and called.
//
// files: src/qemu/*.c src/qemu/*.h tests/qemuhotplugtest.c
// sites: 130
// may-miss: fifth_prototype
// aims: qemuBackupJobCancelBlockjobs qemuBackupNotifyBlockjobEnd
// aims: qemuBlockFinalize qemuBlockGetNamedNodeData qemuBlockJobEventProcess
// aims: qemuBlockJobEventProcessConcluded
// aims: qemuBlockJobEventProcessConcludedRemoveChain
// aims: qemuBlockJobEventProcessConcludedTransition
// aims: qemuBlockJobProcessEventCompletedActiveCommit
// aims: qemuBlockJobProcessEventCompletedCommit
// aims: qemuBlockJobProcessEventCompletedCommitBitmaps
// aims: qemuBlockJobProcessEventCompletedCopyBitmaps
// aims: qemuBlockJobProcessEventCompletedPull
// aims: qemuBlockJobProcessEventCompletedPullBitmaps
// aims: qemuBlockJobProcessEventConcludedBackup
// aims: qemuBlockJobProcessEventConcludedCopyAbort
// aims: qemuBlockJobProcessEventConcludedCopyPivot
// aims: qemuBlockJobProcessEventConcludedCreate
// aims: qemuBlockJobProcessEventFailedActiveCommit qemuBlockJobSyncEnd
// aims: qemuBlockJobUpdate qemuBlockPivot qemuBlockReopenFormat
// aims: qemuBlockReopenReadOnly qemuBlockReopenReadWrite
// aims: qemuBlockStorageSourceCreate qemuBlockStorageSourceCreateFormat
// aims: qemuBlockStorageSourceCreateGeneric qemuBlockStorageSourceCreateStorage
// aims: qemuBlockStorageSourceDetachOneBlockdev
// aims: qemuSnapshotCreateActiveExternalDisks qemuSnapshotDiskCleanup
// aims: qemuSnapshotDiskContextNew qemuSnapshotDiskPrepareActiveExternal
// aims: qemuSnapshotDiskPrepareOneBlockdev

@ second_definition @
typedef virDomainAsyncJob;
identifier f = {
    qemuBlockGetNamedNodeData,
    qemuBlockStorageSourceDetachOneBlockdev
};
parameter list[1] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ second_prototype @
identifier f = {
    qemuBlockGetNamedNodeData,
    qemuBlockStorageSourceDetachOneBlockdev
};
parameter list[1] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ second_call @
identifier f = {
    qemuBlockGetNamedNodeData,
    qemuBlockStorageSourceDetachOneBlockdev
};
expression list[1] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ third_definition @
identifier f = {
    qemuBlockFinalize,
    qemuBlockJobEventProcessConcludedRemoveChain,
    qemuBlockJobProcessEventCompletedCommitBitmaps,
    qemuBlockJobProcessEventCompletedCopyBitmaps,
    qemuBlockJobProcessEventCompletedPullBitmaps,
    qemuBlockJobSyncEnd,
    qemuBlockJobUpdate,
    qemuBlockPivot,
    qemuBlockReopenFormat,
    qemuBlockReopenReadOnly,
    qemuBlockReopenReadWrite,
    qemuSnapshotDiskContextNew
};
parameter list[2] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ third_prototype @
identifier f = {
    qemuBlockFinalize,
    qemuBlockJobEventProcessConcludedRemoveChain,
    qemuBlockJobProcessEventCompletedCommitBitmaps,
    qemuBlockJobProcessEventCompletedCopyBitmaps,
    qemuBlockJobProcessEventCompletedPullBitmaps,
    qemuBlockJobSyncEnd,
    qemuBlockJobUpdate,
    qemuBlockPivot,
    qemuBlockReopenFormat,
    qemuBlockReopenReadOnly,
    qemuBlockReopenReadWrite,
    qemuSnapshotDiskContextNew
};
parameter list[2] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ third_call @
identifier f = {
    qemuBlockFinalize,
    qemuBlockJobEventProcessConcludedRemoveChain,
    qemuBlockJobProcessEventCompletedCommitBitmaps,
    qemuBlockJobProcessEventCompletedCopyBitmaps,
    qemuBlockJobProcessEventCompletedPullBitmaps,
    qemuBlockJobSyncEnd,
    qemuBlockJobUpdate,
    qemuBlockPivot,
    qemuBlockReopenFormat,
    qemuBlockReopenReadOnly,
    qemuBlockReopenReadWrite,
    qemuSnapshotDiskContextNew
};
expression list[2] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fourth_definition @
identifier f = {
    qemuBackupJobCancelBlockjobs,
    qemuBlockJobEventProcess,
    qemuBlockJobEventProcessConcluded,
    qemuBlockJobEventProcessConcludedTransition,
    qemuBlockJobProcessEventCompletedActiveCommit,
    qemuBlockJobProcessEventCompletedCommit,
    qemuBlockJobProcessEventCompletedPull,
    qemuBlockJobProcessEventConcludedBackup,
    qemuBlockJobProcessEventConcludedCopyAbort,
    qemuBlockJobProcessEventConcludedCopyPivot,
    qemuBlockJobProcessEventConcludedCreate,
    qemuBlockJobProcessEventFailedActiveCommit,
    qemuBlockStorageSourceCreateStorage,
    qemuSnapshotDiskCleanup
};
parameter list[3] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ fourth_prototype @
identifier f = {
    qemuBackupJobCancelBlockjobs,
    qemuBlockJobEventProcess,
    qemuBlockJobEventProcessConcluded,
    qemuBlockJobEventProcessConcludedTransition,
    qemuBlockJobProcessEventCompletedActiveCommit,
    qemuBlockJobProcessEventCompletedCommit,
    qemuBlockJobProcessEventCompletedPull,
    qemuBlockJobProcessEventConcludedBackup,
    qemuBlockJobProcessEventConcludedCopyAbort,
    qemuBlockJobProcessEventConcludedCopyPivot,
    qemuBlockJobProcessEventConcludedCreate,
    qemuBlockJobProcessEventFailedActiveCommit,
    qemuBlockStorageSourceCreateStorage,
    qemuSnapshotDiskCleanup
};
parameter list[3] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ fourth_call @
identifier f = {
    qemuBackupJobCancelBlockjobs,
    qemuBlockJobEventProcess,
    qemuBlockJobEventProcessConcluded,
    qemuBlockJobEventProcessConcludedTransition,
    qemuBlockJobProcessEventCompletedActiveCommit,
    qemuBlockJobProcessEventCompletedCommit,
    qemuBlockJobProcessEventCompletedPull,
    qemuBlockJobProcessEventConcludedBackup,
    qemuBlockJobProcessEventConcludedCopyAbort,
    qemuBlockJobProcessEventConcludedCopyPivot,
    qemuBlockJobProcessEventConcludedCreate,
    qemuBlockJobProcessEventFailedActiveCommit,
    qemuBlockStorageSourceCreateStorage,
    qemuSnapshotDiskCleanup
};
expression list[3] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fifth_definition @
identifier f = {
    qemuBlockStorageSourceCreateFormat,
    qemuSnapshotCreateActiveExternalDisks,
    qemuSnapshotDiskPrepareActiveExternal
};
parameter list[4] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ fifth_prototype @
identifier f = {
    qemuBlockStorageSourceCreateFormat,
    qemuSnapshotCreateActiveExternalDisks,
    qemuSnapshotDiskPrepareActiveExternal
};
parameter list[4] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ fifth_call @
identifier f = {
    qemuBlockStorageSourceCreateFormat,
    qemuSnapshotCreateActiveExternalDisks,
    qemuSnapshotDiskPrepareActiveExternal
};
expression list[4] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ sixth_definition @
identifier f = {
    qemuBlockStorageSourceCreate,
    qemuBlockStorageSourceCreateGeneric,
    qemuSnapshotDiskPrepareOneBlockdev
};
parameter list[5] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ sixth_prototype @
identifier f = {
    qemuBlockStorageSourceCreate,
    qemuBlockStorageSourceCreateGeneric,
    qemuSnapshotDiskPrepareOneBlockdev
};
parameter list[5] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ sixth_call @
identifier f = {
    qemuBlockStorageSourceCreate,
    qemuBlockStorageSourceCreateGeneric,
    qemuSnapshotDiskPrepareOneBlockdev
};
expression list[5] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ seventh_definition @
identifier f = {
    qemuBackupNotifyBlockjobEnd
};
parameter list[6] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ seventh_prototype @
identifier f = {
    qemuBackupNotifyBlockjobEnd
};
parameter list[6] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ seventh_call @
identifier f = {
    qemuBackupNotifyBlockjobEnd
};
expression list[6] before;
expression job;
@@
 f(before
-  , job
  , ...)
