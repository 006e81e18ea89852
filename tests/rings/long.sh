# SPDX-License-Identifier: Apache-2.0
# tests/long/NAME/run.sh BUILD_DIR: what takes minutes or fetches much. Each prints PASS, FAIL and SKIP lines. And the bpf
# programs under ThreadSanitizer.
# shellcheck shell=bash disable=SC2034,SC2154
long_packages=(debootstrap systemd systemd-container util-linux)

ring_long() {
  ring_build release || return 0
  run_scripts long 3600
  ring_build tsan || return 0
  sanitized_programs tsan bpf "${tsan_options[@]}"
}
