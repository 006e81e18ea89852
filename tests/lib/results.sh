# SPDX-License-Identifier: Apache-2.0
# Counting: every ring reports through these, so that the last line of tests/run.sh is true.
# shellcheck shell=bash

results_begin() {
  passed=0 failed=0 skipped=0
  failures=() skips=()
  built="|"
  ahead="" presets_ahead=" "
}

ring_begin() {
  current_ring=$1
  ring_started=$SECONDS
  say "== $1"
}
ring_end() { say "   $current_ring took $((SECONDS - ring_started))s"; }

ring_required() { [[ ",${AMBIT_REQUIRE:-}," == *",$current_ring,"* || ${AMBIT_REQUIRE:-} == all ]]; }

ring_pass() { passed=$((passed + ${2:-1})); }
ring_fail() {
  failed=$((failed + 1))
  failures+=("$current_ring: $1${2:+: $2}")
  say "FAIL $1${2:+: $2}"
}
# ring_skip NAME REASON: the reason names the feature that is missing.
ring_skip() {
  if ring_required; then
    ring_fail "$1" "skipped but required: $2"
  else
    skipped=$((skipped + 1))
    skips+=("$current_ring: $1: $2")
    say "SKIP $1: $2"
  fi
}

# build_ahead RING...: what these rings need (`RING_build`: preset and targets) is built behind those that mostly wait, with
# what they leave of the processors. ring_build waits for it.
build_ahead() {
  local -a behind
  local ring
  for ring in "$@"; do
    local -n of_ring="${ring}_build"
    behind+=("${of_ring[*]}")
    presets_ahead+="${of_ring[0]} "
  done
  ((${#behind[@]})) || return 0
  rm -f "$AMBIT_LOGS"/build-*.done
  setsid tests/lib/build_ahead.sh "${behind[@]}" </dev/null &
  ahead=$!
  trap 'kill -- -"$ahead" 2>/dev/null || true' EXIT
}

# wait_for_ahead PRESET. Now that somebody waits for it, it is as important as anything.
wait_for_ahead() {
  echo 0 2>/dev/null >"/proc/$ahead/autogroup" || true
  renice -n 0 -g "$ahead" >/dev/null 2>&1 || true
  while kill -0 "$ahead" 2>/dev/null && [[ ! -e $AMBIT_LOGS/build-$1.done ]]; do sleep 1; done
}

# ring_build PRESET [--target T...]: builds that at most once a run; a failed build is one failed test.
ring_build() {
  [[ $built == *"|$*|"* ]] && return 0
  if [[ $presets_ahead == *" $1 "* ]]; then step build-ahead "building $1 (begun before)" wait_for_ahead "$1"; fi
  if build_preset "$@"; then
    built+="$*|"
  else
    ring_fail "build $1" "see build/logs/build-$1.log"
    return 1
  fi
}

# take_lines FILE: counts the `PASS name`, `FAIL name: why`, `SKIP name: why` lines of one test's output.
take_lines() {
  local kind rest name why
  while read -r kind rest; do
    name=${rest%%: *}
    why=""
    [[ $rest == *": "* ]] && why=${rest#*: }
    case $kind in
      PASS) ring_pass "$name" ;;
      FAIL) ring_fail "$name" "$why" ;;
      SKIP) ring_skip "$name" "$why" ;;
    esac
  done < <(grep -E '^(PASS|FAIL|SKIP) ' "$1" || true)
}

# run_gtest BINARY TIMEOUT [VAR=VALUE...]: runs one GoogleTest program and counts its tests one by one.
run_gtest() {
  local binary=$1 limit=$2 name log json lines status=0
  shift 2
  name=$(basename "$binary")
  log=$AMBIT_LOGS/$current_ring-$name.log
  json=$AMBIT_LOGS/$current_ring-$name.json
  lines=$AMBIT_LOGS/$current_ring-$name.lines
  rm -f "$json"
  env "$@" timeout -k 10 "$limit" "$binary" --gtest_output="json:$json" --gtest_brief=1 >"$log" 2>&1 </dev/null || status=$?
  python3 "$AMBIT_ROOT/tests/lib/gtest_lines.py" "$name" "$status" "$json" >"$lines"
  local before=$failed
  take_lines "$lines"
  if ((failed > before)); then tail -n 60 "$log" | sed 's/^/    /'; fi
  say "   $name: $(grep -c '^PASS' "$lines" || true) passed"
}

# run_lines NAME LOG TIMEOUT COMMAND...: runs a command that prints PASS, FAIL and SKIP lines, and counts them.
run_lines() {
  local name=$1 log=$AMBIT_LOGS/$2.log limit=$3 status=0 before=$failed
  shift 3
  timeout -k 30 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
  take_lines "$log"
  if ((status != 0 && failed == before)); then ring_fail "$name" "ended with status $status, see $log"; fi
  if ((failed > before)); then tail -n 60 "$log" | sed 's/^/    /'; fi
}

# run_scripts FOLDER TIMEOUT: runs every tests/FOLDER/*/run.sh with the release build and counts its lines.
run_scripts() {
  local folder=$1 limit=$2 script name log
  for script in "tests/$folder"/*/run.sh; do
    [[ -e $script ]] || continue
    name=$(basename "$(dirname "$script")")
    log=$AMBIT_LOGS/$folder-$name.log
    run_lines "$name" "$folder-$name" "$limit" "$script" "$AMBIT_ROOT/build/release"
    say "   $name: $(grep -c '^PASS ' "$log" || true) passed"
  done
}

# gtest_targets BUILD_DIR PREFIX: GoogleTest programs that the build knows today; a stale binary is not run.
gtest_targets() {
  ninja -C "$1" -t targets all | sed -n "s|^\(tests/\([^:]*/\)\?$2_[^:/]*\): CXX_EXECUTABLE_LINKER.*|\1|p" | sort
}

results_end() {
  local line
  if ((${#failures[@]})); then
    say "== failed"
    printf '  %s\n' "${failures[@]}"
  fi
  if ((${#skips[@]})); then
    say "== skipped"
    for line in "${skips[@]}"; do say "  $line"; done
  fi
  say "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0))
}
