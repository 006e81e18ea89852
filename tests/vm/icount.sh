#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: icount.sh BUILD_DIR OUT_DIR [SERIES] [PLAN]
#
# Instructions of the guest per operation, which repeat to half a percent where times do not: OUT_DIR/cost.json holds
# {off, unwatched, watched, fresh, beside, off_again: {getppid, open_close, connect_refused, fork_exec, pread}}. SERIES as in boot.sh
# (6.18), PLAN a row of plans.tsv (base).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tests=$(dirname "$here")
(($# >= 2)) || { sed -n '3p' "${BASH_SOURCE[0]}" >&2; exit 2; }
build=$1 out=$2 series=${3:-6.18} plan=${4:-base}
denied=$(awk -F '\t' -v plan="$plan" '$1 == plan { print $2; found = 1 } END { exit !found }' "$here/plans.tsv")
exec "$here/boot.sh" --icount --out "$out" --timeout 600 --file "$build/daemon/app/ambit:/t/build/daemon/app/ambit" \
  --file "$build/tests/progs/syscall_cost:/t/build/tests/progs/syscall_cost" --file "$tests/harness:/t/tests/harness" \
  --file "$here/guest_cost.py:/t/guest_cost.py" "$series" -- \
  env PYTHONPATH=/t/tests "AMBIT_TEST_DENY=$denied" python3 /t/guest_cost.py
