# SPDX-License-Identifier: Apache-2.0
# GoogleTest programs that need nothing of the machine: tests/unit/NAME -> unit_NAME.
# shellcheck shell=bash disable=SC2034
unit_packages=(zsh fish) # their completion scripts are read by them

ring_unit() {
  ring_build release || return 0
  local target
  for target in $(gtest_targets build/release unit); do
    run_gtest "$AMBIT_ROOT/build/release/$target" 300
  done
}
