#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds Ambit and runs its tests on a machine that has nothing but Debian 12 and root.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: tests/run.sh [RING...]

Rings: unit bpf integration evasion bench lint asan tsan fuzz vm long mutate
Without a ring: unit bpf integration evasion bench (smoke) lint asan tsan, and vm where AMBIT_VM_KERNELS is set.
`tests/run.sh bench` alone is the full benchmark.

  AMBIT_REQUIRE=bpf,integration   a skipped test of these rings (or `all`) counts as failed
  AMBIT_JOBS=2                    parallel compilations
  AMBIT_TIDY=all                  clang-tidy on every file instead of the changed ones
  AMBIT_FUZZ_SECONDS=20           time for each fuzz target
  AMBIT_VM_KERNELS="5.10 6.12:rich"   kernels that ring vm boots (5.10 6.1 6.12 6.18 newest), in one plan of hooks or all
  AMBIT_SOAK_SECONDS=3600         length of the mixed load in ring long, both sanitizers together
  AMBIT_MUTATE="call__*"          programs of the kernel half that ring mutate empties (all)
  AMBIT_VM_SUITES="bpf doctor"    what it runs there (verified doctor bpf acts view; also: evasion mutate)

Logs are in build/logs. The last line is `N passed, N failed, N skipped`; the status is 0 only if nothing failed.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/../deploy/lib/common.sh"
# shellcheck source=tests/lib/results.sh
source "$here/lib/results.sh"

all_rings=(unit bpf integration evasion bench lint asan tsan fuzz vm long mutate)
default_rings=(unit bpf integration evasion bench lint asan tsan)
for ring in "${all_rings[@]}"; do
  # shellcheck source=/dev/null
  source "$here/rings/$ring.sh"
done

rings=()
for argument in "$@"; do
  case $argument in
    -h | --help) usage; exit 0 ;;
    *)
      [[ " ${all_rings[*]} " == *" $argument "* ]] || { usage >&2; die "no ring is called '$argument'" 2; }
      rings+=("$argument")
      ;;
  esac
done
bench_mode=full
if ((${#rings[@]} == 0)); then
  rings=("${default_rings[@]}")
  # Guests wait a lot, and the sanitizers are being built behind them.
  if [[ -n ${AMBIT_VM_KERNELS:-} ]]; then rings=("${rings[@]:0:4}" vm "${rings[@]:4}"); fi
  bench_mode=smoke
fi
export bench_mode

need_root
cd "$AMBIT_ROOT"
mkdir -p "$AMBIT_LOGS"
results_begin

packages=("${BUILD_PACKAGES[@]}" "${TEST_BUILD_PACKAGES[@]}" python3)
for ring in "${rings[@]}"; do
  declare -n ring_packages="${ring}_packages"
  packages+=("${ring_packages[@]}")
done
install_packages packages "${packages[@]}" || die "packages could not be installed"

# A run of everything compiles for the sanitizers while the rings before them wait for daemons and guests.
sanitizers=()
for ring in "${rings[@]}"; do
  if [[ $ring == asan || $ring == tsan ]]; then sanitizers+=("$ring"); fi
done
if [[ ${rings[0]} == unit ]] && ((${#sanitizers[@]})); then
  ring_begin build
  if ring_build release; then build_ahead "${sanitizers[@]}"; fi
  ring_end
fi

for ring in "${rings[@]}"; do
  ring_begin "$ring"
  "ring_$ring" || ring_fail "$ring" "the ring stopped with status $?"
  ring_end
done
results_end
