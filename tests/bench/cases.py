# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the benchmark share: how they fail."""

class Failure(Exception):
    """What is tested does not do what it must."""


def check(condition, why):
    if not condition:
        raise Failure(why)


def equal(found, wanted, what=""):
    check(found == wanted, f"{what + ': ' if what else ''}{found!r}, not {wanted!r}")
