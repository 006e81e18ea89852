# SPDX-License-Identifier: Apache-2.0
# The unit programs and the daemon under a minute of mixed load, with ThreadSanitizer. The bpf programs, which have one
# thread, are in ring long.
# shellcheck shell=bash disable=SC2034
tsan_packages=(bpftool util-linux)
tsan_build=(tsan --target unit_tests ambit)
# GCC 12's TSan cannot place its shadow where kernels randomise with 32 bits: no address randomisation for these runs.
tsan_options=("TSAN_OPTIONS=halt_on_error=0:exitcode=66:suppressions=$AMBIT_ROOT/tests/lib/tsan.supp" setarch "$(uname -m)" -R)

ring_tsan() {
  ring_build "${tsan_build[@]}" || return 0
  sanitized_programs tsan unit "${tsan_options[@]}"
  sanitized_daemon tsan
}
