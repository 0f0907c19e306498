# SPDX-License-Identifier: LGPL-2.1-or-later
"""Isolated libvirt hosts on one machine, and guests that check themselves."""
