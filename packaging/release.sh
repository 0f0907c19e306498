# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# To be sourced after scripts/lib.sh: a release of Debian, and where its packages are.

# use_release [NAME]: set release, suite, and version, that of its libvirt; by default those
# of this machine.
use_release() {
    local name=${1:-$(machine_debian)}
    version=$(find_release "$name") || return 1
    release=$(source_of "$version" debian)
    suite=$(source_of "$version" suite)
}

# sites: Debian's sites that the system's apt is configured for, with updates and security,
# for the release in use. The `$` is apt's.
# shellcheck disable=SC2016
sites() {
    local here
    here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    apt-get indextargets --format 'deb $(SITE) $(RELEASE) main' \
        'Created-By: Packages' 'Component: main' 'Origin: Debian' |
        sed "s/ $here/ $suite/" | sort -u | grep . || {
            echo "apt knows no site of Debian's packages" >&2; return 1; }
}
