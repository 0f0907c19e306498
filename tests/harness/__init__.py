# SPDX-License-Identifier: LGPL-2.1-or-later
"""Isolated libvirt hosts on one machine, and guests that check themselves."""

import gc

# python3-libvirt asks for the error of a call that failed after it has begun to make the
# exception. A collection in between may free a domain or a connection, and that resets
# the error of the thread: an exception with neither libvirt's code nor its message. What
# runs the harness is short-lived, and reference counts free all but cycles.
gc.disable()
