# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each semantic patch, on a small file of our own.

The patch src/GROUP/STEP/RULE.cocci is run on GROUP/STEP/RULE.c in tests/steps, and
must turn it into GROUP/STEP/RULE.expected: each of its rules matches, and what only
looks like its aim stays. RULE.h, if there is one, becomes RULE.h.expected. A patch that
removes nothing may do without, if the file `insert-only` lists it (build-aux/lint sees to
that). Where the patch differs between releases, the test is run for each, and its files may
hold text by version as well. With --write what comes out is kept as what is expected;
`git diff` shows it.
"""

import difflib
import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

from series.releases import known_versions, read_for, varies
from series.spatch import Coccinelle, rule_names
from series.steps import Cocci
from series.tree import SeriesError, Tree

ORDER = 'rules'
TOP = Path(__file__).absolute().parent.parent
HERE = TOP / 'tests/steps'
RULES = sorted(str(path.relative_to(HERE))[:-2] for path in HERE.glob('*/*/*.c'))


class Fault(Exception):
    """Why a test has failed."""


def transformed(coccinelle, cocci, sources, version):
    """What @cocci makes of the files @sources for libvirt @version. Raise Fault unless each of its
    rules matches in one of them, but for those which may miss in libvirt, too."""
    texts, matched = {}, set()
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        for source in sources:
            (Path(folder) / source.name).write_text(read_for(source, version), 'latin-1')
        cocci = cocci.expanded(tree, [source.name for source in sources])
        for source in sources:
            blind = coccinelle.blind_spots(tree, source.name)
            if blind:
                raise Fault(f'{source.name}: {blind[0][0]}')
            changed, _, rules = coccinelle.run(cocci, tree, [source.name])
            matched |= rules
            texts[source] = changed.get(source.name, read_for(source, version))
    idle = set(rule_names(cocci.text)) - matched - set(cocci.may_miss)
    if idle:
        raise Fault(f'matched nothing: {" ".join(sorted(idle))}')
    return texts


@pytest.fixture(scope='module')
def coccinelle():
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, 'w', encoding='utf-8') as log:
        yield Coccinelle(log, folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize('rule', RULES)
def test_rules(coccinelle, rule, request):
    fault = None
    try:
        run(coccinelle, rule, request.config.option.write)
    except (Fault, SeriesError) as error:
        fault = str(error)
    if fault:
        pytest.fail(fault, pytrace=False)


def run(coccinelle, rule, write):
    """Run the test of the patch @rule, `GROUP/STEP/RULE`. Raise Fault if it fails."""
    cocci = TOP / 'src' / f'{rule}.cocci'
    if not cocci.is_file():
        raise Fault(f'there is no src/{rule}.cocci')
    sources = [path for path in (HERE / f'{rule}.c', HERE / f'{rule}.h') if path.is_file()]
    expected = {source: Path(str(source).removesuffix('.c') + '.expected') for source in sources}
    files = [cocci, *sources, *filter(Path.is_file, expected.values())]
    versions = known_versions(TOP / 'src')
    if not any(varies(path.read_text('latin-1')) for path in files):
        versions = versions[:1]
    for version in versions:
        # Where nothing is left of it for a release the step does without.
        if not re.search('^@', read_for(cocci, version), re.M):
            continue
        for source, new in transformed(coccinelle, Cocci(cocci, version), sources, version).items():
            compare(new, expected[source], version, write)
    if not versions:
        raise Fault('no release is known (releases/VERSION)')


def compare(new, expected, version, write):
    """Raise Fault unless @new is what is @expected, or write that."""
    if write and expected.is_file() and varies(expected.read_text('latin-1')):
        print(f'{expected.name} has text by version: it is not written', file=sys.stderr)
    elif write:
        expected.write_text(new, 'latin-1')
    if not expected.is_file():
        raise Fault(f'no {expected.name}: look at what --write writes')
    diff = list(difflib.unified_diff(read_for(expected, version).splitlines(),
                                     new.splitlines(), expected.name,
                                     f'now, for {version}', lineterm=''))
    if diff:
        raise Fault('\n'.join(['another result', *diff]))
