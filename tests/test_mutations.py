# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the job engine are broken one by one: the test must notice
(harness/mutations.py)."""

from pathlib import Path

import pytest

from conftest import TOP, TESTS
from harness.mutations import Bench, Mutation, SeriesError, Sketch

ORDER = "mutations"
MUTATIONS = sorted(path.name for path in (TESTS / "mutations").iterdir())


@pytest.mark.release
@pytest.mark.other
def test_mutations_fit(series, tell):
    """Without building or running anything"""
    faults = []
    for name in MUTATIONS:
        try:
            Mutation(TESTS / "mutations" / name).apply(Sketch(series.tree("series")))
        except SeriesError as error:
            faults.append(f"{name}: {error}")
    if faults or not MUTATIONS:
        pytest.fail("; ".join(faults) or "no mutation", pytrace=False)
    tell(f"{len(MUTATIONS)} mutations fit")


@pytest.fixture(scope="module")
def bench(series):
    """The copy of the tree with its build, and the cases of the test"""
    made = Bench(series.set / "mutate", series.tree("series"), Path(series.logs, "mutate"),
                 Path(series.work, "ccache"))
    series.shell(f"{TOP}/scripts/build --tree {made.tree.path} --out {made.build}")
    cases = made.verdicts("unchanged")
    for case, passed in cases.items():
        assert passed, f"`{case}` fails without any mutation; log {made.logs}/unchanged.log"
    return made, list(cases)


@pytest.mark.mutate
@pytest.mark.xdist_group("mutate")
@pytest.mark.parametrize("name", MUTATIONS)
def test_mutate(bench, name, tell):
    made, cases = bench
    try:
        told, fault = made.mutate(Mutation(TESTS / "mutations" / name), cases), None
    except SeriesError as error:
        fault = f"{error}; log {made.logs}/{name}.log"
    if fault:
        pytest.fail(fault, pytrace=False)
    tell(told)
