# SPDX-License-Identifier: Apache-2.0
# Ring mutate (tests/mutate): each program of the kernel half emptied in turn, with every hook candidate that uses it; fails where no
# test turns red. Takes long: AMBIT_MUTATE="call__* cgroup__connect4" chooses programs.
# shellcheck shell=bash disable=SC2034,SC2154
mutate_packages=(bpftool python3)

ring_mutate() {
  ring_build release || return 0
  local log=$AMBIT_LOGS/mutate.log status=0 before=$failed
  PYTHONPATH=tests/mutate timeout -k 30 14400 /usr/bin/python3 tests/mutate/run.py --build build/release \
    --programs "${AMBIT_MUTATE:-*}" 2>&1 </dev/null | tee "$log" | grep -vE '^(PASS|SKIP) ' || status=$?
  status=${PIPESTATUS[0]}
  take_lines "$log"
  if ((status != 0 && failed == before)); then ring_fail mutate "ended with status $status, see build/logs/mutate.log"; fi
}
