# SPDX-License-Identifier: Apache-2.0
# tests/bench: what the daemon costs. Smoke mode proves that every figure can be taken; the full run gives honest ones.
# shellcheck shell=bash disable=SC2034,SC2154
bench_packages=("${SERVER_PACKAGES[@]}" "${VM_PACKAGES[@]}" valgrind)

ring_bench() {
  ring_build release || return 0
  local log=$AMBIT_LOGS/bench.log status=0 before=$failed
  make_venv "$AMBIT_ROOT/build/fixtures/llama/venv" "$AMBIT_ROOT/tests/fixtures/servers/llama/requirements.txt" || {
    ring_skip bench "the model server could not be installed from PyPI"
    return 0
  }
  timeout -k 30 1800 python3 tests/bench/run.py --build build/release --mode "$bench_mode" 2>&1 </dev/null | tee "$log" | grep -vE '^(PASS|SKIP) ' || status=$?
  status=${PIPESTATUS[0]}
  take_lines "$log"
  if ((status != 0 && failed == before)); then ring_fail bench "ended with status $status, see build/logs/bench.log"; fi
}
