# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the benchmark share: cases and how they fail."""

CASES = []


class Failure(Exception):
    """What is tested does not do what it must."""


class Skip(Exception):
    """The case cannot be run here, for the reason given."""


def case(function):
    """Makes a function that takes a folder of its own a case."""
    CASES.append(function)
    return function


def check(condition, why):
    if not condition:
        raise Failure(why)


def equal(found, wanted, what=""):
    check(found == wanted, f"{what + ': ' if what else ''}{found!r}, not {wanted!r}")
