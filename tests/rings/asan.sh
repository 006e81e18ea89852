# SPDX-License-Identifier: Apache-2.0
# The unit and bpf programs under AddressSanitizer and UBSan.
# shellcheck shell=bash disable=SC2034
asan_packages=()

ring_asan() {
  ring_build asan || return 0
  sanitized_programs asan "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1" \
    "UBSAN_OPTIONS=print_stacktrace=1"
}

# sanitized_programs PRESET VAR=VALUE...
sanitized_programs() {
  local preset=$1 target
  shift
  for target in $(gtest_targets "build/$preset" unit); do
    run_gtest "$AMBIT_ROOT/build/$preset/$target" 600 "$@"
  done
  if [[ ! -r /sys/kernel/btf/vmlinux ]]; then
    ring_skip "bpf under $preset" "no BTF: /sys/kernel/btf/vmlinux is not readable"
    return 0
  fi
  for target in $(bpf_programs_of "build/$preset"); do
    run_gtest "$AMBIT_ROOT/build/$preset/$target" 1800 "$@"
  done
}
