// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Entering the monitor does not fail, so what used to happen when it did goes.
// A function that names the async job has no reason to do so. A function that gets it
// from its caller goes on handing it over for now, lest a parameter becomes unused.
//
// files: src/qemu/*.c
// aims: qemuDomainObjEnterMonitorAsync

@ constant_job @
expression vm;
constant which;
statement S;
@@
-if (qemuDomainObjEnterMonitorAsync(vm, which) < 0) S
+qemuDomainObjEnterMonitor(vm);

@ current_job @
expression vm;
statement S;
@@
-if (qemuDomainObjEnterMonitorAsync(vm, vm->job->asyncJob) < 0) S
+qemuDomainObjEnterMonitor(vm);

@ any_job @
expression vm, which;
statement S;
@@
-if (qemuDomainObjEnterMonitorAsync(vm, which) < 0) S
+qemuDomainObjEnterMonitorAsync(vm, which);

@ last_condition @
expression vm, e;
constant which;
statement list ss;
@@
-if (e && qemuDomainObjEnterMonitorAsync(vm, which) == 0) {
+if (e) {
+qemuDomainObjEnterMonitor(vm);
 ss
 }

@ last_condition_any_job @
expression vm, which, e;
statement list ss;
@@
-if (e && qemuDomainObjEnterMonitorAsync(vm, which) == 0) {
+if (e) {
+qemuDomainObjEnterMonitorAsync(vm, which);
 ss
 }
