# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job: migrations back and forth under query loops (scripts/demo)"""

import pytest

from conftest import TOP

ORDER = "demo"


def demo(series, logged, *options):
    said = logged(TOP / "scripts/demo", "--build", series.built("series"), *options)
    assert said[-1] == "demo: ok", "does not end in `demo: ok`"


@pytest.mark.release
def test_demo(series, logged):
    demo(series, logged, "--rounds", "3")


@pytest.mark.soak
@pytest.mark.alone
@pytest.mark.timeout(4 * 3600)
def test_soak(series, logged):
    demo(series, logged, "--alone", "--rounds", "100", "--clients", "8", "--storm", "--held", "0")
