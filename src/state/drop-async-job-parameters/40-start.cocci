// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Functions about starting a domain and about the state of a running one. All but
// those which tell kinds of jobs apart lose the parameter, by its position: where
// they are defined, declared and called.
//
// files: src/qemu/*.c src/qemu/*.h tests/qemuhotplugtest.c
// sites: 120
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

@ second_definition @
typedef virDomainAsyncJob;
identifier f = {
    qemuDomainCheckMonitor,
    qemuDomainRefreshVcpuHalted,
    qemuDomainRefreshVcpuInfo,
    qemuDomainUpdateDeviceList,
    qemuDomainUpdateMemoryDeviceInfo,
    qemuProcessDeleteThreadContextHelper,
    qemuProcessDetectIOThreadPIDs,
    qemuProcessFetchCPUDefinitions,
    qemuProcessFetchGuestCPU,
    qemuProcessInitMonitor,
    qemuProcessRefreshBalloonState,
    qemuProcessRefreshCPUMigratability,
    qemuProcessRefreshDisks,
    qemuProcessRefreshRxFilters,
    qemuProcessSetLinkStates,
    qemuProcessSetupBalloon,
    qemuProcessSetupDiskThrottling,
    qemuProcessSetupDisksTransient,
    qemuProcessSetupDisksTransientHotplug,
    qemuProcessSetupDisksTransientSnapshot,
    qemuProcessSetupHotpluggableVcpus,
    qemuProcessSetupLifecycleActions,
    qemuProcessUpdateAndVerifyCPU,
    qemuProcessUpdateCPU
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
    qemuDomainCheckMonitor,
    qemuDomainRefreshVcpuHalted,
    qemuDomainRefreshVcpuInfo,
    qemuDomainUpdateDeviceList,
    qemuDomainUpdateMemoryDeviceInfo,
    qemuProcessDeleteThreadContextHelper,
    qemuProcessDetectIOThreadPIDs,
    qemuProcessFetchCPUDefinitions,
    qemuProcessFetchGuestCPU,
    qemuProcessInitMonitor,
    qemuProcessRefreshBalloonState,
    qemuProcessRefreshCPUMigratability,
    qemuProcessRefreshDisks,
    qemuProcessRefreshRxFilters,
    qemuProcessSetLinkStates,
    qemuProcessSetupBalloon,
    qemuProcessSetupDiskThrottling,
    qemuProcessSetupDisksTransient,
    qemuProcessSetupDisksTransientHotplug,
    qemuProcessSetupDisksTransientSnapshot,
    qemuProcessSetupHotpluggableVcpus,
    qemuProcessSetupLifecycleActions,
    qemuProcessUpdateAndVerifyCPU,
    qemuProcessUpdateCPU
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
    qemuDomainCheckMonitor,
    qemuDomainRefreshVcpuHalted,
    qemuDomainRefreshVcpuInfo,
    qemuDomainUpdateDeviceList,
    qemuDomainUpdateMemoryDeviceInfo,
    qemuProcessDeleteThreadContextHelper,
    qemuProcessDetectIOThreadPIDs,
    qemuProcessFetchCPUDefinitions,
    qemuProcessFetchGuestCPU,
    qemuProcessInitMonitor,
    qemuProcessRefreshBalloonState,
    qemuProcessRefreshCPUMigratability,
    qemuProcessRefreshDisks,
    qemuProcessRefreshRxFilters,
    qemuProcessSetLinkStates,
    qemuProcessSetupBalloon,
    qemuProcessSetupDiskThrottling,
    qemuProcessSetupDisksTransient,
    qemuProcessSetupDisksTransientHotplug,
    qemuProcessSetupDisksTransientSnapshot,
    qemuProcessSetupHotpluggableVcpus,
    qemuProcessSetupLifecycleActions,
    qemuProcessUpdateAndVerifyCPU,
    qemuProcessUpdateCPU
};
expression list[1] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ third_definition @
identifier f = {
    qemuConnectMonitor,
    qemuDomainSyncRxFilter,
    qemuProcessFinishStartup,
    qemuProcessInitPasswords,
    qemuProcessRefreshState,
    qemuProcessUpdateVideoRamSize,
    qemuProcessWaitForMonitor,
    qemuRefreshVirtioChannelState
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
    qemuConnectMonitor,
    qemuDomainSyncRxFilter,
    qemuProcessFinishStartup,
    qemuProcessInitPasswords,
    qemuProcessRefreshState,
    qemuProcessUpdateVideoRamSize,
    qemuProcessWaitForMonitor,
    qemuRefreshVirtioChannelState
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
    qemuConnectMonitor,
    qemuDomainSyncRxFilter,
    qemuProcessFinishStartup,
    qemuProcessInitPasswords,
    qemuProcessRefreshState,
    qemuProcessUpdateVideoRamSize,
    qemuProcessWaitForMonitor,
    qemuRefreshVirtioChannelState
};
expression list[2] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fourth_definition @
identifier f = {
    qemuProcessLaunch,
    qemuProcessStartCPUs,
    qemuProcessStopCPUs
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
    qemuProcessLaunch,
    qemuProcessStartCPUs,
    qemuProcessStopCPUs
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
    qemuProcessLaunch,
    qemuProcessStartCPUs,
    qemuProcessStopCPUs
};
expression list[3] before;
expression job;
@@
 f(before
-  , job
  , ...)
