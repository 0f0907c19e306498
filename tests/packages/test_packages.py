# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's packages with the series: their version, their patches, and what becomes of a
host and its guests when they are installed and taken back."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / 'tests'))

from packages.in_roots import CASES  # noqa: E402

GROUP = 'packages'
HERE = TOP / 'tests' / 'packages'
WORK = TOP / '.work'
# Those that scripts/test runs if packages have been built: 5 minutes on two processors
QUICK = {'check', 'purge', 'two-hosts', 'upgrade/migrate-p2p', 'take-back/migrate-p2p',
         'upgrade/backup-pull', 'take-back/save'}


def run(*command, **settings):
    """The output of a command, whose failure is the test's."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **settings)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode:
        pytest.fail(f'{Path(str(command[0])).name}: {"; ".join(lines[-3:])}', pytrace=False)
    return done.stdout


def shell(text):
    return run('bash', '-c', f'. "{TOP}/scripts/lib.sh"\n{text}').strip()


@pytest.fixture(scope='module')
def number(request):
    """The release of Debian whose packages are tested"""
    return request.config.getoption('release', None) or \
        shell('. "$top/packaging/release.sh"; use_release && echo $release')


@pytest.fixture(scope='module')
def packages(request, number):
    """The folder of the release's packages; built with --full, else an earlier build's"""
    folder = WORK / 'packages' / number
    script = TOP / 'scripts' / 'package'
    if not request.config.getoption('full', False) \
            and subprocess.run([script, '--release', number, '--is-built'], check=False).returncode:
        pytest.skip(f'scripts/package --release {number} has not built the packages of this state')
    run(script, '--release', number)
    return folder


@pytest.fixture(scope='module')
def source(number):
    """The folder with the tree of Debian's patches and the series, and with debian/"""
    run(TOP / 'scripts' / 'package', '--release', number, '--source-only')
    return WORK / 'packages' / number


@pytest.mark.parametrize('version, below, above', [
    ('9.0.0-4+deb12u2', '9.0.0-4+deb12u2+b1', '9.0.0-4+deb12u3'),
    ('11.3.0-3+deb13u3', '11.3.0-3+deb13u3+b2', '11.3.0-3+deb13u4'),
    ('11.3.0-3+deb13u9', '11.3.0-3+deb13u9', '11.3.0-3+deb13u10'),
    ('11.3.0-3', '11.3.0-3+b1', '11.3.0-3+deb13u1'),
    ('11.3.0-3', '11.3.0-3+b12', '11.3.0-3.1'),
    ('11.3.0-3~bpo12+1', '11.3.0-3~bpo12+1+b1', '11.3.0-3~bpo12+2'),
])
def test_version(version, below, above):
    """Our version is above what is installed and its rebuilds, and below the next one."""
    ours = run(TOP / 'scripts' / 'package', '--version', version).strip()
    assert 'iaj' in ours
    for one, other in ((version, ours), (below, ours), (ours, above)):
        run('dpkg', '--compare-versions', one, 'lt', other)


def pristine(source, folder):
    """The upstream source, unpacked below @folder"""
    tree = Path(folder) / 'tree'
    tree.mkdir()
    run('tar', '--extract', '--file', (source / 'orig').resolve(), '--directory', tree,
        '--strip-components', '1', '--no-same-owner')
    return tree


def same(tree, source):
    run('diff', '-r', '--exclude=.git', '--exclude=.pc', '--exclude=debian', tree, source / 'tree')


def test_quilt(source, tmp_path):
    """All of debian/patches, Debian's and ours, go on the upstream source without fuzz
    and make the series' tree."""
    tree = pristine(source, tmp_path)
    shutil.copytree(source / 'debian', tree / 'debian')
    env = {**os.environ, 'QUILT_PATCHES': 'debian/patches'}
    output = run('quilt', '--quiltrc=-', 'push', '-a', '--fuzz=0', cwd=tree, env=env)
    assert not any(word in output for word in ('fuzz', 'offset', 'Hunk'))
    names = (source / 'debian/patches/series').read_text().split()
    ours = [name for name in names if name.startswith('iaj/')]
    assert len(ours) > 30 and names[-len(ours):] == ours
    same(tree, source)
    for name in ours:
        header = (source / 'debian/patches' / name).read_text().partition('\n---\n')[0]
        for field in ('From: ', 'Subject: ', 'Origin: ', 'Forwarded: '):
            assert f'\n{field}' in f'\n{header}', f'{name}: no field {field}'


def test_git_am(source, tmp_path):
    """The mail goes on Debian's tree by `git am`, without a warning."""
    tree = tmp_path / 'tree'
    run('git', '-c', 'safe.directory=*', 'clone', '--quiet', '--no-local', source / 'tree', tree)
    base = run('git', '-C', tree, 'rev-list', '--max-parents=0', 'HEAD').strip()
    run(TOP / 'scripts' / 'export', source / 'tree', tmp_path / 'mail')
    run('git', '-C', tree, 'reset', '--quiet', '--hard', base)
    mail = sorted((tmp_path / 'mail').glob('*.patch'))[1:]      # the first is the letter
    run('git', '-C', tree, '-c', 'user.name=Packager', '-c', 'user.email=packager@invalid',
        'am', '--quiet', *mail)
    same(tree, source)


SPEC = """\
Name: libvirt
Version: 0
Release: 0
Summary: the sources only
License: LGPL-2.1-or-later
Source0: tree.tar
{patches}
%description
The sources only.
%prep
%autosetup -S git_am -n tree
"""


def test_autosetup(source, tmp_path):
    """The mail is what `%autosetup -S git_am` of an RPM's spec takes."""
    shell('need_packages package-test')
    base = tmp_path / 'base'
    run('git', '-c', 'safe.directory=*', 'clone', '--quiet', '--no-local', source / 'tree',
        base / 'tree')
    root = run('git', '-C', base / 'tree', 'rev-list', '--max-parents=0', 'HEAD').strip()
    run('git', '-C', base / 'tree', 'archive', '--prefix=tree/', '-o', tmp_path / 'tree.tar', root)
    run(TOP / 'scripts' / 'export', source / 'tree', tmp_path / 'mail')
    mail = sorted((tmp_path / 'mail').glob('*.patch'))[1:]
    for path in mail:
        shutil.copy(path, tmp_path)
    (tmp_path / 'libvirt.spec').write_text(SPEC.format(patches='\n'.join(
        f'Patch{n}: {path.name}' for n, path in enumerate(mail, 1))))
    run('rpmbuild', '-bp', '--nodeps', '--define', f'_sourcedir {tmp_path}', '--define',
        f'_topdir {tmp_path}/rpm', tmp_path / 'libvirt.spec')
    same(tmp_path / 'rpm/BUILD/tree', source)


@pytest.mark.release
@pytest.mark.timeout(900)
@pytest.mark.parametrize('case', [
    pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in CASES])
def test_root(case, packages, number):
    """Installed, pinned and taken back in a real root, see in_roots.py."""
    root = run(HERE / 'hosts-root', number).splitlines()[-1]
    tools = shell('. "$top/tests/harness/tools.sh"; need_packages package-test && ensure_tools "$work" '
                  '&& echo "$TOOLS"').splitlines()[-1]
    log = WORK / 'log' / 'packages' / f'{number}-{case.replace("/", "-")}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('w') as output:
        status = subprocess.run(
            [sys.executable, '-B', HERE / 'in_roots.py', case, '--root', root, '--release', number,
             '--repository', packages / 'repository', '--tools', tools, '--work', WORK],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    lines = log.read_text(errors='replace').splitlines()
    if status:
        pytest.fail(f'{lines[-1] if lines else status}; log {log}', pytrace=False)
