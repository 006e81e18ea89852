# SPDX-License-Identifier: Apache-2.0
# The evasion suite (tests/evasion): every technique of its table is done for real, with the daemon watching.
# shellcheck shell=bash disable=SC2034,SC2154
evasion_packages=(xfsprogs iproute2)

ring_evasion() {
  ring_build release || return 0
  local log=$AMBIT_LOGS/evasion.log status=0 before=$failed
  PYTHONPATH=tests timeout -k 30 600 /usr/bin/python3 tests/evasion/run.py --build build/release \
    --out build/evasion/table.md --readme README.md >"$log" 2>&1 </dev/null || status=$?
  take_lines "$log"
  if ((status != 0 && failed == before)); then
    ring_fail evasion "ended with status $status, see build/logs/evasion.log"
  fi
  if ((failed > before)); then tail -n 40 "$log" | sed 's/^/    /'; else cat build/evasion/table.md; fi
}
