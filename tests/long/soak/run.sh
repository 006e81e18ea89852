#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh BUILD_DIR [PRESET...]
# The daemon built with ASan and UBSan, then with TSan, under AMBIT_SOAK_SECONDS (3600) of mixed load in all.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/../../../deploy/lib/common.sh"
build=$1
shift
if (($# == 0)); then set -- asan tsan; fi
for preset in "$@"; do
  build_preset "$preset" --target ambit >&2 || { say "FAIL soak.build: $preset does not build, see build/logs/build-$preset.log"; exit 1; }
done
PYTHONPATH=$here/../.. exec /usr/bin/python3 "$here/cases.py" "$build" "$AMBIT_ROOT/build" "$@"
