# SPDX-License-Identifier: Apache-2.0
# Ring vm: Debian kernels in QEMU. tests/vm/boot.sh boots one; the ring holds no tests yet and says so.
# shellcheck shell=bash disable=SC2034
vm_packages=(qemu-system-x86 busybox-static cpio kmod xz-utils python3 iproute2 util-linux)

ring_vm() { ring_skip vm "this ring holds no tests yet"; }
