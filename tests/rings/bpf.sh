# SPDX-License-Identifier: Apache-2.0
# GoogleTest programs that load the kernel half: tests/bpf/*. They need root and a kernel with BTF.
# shellcheck shell=bash disable=SC2034
bpf_packages=(bpftool)

ring_bpf() {
  ring_build release || return 0
  if [[ ! -r /sys/kernel/btf/vmlinux ]]; then
    ring_skip bpf "no BTF: /sys/kernel/btf/vmlinux is not readable"
    return 0
  fi
  local target
  for target in $(gtest_targets build/release bpf); do
    run_gtest "$AMBIT_ROOT/build/release/$target" 1200
  done
}
