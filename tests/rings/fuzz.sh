# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets tests/fuzz -> fuzz_NAME, each for a short time on its kept corpus.
# shellcheck shell=bash disable=SC2034
fuzz_packages=(libclang-rt-14-dev)

ring_fuzz() { fuzz_for "${AMBIT_FUZZ_SECONDS:-20}"; }

# fuzz_for SECONDS: each target for so long.
fuzz_for() {
  local target name log corpus seconds=$1
  local source wanted=()
  for source in tests/fuzz/fuzz_*.cpp; do wanted+=(--target "$(basename "$source" .cpp)"); done
  ring_build fuzz "${wanted[@]}" || return 0
  mapfile -t targets < <(gtest_targets build/fuzz fuzz)
  if ((${#targets[@]} == 0)); then
    ring_skip fuzz "no fuzz targets are built"
    return 0
  fi
  for target in "${targets[@]}"; do
    name=$(basename "$target")
    log=$AMBIT_LOGS/fuzz-$name.log
    corpus=build/fuzz/corpus/$name
    mkdir -p "$corpus"
    local seeds=()
    [[ -d tests/fuzz/corpus/${name#fuzz_} ]] && seeds=("tests/fuzz/corpus/${name#fuzz_}")
    if (cd "$AMBIT_ROOT" && timeout -k 10 $((seconds + 120)) "build/fuzz/$target" -max_total_time="$seconds" -print_final_stats=1 \
      -artifact_prefix="build/fuzz/$name-" "$corpus" "${seeds[@]}") >"$log" 2>&1; then
      ring_pass "$name"
      say "   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
    else
      ring_fail "$name" "see build/logs/fuzz-$name.log"
      tail -n 20 "$log" | sed 's/^/    /'
    fi
  done
}
