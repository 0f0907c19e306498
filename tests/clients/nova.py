# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack Nova on the source host: it polls the statistics of the job, and begins to
clean up after the guest, disks included, as soon as it believes it has left."""

import libvirt

from .poller import Poller

# It takes them for a guest that has left.
GONE = (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID)

TYPES = {libvirt.VIR_DOMAIN_JOB_NONE: "none", libvirt.VIR_DOMAIN_JOB_UNBOUNDED: "unbounded",
         libvirt.VIR_DOMAIN_JOB_COMPLETED: "completed", libvirt.VIR_DOMAIN_JOB_FAILED: "failed",
         libvirt.VIR_DOMAIN_JOB_CANCELLED: "cancelled"}


class Nova(Poller):
    """@migrated: tells whether the call that migrates has returned. `then`, if set, is
    done to the domain at the next poll that tells of a running job."""

    interval = 0.5

    def __init__(self, host, name, migrated):
        super().__init__(host, name)
        self._migrated = migrated
        self._domain = self.conn.lookupByName(name)
        self.types = []     # what the polls were answered
        self.then = None

    def _job_type(self):
        try:
            return TYPES[self._domain.jobStats()["type"]]
        except libvirt.libvirtError as error:
            if error.get_error_code() not in GONE:
                raise
            return "gone"

    def _is_off(self):
        try:
            return not self._domain.isActive()
        except libvirt.libvirtError as error:
            return error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN

    def ask(self):
        done = self._migrated()
        kind = self._job_type()
        self.types.append(kind)
        if kind == "none":
            if not done:
                return None
            return "completed" if self._is_off() else "failed"
        if kind == "unbounded":
            if self.then:
                then, self.then = self.then, None
                then(self._domain)
            return None
        return "completed" if kind == "gone" else kind
