#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh BUILD_DIR
# The daemon built with ASan and UBSan, then with TSan, each under half of AMBIT_SOAK_SECONDS (3600) of mixed load.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/../../../deploy/lib/common.sh"
for preset in asan tsan; do
  build_preset "$preset" --target ambit >&2 || { say "FAIL soak.build: $preset does not build, see build/logs/build-$preset.log"; exit 1; }
done
PYTHONPATH=$here/../.. exec /usr/bin/python3 "$here/cases.py" "$1" "$AMBIT_ROOT/build"
