#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh BUILD_DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH=$here/../..
status=0
/usr/bin/python3 "$here/cases.py" "$1" || status=1
unshare --mount --propagation private /usr/bin/python3 "$here/unit_cases.py" "$1" || status=1
exit "$status"
