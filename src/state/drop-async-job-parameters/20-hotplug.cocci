// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Functions about hotplug, and about a memory-only dump. All but those which tell
// kinds of jobs apart lose the parameter, by its position: where they are
// defined, declared and called.
//
// files: src/qemu/*.c src/qemu/*.h tests/qemuhotplugtest.c
// sites: 40
// may-miss: fourth_prototype
// aims: qemuDomainAddTLSObjects qemuDomainAttachDiskGeneric
// aims: qemuDomainAttachDiskGenericTransient qemuDomainChangeGraphicsPasswords
// aims: qemuDomainDelTLSObjects qemuDumpToFd qemuHotplugAttachDBusVMState
// aims: qemuHotplugAttachManagedPR qemuHotplugRemoveDBusVMState
// aims: qemuHotplugRemoveManagedPR

@ second_definition @
typedef virDomainAsyncJob;
identifier f = {
    qemuDomainAddTLSObjects,
    qemuDomainDelTLSObjects,
    qemuHotplugRemoveDBusVMState,
    qemuHotplugRemoveManagedPR
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
    qemuDomainAddTLSObjects,
    qemuDomainDelTLSObjects,
    qemuHotplugRemoveDBusVMState,
    qemuHotplugRemoveManagedPR
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
    qemuDomainAddTLSObjects,
    qemuDomainDelTLSObjects,
    qemuHotplugRemoveDBusVMState,
    qemuHotplugRemoveManagedPR
};
expression list[1] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ third_definition @
identifier f = {
    qemuDomainAttachDiskGeneric,
    qemuHotplugAttachDBusVMState,
    qemuHotplugAttachManagedPR
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
    qemuDomainAttachDiskGeneric,
    qemuHotplugAttachDBusVMState,
    qemuHotplugAttachManagedPR
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
    qemuDomainAttachDiskGeneric,
    qemuHotplugAttachDBusVMState,
    qemuHotplugAttachManagedPR
};
expression list[2] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fourth_definition @
identifier f = {
    qemuDomainAttachDiskGenericTransient,
    qemuDumpToFd
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
    qemuDomainAttachDiskGenericTransient,
    qemuDumpToFd
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
    qemuDomainAttachDiskGenericTransient,
    qemuDumpToFd
};
expression list[3] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fifth_definition @
identifier f = {
    qemuDomainChangeGraphicsPasswords
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
    qemuDomainChangeGraphicsPasswords
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
    qemuDomainChangeGraphicsPasswords
};
expression list[4] before;
expression job;
@@
 f(before
-  , job
  , ...)
