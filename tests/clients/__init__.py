# SPDX-License-Identifier: LGPL-2.1-or-later
"""What well-known users of libvirt ask while a guest migrates, and what they conclude.

Each module is one of them in our own words, no code of theirs: the calls that it makes,
how often, and how it decides. docs/clients.md says where that was read. A client is a
thread on a connection of its own (poller.Poller); its conclusion is a word.
"""
