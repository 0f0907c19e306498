# SPDX-License-Identifier: LGPL-2.1-or-later
"""KubeVirt. On the source it polls the statistics of the job. On the target it polls the
job by the old call until that does not fail any more: that ends the migration for it. The
structure of that call has no operation, so any answer will do."""

import libvirt

from .poller import Poller


class KubeVirtSource(Poller):
    interval = 0.4

    def __init__(self, host, name):
        super().__init__(host, name)
        self._domain = self.conn.lookupByName(name)
        self.ended = 0      # polls that found no job

    def ask(self):
        try:
            stats = self._domain.jobStats()
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return "gone"
            if error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID:
                return "not running"
            raise
        if stats["type"] == libvirt.VIR_DOMAIN_JOB_NONE:
            self.ended += 1
        return None


class KubeVirtTarget(Poller):
    interval = 0.1

    def ask(self):
        try:
            domain = self.conn.lookupByName(self.name)
        except libvirt.libvirtError:
            return "gone"
        try:
            domain.jobInfo()
        except libvirt.libvirtError:
            return None
        return "migrated"
