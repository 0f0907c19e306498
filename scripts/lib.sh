# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What the shell scripts share; to be sourced. Sets
#   top   the repository
#   work  its one ignored folder: source, trees, builds, caches, logs
#   set   the folder of the libvirt in use: trees and builds lie in
#         $set/stock and $set/series as `tree` and `build`, so that a build
#         finds its tree by the same relative path and shares ccache's cache.
#         It is $work for the libvirt of this Debian release, and a folder of
#         its own below that for each $SERIES_SOURCE (a tarball or a tree).
#         For another Debian release $work is a folder of its own (in-release).
#
# The functions return 1 after a message on standard error, and do not depend
# on `set -e`, which the shell ignores left of `||`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$top/.work
export PYTHONDONTWRITEBYTECODE=1

# Who made the trees in the work folder does not matter; git would refuse to
# look at another user's.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# find_release NAME: the version of libvirt of the release of Debian with this number or
# code name, or that has this libvirt.
find_release() {
    local file
    for file in "$top"/releases/*/source; do
        case $1 in
        "$(basename "$(dirname "$file")")" | "$(source_field "$file" debian)" | \
        "$(source_field "$file" suite)")
            basename "$(dirname "$file")"
            return 0 ;;
        esac
    done
    echo "no release $1; there are: $(sed -n 's/^debian //p' "$top"/releases/*/source | xargs)" >&2
    return 1
}

# source_of VERSION FIELD: what releases/VERSION/source says.
source_of() {
    source_field "$top/releases/$1/source" "$2"
}

source_field() {
    sed -n "s/^$2 //p" "$1"
}

# machine_debian: the number of this machine's release of Debian; nothing if it is another
# system.
machine_debian() {
    sed -n 's/^ID=debian$/debian/p; s/^VERSION_ID="\([0-9]*\)"$/\1/p' /etc/os-release 2>/dev/null |
        sort -r | xargs | sed -n 's/^debian //p'
}

# machine_release: the version of libvirt of this machine's release of Debian.
machine_release() {
    local debian
    debian=$(machine_debian)
    [ -n "$debian" ] || { echo "not a Debian system: give --source PATH" >&2; return 1; }
    find_release "$debian"
}

# package_sites: the sites that the system's apt has this release of Debian from. The `$`
# is apt's.
package_sites() {
    local sites
    sites=$(known_sites)
    # apt tells only those whose lists it has.
    if [ -z "$sites" ] && [ "$(id -u)" -eq 0 ]; then
        apt_update >&2 && sites=$(known_sites)
    fi
    [ -n "$sites" ] || { echo "apt knows no package site with a component main" >&2; return 1; }
    echo "$sites"
}

# shellcheck disable=SC2016
known_sites() {
    apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 'Component: main' |
        sort -u | awk '$2 !~ /-/ { print $1 }'
}

# enter_release ARGUMENT...: for `--release DEBIAN` among the arguments of this script run
# it on that release of Debian, without this option. It must come before anything else.
enter_release() {
    local release='' args=()
    while [ $# -gt 0 ]; do
        case $1 in
        --release) release=${2:?--release needs a release of Debian}; shift 2 ;;
        --release=*) release=${1#*=}; shift ;;
        *) args+=("$1"); shift ;;
        esac
    done
    [ -z "$release" ] || exec "$top/scripts/in-release" "$release" \
        ${SERIES_SOURCE:+--bind "$SERIES_SOURCE"} ${SERIES_COUNTS:+--bind "$SERIES_COUNTS"} -- "$(realpath "$0")" "${args[@]}"
}

# use_source [PATH]: choose the libvirt to work on, by default $SERIES_SOURCE.
# shellcheck disable=SC2120
use_source() {
    local source=${1:-${SERIES_SOURCE:-}}
    set=$work
    [ -n "$source" ] || return 0
    [ -e "$source" ] || { echo "no such source: $source" >&2; return 1; }
    SERIES_SOURCE=$(realpath "$source")
    export SERIES_SOURCE
    set=$work/source-$(basename "$SERIES_SOURCE")-$(printf %s "$SERIES_SOURCE" | cksum | cut -d' ' -f1)
}
# shellcheck disable=SC2119
use_source || exit 1

# take_lock: one script at a time makes trees and builds; released when this
# script ends. Scripts called by this one do not wait for it.
take_lock() {
    [ -z "${SERIES_LOCKED:-}" ] || return 0
    mkdir -p "$work" && exec 9>"$work/lock" || return 1
    if ! flock --nonblock 9; then
        echo "waiting for another script that uses $work" >&2
        flock 9 || return 1
    fi
    export SERIES_LOCKED=1
}

# run_child COMMAND...: run the command such that an interrupt of this script
# ends the command first, which a shell by itself does not see to. The command
# is a process group of its own, without standard input. Returns its status.
run_child() {
    local status=0 traps child
    traps=$(trap -p INT TERM)
    start_child "$@" </dev/null
    wait "$child" || status=$?
    trap - INT TERM
    eval "$traps"
    return $status
}

# start_child COMMAND...: for run_child and run_shown: start the command, set
# child to its process and process group, and have INT and TERM end it.
start_child() {
    local signal
    set -m
    "$@" 9>&- &
    child=$!
    set +m
    for signal in INT TERM; do
        # shellcheck disable=SC2064
        trap "trap '' INT TERM; kill -TERM -- -$child 2>/dev/null || true; wait $child || true
              trap - INT TERM; $traps
              kill -$signal \$\$" "$signal"
    done
}

# run_shown TITLE LOG COMMAND...: as run_child, with the output in LOG, showing
# how it gets on: on a terminal one line with its last words, else a line now
# and then.
run_shown() {
    local title=$1 log=$2 start=$SECONDS next=$((SECONDS + 30)) status=0 traps child last
    shift 2
    mkdir -p "$(dirname "$log")" || return 1
    traps=$(trap -p INT TERM)
    start_child "$@" >"$log" 2>&1 </dev/null
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.2
        # shellcheck disable=SC2016
        last=$(tail -c 400 "$log" | tr '\r' '\n' | sed -n '/./h; ${x; p}')
        if [ -t 2 ]; then
            printf '\r\033[K%.*s' "$(($(tput cols 2>/dev/null || echo 80) - 1))" \
                   "$title: $((SECONDS - start)) s  $last" >&2
        elif [ $SECONDS -ge $next ]; then
            next=$((SECONDS + 30))
            printf '%s: %s s  %.100s\n' "$title" $((SECONDS - start)) "$last" >&2
        fi
    done
    wait "$child" || status=$?
    trap - INT TERM
    eval "$traps"
    [ ! -t 2 ] || printf '\r\033[K' >&2
    if [ $status -eq 0 ]; then
        echo "$title: $((SECONDS - start)) s" >&2
    else
        echo "$title: FAILED (exit status $status), log: $log" >&2
        tail -n 15 "$log" | sed 's/^/    /' >&2
    fi
    return $status
}

# packages_of GROUP: the Debian packages of a group of build-aux/packages.
packages_of() {
    local word
    grep -q "^$1:" "$top/build-aux/packages" ||
        { echo "build-aux/packages has no group $1" >&2; return 1; }
    # shellcheck disable=SC2013
    for word in $(sed -n "s/^$1://p" "$top/build-aux/packages"); do
        case $word in
        @*) packages_of "${word#@}" || return 1 ;;
        *) echo "$word" ;;
        esac
    done | sort -u
}

# need_packages GROUP: make sure that the group's packages are installed.
need_packages() {
    local all
    all=$(packages_of "$1") || return 1
    # shellcheck disable=SC2086
    have_packages $all
}

# have_packages PACKAGE...: make sure that they are installed: install what is
# missing as root, else say what to install.
have_packages() {
    local installed missing
    if ! command -v dpkg-query >/dev/null; then
        echo "not a Debian system; what these packages hold must be there: $*" >&2
        return 0
    fi
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
                sed -n 's/^installed //p' | sort -u)
    missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) <(echo "$installed") | xargs)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "packages are missing; as root:" >&2
        echo "  apt-get install -y --no-install-recommends $missing" >&2
        return 1
    fi
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
        apt_update || return 1
        # shellcheck disable=SC2086
        apt_install $missing
        return
    fi
    # Known packages may have moved on since the lists were fetched.
    # shellcheck disable=SC2086
    apt_install $missing || { apt_update && apt_install $missing; }
}

apt_update() {
    run_shown "apt-get update" "$work/log/apt-update.log" \
        apt-get -o DPkg::Lock::Timeout=600 update
}

apt_install() {
    run_shown "installing $# packages" "$work/log/apt-install.log" \
        env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"
}

# local_identity: commits that never leave the work folder need no user. What
# git's configuration or environment tells goes first, but not that of a repository.
local_identity() {
    local who
    for who in AUTHOR COMMITTER; do
        git -C / -c user.useConfigOnly=true var GIT_${who}_IDENT >/dev/null 2>&1 && continue
        export "GIT_${who}_NAME=Local Build" "GIT_${who}_EMAIL=local-build@invalid"
    done
}

# copy_tree FROM TO: a copy of a checkout that is the user's own.
copy_tree() {
    rm -rf "$2" && mkdir -p "$(dirname "$2")" &&
        cp -a --no-preserve=ownership "$1" "$2"
}

# import_commits FROM TO: make the commits of the checkout FROM above stock
# known to the checkout TO, as FETCH_HEAD. By a file, since a git that fetches
# from a folder asks again whose it is.
import_commits() {
    local base bundle status=0
    base=$(git -C "$set/stock/tree" rev-parse HEAD) || return 1
    bundle=$(mktemp) || return 1
    git -C "$1" bundle create --quiet "$bundle" "$base..HEAD" &&
        git -C "$2" -c gc.auto=0 fetch --quiet --force "$bundle" HEAD || status=$?
    rm "$bundle"
    return $status
}

# steps_key: a word that changes when the steps, what applies them or the
# pristine tree does.
steps_key() {
    { git -C "$set/stock/tree" rev-parse 'HEAD^{tree}' &&
          find "$top/src" "$top"/releases/*/sites "$top/build-aux/libvirt-macros.h" "$top/scripts/apply" \
               "$top/scripts/series" -type f ! -name '*.pyc' -print0 | sort -z |
          xargs -0 sha256sum
    } | sha256sum | cut -d' ' -f1
}

# put_series_tree FROM [KEY]: have the series' tree be as the checkout FROM, which
# has the steps applied as they are, or as they were when steps_key said KEY. Files
# that come out the same keep their time.
put_series_tree() {
    local tree=$set/series/tree
    if [ -d "$tree" ] && git -C "$tree" merge-base --is-ancestor \
            "$(git -C "$set/stock/tree" rev-parse HEAD)" HEAD 2>/dev/null; then
        import_commits "$1" "$tree" &&
            git -C "$tree" reset --quiet --hard FETCH_HEAD &&
            git -C "$tree" clean -fdq || return 1
    else
        copy_tree "$1" "$tree" || return 1
    fi
    echo "${2:-$(steps_key)} $(git -C "$tree" rev-parse HEAD)" >"$set/series/steps"
}

# ensure_source: the pristine tree is there; sets TREE.
ensure_source() {
    run_child "$top/scripts/fetch" || return 1
    TREE=$set/stock/tree
}

# ensure_build stock|series [--sanitize KIND | --no-tests | --targets LIST]: the build is
# there and up to date; sets TREE and BUILD.
ensure_build() {
    run_child "$top/scripts/build" "$@" || return 1
    TREE=$set/$1/tree
    BUILD=$set/$1/build
    [ "${2:-}" != --sanitize ] || BUILD+=-$3
}

# configure_ours BUILD OPTION...: BUILD is configured to build our own programs and
# their tests. A folder that an earlier state configured without them is made anew.
configure_ours() {
    local build=$1
    shift
    # Newer versions of meson write a line for each field.
    ! grep -qz '"name": "tests",[[:space:]]*"value": true' \
        "$build/meson-info/intro-buildoptions.json" 2>/dev/null || return 0
    rm -rf "$build" && meson setup "$build" "$top" -Dtests=true "$@"
}
