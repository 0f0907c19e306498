# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which calls are answered in each phase of a migration, and in each stretch of the other
async jobs, on stock libvirt and with the series (harness/availability.py): the series must
not do worse. Measured for both at once."""

import pytest

from harness import availability, phases

ORDER = "availability"
CASES = [(kind, phase) for kind in (*phases.KINDS, availability.JOBS)
         for phase in availability.parts_of(kind)]


@pytest.fixture(scope="session")
def measured(series, request):
    """A function that returns what was measured of a kind, when first asked for it: all
    phases that are asked for in this run, at once."""
    wanted = {}
    for item in request.session.items:
        if item.module.__name__ == __name__:
            case = item.callspec.params
            wanted.setdefault(case["kind"], []).append(case["phase"])
    series.prepare()
    found = availability.Availability({"stock": series.stock_build, "series": series.build},
                                      series.tools, series.work)

    def measure(kind):
        if kind not in found.units:
            found.measure(kind, wanted[kind])
        return found
    yield measure
    if found.units:
        found.write(wanted, series.option.markdown, series.option.json)


@pytest.mark.alone
@pytest.mark.release
@pytest.mark.xdist_group("availability")
@pytest.mark.parametrize("kind, phase", [
    pytest.param(kind, phase, id=f"{kind}/{phase}",
                 marks=() if phase in availability.MAIN.get(kind, ()) else pytest.mark.slow)
    for kind, phase in CASES])
def test_availability(kind, phase, measured, tell):
    reason = availability.unable(kind)
    if reason:
        pytest.skip(reason)
    found = measured(kind)
    reason = found.missing(kind, phase)
    if reason:
        pytest.skip(reason)
    worse, told = found.judge(kind, phase)
    if worse:
        pytest.fail(f"{worse}; logs {found.folder}", pytrace=False)
    tell(told)
