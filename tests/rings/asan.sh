# SPDX-License-Identifier: Apache-2.0
# The unit and bpf programs under AddressSanitizer and UBSan, and the daemon under a minute of mixed load.
# shellcheck shell=bash disable=SC2034,SC2154
asan_packages=(bpftool)
asan_build=(asan)

ring_asan() {
  ring_build "${asan_build[@]}" || return 0
  local options=("ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1" "UBSAN_OPTIONS=print_stacktrace=1")
  sanitized_programs asan unit "${options[@]}"
  sanitized_programs asan bpf "${options[@]}"
  sanitized_daemon asan
}

# sanitized_programs PRESET unit|bpf VAR=VALUE...
sanitized_programs() {
  local preset=$1 kind=$2 target
  shift 2
  if [[ $kind == bpf && ! -r /sys/kernel/btf/vmlinux ]]; then
    ring_skip "bpf under $preset" "no BTF: /sys/kernel/btf/vmlinux is not readable"
    return 0
  fi
  for target in $(gtest_targets "build/$preset" "$kind"); do
    run_gtest "$AMBIT_ROOT/build/$preset/$target" 1800 "$@"
  done
}

# sanitized_daemon PRESET: the soak of ring long, short.
sanitized_daemon() {
  ring_build release || return 0 # the programs that make the load
  AMBIT_SOAK_SECONDS=60 run_lines "soak.$1" "$1-soak" 600 tests/long/soak/run.sh "$AMBIT_ROOT/build/release" "$1"
}
