// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All functions except those which distinguish kinds of jobs lose the parameter, by
// its position: where they are defined, declared and called.
//
// files: src/qemu/*.c src/qemu/*.h tests/qemuhotplugtest.c
// parameter: virDomainAsyncJob \w+|int asyncJob
#@ if >= 11.3.0
// aims: qemuSnapshotDiskUpdateSource
// may-miss: prototype_4
#@ end
//
// Images and block jobs:
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
// aims: qemuBlockReopenAccess
// aims: qemuSnapshotCreateActiveExternalDisks qemuSnapshotDiskCleanup
// aims: qemuSnapshotDiskContextNew qemuSnapshotDiskPrepareActiveExternal
// aims: qemuSnapshotDiskPrepareOneBlockdev
// aims: qemuSnapshotInternalRevert qemuSnapshotInternalRevertGetDevices
//
// Hotplug, and a memory-only dump:
// aims: qemuDomainAddTLSObjects qemuDomainAttachDiskGeneric
// aims: qemuDomainAttachDiskGenericTransient qemuDomainChangeGraphicsPasswords
// aims: qemuDomainDelTLSObjects qemuDumpToFd qemuHotplugAttachDBusVMState
// aims: qemuHotplugAttachManagedPR qemuHotplugRemoveDBusVMState
// aims: qemuHotplugRemoveManagedPR
//
// Migration:
// aims: qemuDomainGetMigrationBlockers qemuMigrationAnyCompleted
// aims: qemuMigrationBlockNodesReactivate
// aims: qemuMigrationAnyFetchStats qemuMigrationAnyRefreshStatus
// aims: qemuMigrationCapsCheck qemuMigrationDstComplete
// aims: qemuMigrationDstWaitForCompletion qemuMigrationJobCheckStatus
// aims: qemuMigrationParamsEnableTLS qemuMigrationParamsFetch
// aims: qemuMigrationParamsReset qemuMigrationParamsResetTLS
// aims: qemuMigrationSrcCancel qemuMigrationSrcCancelRemoveTempBitmaps
// aims: qemuMigrationSrcContinue qemuMigrationSrcFetchMirrorStats
// aims: qemuMigrationSrcIsAllowed qemuMigrationSrcNBDCopyCancel
// aims: qemuMigrationSrcNBDCopyCancelOne qemuMigrationSrcNBDCopyCancelled
// aims: qemuMigrationSrcNBDStorageCopyReady
// aims: qemuMigrationSrcToLegacyFile qemuMigrationSrcToSparseFile
//
// Starting a domain, and the state of a running one:
// aims: qemuConnectMonitor qemuDomainCheckMonitor qemuDomainRefreshVcpuHalted
// aims: qemuDomainRefreshVcpuInfo qemuDomainSyncRxFilter
// aims: qemuDomainUpdateDeviceList qemuDomainUpdateMemoryDeviceInfo
// aims: qemuProcessDeleteThreadContextHelper qemuProcessDetectIOThreadPIDs
// aims: qemuProcessFetchCPUDefinitions qemuProcessFetchGuestCPU
// aims: qemuProcessFinishStartup qemuProcessInitMonitor
// aims: qemuProcessInitPasswords qemuProcessLaunch
// aims: qemuProcessRefreshBalloonState qemuProcessRefreshCPUMigratability
// aims: qemuProcessRefreshDisks qemuProcessRefreshRxFilters
// aims: qemuProcessRefreshState qemuProcessSetLinkStates
// aims: qemuProcessSetupBalloon qemuProcessSetupDiskThrottling
// aims: qemuProcessSetupDisksTransient qemuProcessSetupDisksTransientHotplug
// aims: qemuProcessSetupDisksTransientSnapshot
// aims: qemuProcessSetupHotpluggableVcpus qemuProcessSetupLifecycleActions
// aims: qemuProcessStartCPUs qemuProcessStopCPUs qemuProcessUpdateAndVerifyCPU
// aims: qemuProcessUpdateCPU qemuProcessUpdateVideoRamSize
// aims: qemuProcessWaitForMonitor qemuRefreshVirtioChannelState

@ definition @
typedef virDomainAsyncJob;
identifier f = { functions };
parameter list[position] before;
identifier asyncJob;
type T;
@@
 f(before
-  , T asyncJob
  , ...)
 { ... }

@ prototype @
identifier f = { functions };
parameter list[position] before;
identifier asyncJob;
type T, R;
@@
 R f(before
-    , T asyncJob
    , ...);

@ call @
identifier f = { functions };
expression list[position] before;
expression job;
@@
 f(before
-  , job
  , ...)
