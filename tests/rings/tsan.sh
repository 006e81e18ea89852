# SPDX-License-Identifier: Apache-2.0
# The unit and bpf programs under ThreadSanitizer.
# shellcheck shell=bash disable=SC2034
tsan_packages=(util-linux)

ring_tsan() {
  ring_build tsan || return 0
  # GCC 12's TSan cannot place its shadow where kernels randomise with 32 bits: no address randomisation for these runs.
  sanitized_programs tsan "TSAN_OPTIONS=halt_on_error=0:exitcode=66:suppressions=$AMBIT_ROOT/tests/lib/tsan.supp" setarch "$(uname -m)" -R
}
