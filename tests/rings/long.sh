# SPDX-License-Identifier: Apache-2.0
# tests/long/NAME/run.sh BUILD_DIR: what takes minutes or fetches much. Each prints PASS, FAIL and SKIP lines. And ten million
# cases of the differential test, ten minutes for each fuzz target, the bpf programs under ThreadSanitizer.
# shellcheck shell=bash disable=SC2034,SC2154
long_packages=(libclang-rt-14-dev debootstrap systemd systemd-container util-linux)

ring_long() {
  ring_build release || return 0
  run_scripts long 3600
  run_gtest "$AMBIT_ROOT/build/release/tests/unit_engine" 3600 AMBIT_DIFFERENTIAL_CASES=10000000 GTEST_FILTER='Differential.*'
  fuzz_for "${AMBIT_FUZZ_SECONDS:-600}"
  ring_build tsan || return 0
  sanitized_programs tsan bpf "${tsan_options[@]}"
}
