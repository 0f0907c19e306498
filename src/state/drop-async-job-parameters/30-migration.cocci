// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Functions about migration. All but those which tell kinds of jobs apart lose
// the parameter, by its position: where they are defined, declared and called.
//
// files: src/qemu/*.c src/qemu/*.h tests/qemuhotplugtest.c
// sites: 85
// may-miss: fifth_prototype
// aims: qemuDomainGetMigrationBlockers qemuMigrationAnyCompleted
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

@ second_definition @
typedef virDomainAsyncJob;
identifier f = {
    qemuDomainGetMigrationBlockers,
    qemuMigrationAnyCompleted,
    qemuMigrationAnyFetchStats,
    qemuMigrationAnyRefreshStatus,
    qemuMigrationCapsCheck,
    qemuMigrationDstWaitForCompletion,
    qemuMigrationJobCheckStatus,
    qemuMigrationParamsFetch,
    qemuMigrationParamsReset,
    qemuMigrationParamsResetTLS,
    qemuMigrationSrcCancel,
    qemuMigrationSrcCancelRemoveTempBitmaps,
    qemuMigrationSrcFetchMirrorStats,
    qemuMigrationSrcNBDCopyCancelled,
    qemuMigrationSrcNBDStorageCopyReady
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
    qemuDomainGetMigrationBlockers,
    qemuMigrationAnyCompleted,
    qemuMigrationAnyFetchStats,
    qemuMigrationAnyRefreshStatus,
    qemuMigrationCapsCheck,
    qemuMigrationDstWaitForCompletion,
    qemuMigrationJobCheckStatus,
    qemuMigrationParamsFetch,
    qemuMigrationParamsReset,
    qemuMigrationParamsResetTLS,
    qemuMigrationSrcCancel,
    qemuMigrationSrcCancelRemoveTempBitmaps,
    qemuMigrationSrcFetchMirrorStats,
    qemuMigrationSrcNBDCopyCancelled,
    qemuMigrationSrcNBDStorageCopyReady
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
    qemuDomainGetMigrationBlockers,
    qemuMigrationAnyCompleted,
    qemuMigrationAnyFetchStats,
    qemuMigrationAnyRefreshStatus,
    qemuMigrationCapsCheck,
    qemuMigrationDstWaitForCompletion,
    qemuMigrationJobCheckStatus,
    qemuMigrationParamsFetch,
    qemuMigrationParamsReset,
    qemuMigrationParamsResetTLS,
    qemuMigrationSrcCancel,
    qemuMigrationSrcCancelRemoveTempBitmaps,
    qemuMigrationSrcFetchMirrorStats,
    qemuMigrationSrcNBDCopyCancelled,
    qemuMigrationSrcNBDStorageCopyReady
};
expression list[1] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ third_definition @
identifier f = {
    qemuMigrationSrcContinue,
    qemuMigrationSrcIsAllowed,
    qemuMigrationSrcNBDCopyCancel
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
    qemuMigrationSrcContinue,
    qemuMigrationSrcIsAllowed,
    qemuMigrationSrcNBDCopyCancel
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
    qemuMigrationSrcContinue,
    qemuMigrationSrcIsAllowed,
    qemuMigrationSrcNBDCopyCancel
};
expression list[2] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fourth_definition @
identifier f = {
    qemuMigrationDstComplete,
    qemuMigrationParamsEnableTLS
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
    qemuMigrationDstComplete,
    qemuMigrationParamsEnableTLS
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
    qemuMigrationDstComplete,
    qemuMigrationParamsEnableTLS
};
expression list[3] before;
expression job;
@@
 f(before
-  , job
  , ...)

@ fifth_definition @
identifier f = {
    qemuMigrationSrcNBDCopyCancelOne
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
    qemuMigrationSrcNBDCopyCancelOne
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
    qemuMigrationSrcNBDCopyCancelOne
};
expression list[4] before;
expression job;
@@
 f(before
-  , job
  , ...)
