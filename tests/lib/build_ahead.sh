#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: build_ahead.sh "PRESET [--target T...]"...
# Builds one after the other with what others leave of the processors, and leaves build/logs/build-PRESET.done behind each.
# In a session of its own (setsid): where the scheduler groups by sessions, being nice within one helps nobody else.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/../../deploy/lib/common.sh"
for words in "$@"; do
  echo 19 2>/dev/null >/proc/self/autogroup || true
  renice -n 19 $$ >/dev/null
  read -ra words <<<"$words"
  configure_and_build "${words[@]}" >"$AMBIT_LOGS/build-${words[0]}.log" 2>&1
  : >"$AMBIT_LOGS/build-${words[0]}.done"
done
