# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's packages with the series: their version, their patches, and what becomes of a
host and its guests when they are installed and taken back."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / 'tests'))

from packages.in_roots import CASES, TWO_DEBIANS  # noqa: E402

GROUP = 'packages'
HERE = TOP / 'tests' / 'packages'
WORK = TOP / '.work'
# Those that scripts/test runs if packages have been built: 8 minutes on two processors with
# a load of 6. All of them take 50.
QUICK = {'check', 'purge', 'two-hosts', 'upgrade/migrate-p2p', 'take-back/save'}


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


# They share the tree that scripts/package makes.
in_turn = pytest.mark.xdist_group('packages')


@pytest.fixture(scope='module')
def number(request):
    """The release of Debian whose packages are tested"""
    return request.config.getoption('release', None) or \
        shell('. "$top/packaging/release.sh"; use_release && echo $release')


def lines_of(request, number):
    """How the packages of a release are installed and so on; they are built with --full, else
    an earlier build's. For fixtures, so that it is asked once."""
    script = TOP / 'scripts' / 'package'
    if not request.config.getoption('full', False) \
            and subprocess.run([script, '--release', number, '--is-built'], check=False).returncode:
        pytest.skip(f'scripts/package --release {number} has not built the packages of this state')
    return dict(re.findall('(?m)^(install|pin|take back): +(.+)', run(script, '--release', number)))


@pytest.fixture(scope='module')
def lines(request, number):
    return lines_of(request, number)


@pytest.fixture(scope='module')
def lines_of_both(request):
    """Those of Debian 12 and of Debian 13"""
    return lines_of(request, '12'), lines_of(request, '13')


@pytest.fixture(scope='module', ids=('here', 'debian-13'),
                params=[None, pytest.param('13', marks=pytest.mark.slow)])
def source(request, number):
    """The folder with the tree of Debian's patches and the series, and with debian/"""
    number = request.param or number
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
    assert re.search(r'iaj\d+\.\d{12}$', ours)
    for one, other in ((version, ours), (below, ours), (ours, above)):
        run('dpkg', '--compare-versions', one, 'lt', other)


def test_files(tmp_path):
    """What is built on comes from the release's updates and security, too, whatever the
    machine's release; nothing is downloaded again."""
    repository = tmp_path / 'repository'
    for name in ('scripts', 'packaging', 'build-aux'):
        shutil.copytree(TOP / name, repository / name)
    folder = repository / '.work/apt/dl'
    folder.mkdir(parents=True)
    files = {'libvirt_99.orig.tar.xz': b'upstream', 'libvirt_99-3.debian.tar.xz': b'Debian'}
    sums = {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}
    for name, text in files.items():
        (folder / name).write_bytes(text)
    (repository / 'releases/99').mkdir(parents=True)
    (repository / 'releases/99/source').write_text(
        f'debian 88\nsuite next\ntarball libvirt_99.orig.tar.xz\nsize 8\n'
        f'sha256 {sums["libvirt_99.orig.tar.xz"]}\n')
    here = re.search('(?m)^VERSION_CODENAME=(.*)', Path('/etc/os-release').read_text())[1]
    targets = '\n'.join(f'deb site:/{name} {here}{suffix} main' for name, suffix in (
        ('debian', ''), ('debian', '-updates'), ('security', '-security')))
    uris = '\n'.join(f"'site:/{name}' {name} {len(files[name])} SHA256:{word}"
                     for name, word in sums.items())
    (tmp_path / 'apt-get').write_text(f"""#!/bin/sh
case "$*" in
*indextargets*'deb $'*) echo '{targets}' ;;
*indextargets*) echo 'site:/debian {here}' ;;
*source*) echo "{uris}" ;;
esac
""")
    (tmp_path / 'apt-get').chmod(0o755)
    output = run(repository / 'scripts/fetch', '--release', '88', '--packaging',
                 env={**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'})
    assert output.split()[-2:] == [str(folder / name) for name in files]
    assert (repository / '.work/apt/src.list').read_text() == \
        targets.replace('deb ', 'deb-src ').replace(here, 'next') + '\n'


def test_readme():
    """The README has the lines that scripts/package prints."""
    printed = (TOP / 'scripts/package').read_text().partition('cat <<END\ninstall: ')[2]
    commands = [' '.join(line.split(':', 1)[-1].split()).replace('$out', '.work/packages/12')
                for line in printed.partition('\nEND\n')[0].splitlines()]
    readme = (TOP / 'README.md').read_text()
    block = re.search('(?s)<!-- install: begin.*<!-- install: end -->', readme)[0]
    text = ' '.join(line for line in block.splitlines() if line.startswith('    '))
    for command in commands:
        assert command in ' '.join(text.split())
    assert len(commands) == 3


class Apt:
    """apt with one source list, and nothing of the system's."""

    def __init__(self, folder, sources):
        for name in ('lists/partial', 'archives/partial', 'preferences', 'sources'):
            (folder / name).mkdir(parents=True)
        shutil.copy(sources, folder / 'sources')
        self.options = [f'-oDir::{name}={value}' for name, value in (
            ('Etc::SourceList', '/dev/null'), ('Etc::SourceParts', folder / 'sources'),
            ('Etc::Trusted', '/dev/null'), ('Etc::TrustedParts', '/dev/null'),
            ('Etc::Preferences', '/dev/null'), ('Etc::PreferencesParts', folder / 'preferences'),
            ('State::Lists', folder / 'lists'), ('State::Status', '/dev/null'),
            ('Cache', folder))] + ['-oAPT::Sandbox::User=root']

    def __call__(self, tool, *arguments):
        return subprocess.run([tool, *self.options, *arguments], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@pytest.mark.parametrize('signed', (False, True), ids=('trusted', 'signed'))
def test_repository(signed, tmp_path):
    """apt takes packages from the repository, if it is signed only with the signature."""
    shell('need_packages package-test')
    repository, package, home = tmp_path / 'repository', tmp_path / 'package', tmp_path / 'gpg'
    repository.mkdir()
    (package / 'DEBIAN').mkdir(parents=True)
    (package / 'DEBIAN/control').write_text('Package: ours\nVersion: 1\nArchitecture: all\n'
                                            'Maintainer: us <us@invalid>\nDescription: none\n')
    run('dpkg-deb', '--build', package, repository)
    home.mkdir(mode=0o700)
    env = {**os.environ, 'GNUPGHOME': str(home)}
    if signed:
        run('gpg', '--batch', '--passphrase', '', '--quick-generate-key', 'us@invalid', 'ed25519',
            'sign', 'never', env=env)
    try:
        run(TOP / 'packaging/make-repository', repository, *['us@invalid'] * signed, env=env)
    finally:
        if signed:
            run('gpgconf', '--kill', 'all', env=env)
    sources = repository / 'libvirt-iaj.sources'
    text = sources.read_text()
    assert ('Signed-By' in text) == signed != ('Trusted: yes' in text)
    sources.write_text(text.replace('file:/var/lib/libvirt-iaj', f'file:{repository}'))
    apt = Apt(tmp_path / 'apt', sources)
    done = apt('apt-get', 'update')
    assert done.returncode == 0, done.stdout
    shutil.copy(repository / 'libvirt-iaj.pref', tmp_path / 'apt/preferences')
    assert re.search(r'1 990\n', apt('apt-cache', 'policy', 'ours').stdout)
    (repository / 'InRelease').unlink(missing_ok=True)
    done = apt('apt-get', 'update')
    assert (done.returncode != 0) == signed, done.stdout
    (repository / 'ours_1_all.deb').unlink()
    done = subprocess.run([TOP / 'packaging/make-repository', repository], capture_output=True,
                          text=True, check=False)
    assert done.returncode and 'no packages' in done.stderr


def pristine(source, folder):
    """The upstream source, unpacked below @folder"""
    tree = Path(folder) / 'tree'
    tree.mkdir()
    run('tar', '--extract', '--file', (source / 'orig').resolve(), '--directory', tree,
        '--strip-components', '1', '--no-same-owner')
    return tree


def same(tree, source):
    run('diff', '-r', '--no-dereference', '--exclude=.git', '--exclude=.pc', '--exclude=debian', tree, source / 'tree')


@in_turn
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


@in_turn
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


@in_turn
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
    # rpm 4.20 has a folder for each build.
    tree, = [path for pattern in ('tree', '*-build/tree')
             for path in (tmp_path / 'rpm/BUILD').glob(pattern)]
    same(tree, source)


@in_turn
@pytest.mark.release
@pytest.mark.timeout(900)
@pytest.mark.parametrize('case', [
    pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in CASES])
def test_root(case, lines, number):
    """Installed, pinned and taken back in a real root, see in_roots.py."""
    in_roots(case, number, lines)


@in_turn
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize('case', TWO_DEBIANS, ids=lambda case: case.partition('/')[2])
def test_two_debians(case, lines_of_both):
    """Hosts of Debian 12 and 13: QEMU 7.2 and 10.0"""
    older, newer = lines_of_both
    in_roots(case, '12', older, '--newer-root', hosts_root('13'),
             '--newer-install', newer['install'])


def hosts_root(number):
    return run(HERE / 'hosts-root', number).splitlines()[-1]


def in_roots(case, number, lines, *more):
    """Runs @case of in_roots.py on hosts of the release of Debian @number."""
    tools = shell('. "$top/tests/harness/tools.sh"; need_packages package-test && ensure_tools "$work" '
                  '&& echo "$TOOLS"').splitlines()[-1]
    log = WORK / 'log' / 'packages' / f'{number}-{case.replace("/", "-")}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('w') as output:
        status = subprocess.run(
            [sys.executable, '-B', HERE / 'in_roots.py', case, '--root', hosts_root(number),
             '--release', number, '--repository', WORK / 'packages' / number / 'repository',
             '--tools', tools, '--work', WORK, '--install', lines['install'], '--pin', lines['pin'],
             '--take-back', lines['take back'], *more],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    said = log.read_text(errors='replace').splitlines()
    if status:
        pytest.fail(f'{said[-1] if said else status}; log {log}', pytrace=False)
