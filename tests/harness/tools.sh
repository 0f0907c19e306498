# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Sourced by scripts/demo and conftest.py: what runs outside libvirt.

# ensure_tools WORK
#
# Builds our C programs, fetches the guest's kernel and packs its initramfs, as
# far as they are not there. Sets TOOLS to the folder that holds them. Says
# what failed, with the log, and returns 1 on failure. Needs scripts/lib.sh.
ensure_tools() {
    local work=$1 top log
    top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    TOOLS=$work/tools
    log=$work/log/tools.log
    mkdir -p "$TOOLS" "$work/log"

    if ! {
        configure_ours "$work/build/tools" && ninja -C "$work/build/tools"
    } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "cannot build our tools; log $log" >&2
        return 1
    fi
    ln -sf "$work/build/tools/tools/virt-jobstorm" "$TOOLS/virt-jobstorm"
    ln -sf "$work/build/tools/tests/guest/check-disk" "$TOOLS/check-disk"
    ln -sf "$work/build/tools/tests/guest/odd-qemu" "$TOOLS/odd-qemu"
    ln -sf "$work/build/tools/tests/guest/tell-shutdown" "$TOOLS/tell-shutdown"
    ln -sf "$work/build/tools/tests/guest/bare/bare-guest" "$TOOLS/bare-guest"

    "$top/tests/guest/fetch-kernel" "$work/guest" || return 1
    ln -sf "$work/guest/vmlinuz" "$TOOLS/vmlinuz"
    "$top/tests/harness/fetch-exporter" "$work/exporter" || return 1
    ln -sf "$work/exporter/prometheus-libvirt-exporter" "$TOOLS/prometheus-libvirt-exporter"
    "$top/tests/guest/make-initramfs" "$work/build/tools/tests/guest/guest-init" \
        "$work/guest/modules" "$TOOLS/initramfs"
}
