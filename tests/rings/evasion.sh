# SPDX-License-Identifier: Apache-2.0
# The evasion suite (tests/evasion): every technique of its table is done for real, with the daemon watching.
# shellcheck shell=bash disable=SC2034,SC2154
evasion_packages=(xfsprogs iproute2)

ring_evasion() {
  ring_build release || return 0
  local before=$failed
  run_lines evasion evasion 600 env PYTHONPATH=tests /usr/bin/python3 tests/evasion/run.py --build build/release \
    --out build/evasion/table.md --readme README.md
  if ((failed == before)); then cat build/evasion/table.md; fi
}
