# SPDX-License-Identifier: LGPL-2.1-or-later
"""The repository's own files (build-aux/lint)"""

from conftest import TOP

ORDER = "lint"


def test_lint(logged, series, tell):
    tell(logged(TOP / "build-aux/lint", "--stock", series.tree("stock"))[-1])
