# SPDX-License-Identifier: Apache-2.0
# Ring vm: Debian kernels in QEMU. It holds no tests yet and says so.
# shellcheck shell=bash disable=SC2034
vm_packages=()

ring_vm() { ring_skip vm "this ring holds no tests yet"; }
