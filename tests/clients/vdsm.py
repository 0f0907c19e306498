# SPDX-License-Identifier: LGPL-2.1-or-later
"""oVirt's vdsm on either host: the statistics of all guests without waiting, and the
control interface, by which it decides whether a guest may be sent commands."""

import libvirt

from .poller import Poller

NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
CONTROL = {libvirt.VIR_DOMAIN_CONTROL_OK: "ok", libvirt.VIR_DOMAIN_CONTROL_JOB: "job",
           libvirt.VIR_DOMAIN_CONTROL_OCCUPIED: "occupied",
           libvirt.VIR_DOMAIN_CONTROL_ERROR: "error"}


def control(domain):
    """The state of the control interface, and for how many ms it has been in it"""
    state, _details, milliseconds = domain.controlInfo()
    return CONTROL[state], milliseconds


class Vdsm(Poller):
    """Its conclusion is *unresponsive* if the statistics take it too long, and
    *control error* for a guest that it could not talk to any more."""

    interval = 0.3
    LIMIT = 2   # seconds; it samples every 15, and must not be held up by one guest

    def __init__(self, host, name):
        super().__init__(host, name)
        self.fields = []    # how many each sample had of the guest, 0 if it was not there
        self.control = []

    def ask(self):
        found = [stats for domain, stats in self.conn.getAllDomainStats(0, NOWAIT)
                 if domain.name() == self.name]
        self.fields.append(len(found[0]) if found else 0)
        if self.slowest > self.LIMIT:
            return "unresponsive"
        try:
            state, _ = control(self.conn.lookupByName(self.name))
        except libvirt.libvirtError as error:
            # It is not here, or not running.
            if error.get_error_code() not in (libvirt.VIR_ERR_NO_DOMAIN,
                                              libvirt.VIR_ERR_OPERATION_INVALID):
                raise
            return None
        self.control.append(state)
        return "control error" if state == "error" else None
