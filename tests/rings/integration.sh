# SPDX-License-Identifier: Apache-2.0
# tests/integration/NAME/run.sh BUILD_DIR: the daemon, real receivers, real model servers. Each prints PASS, FAIL and SKIP lines.
# shellcheck shell=bash disable=SC2034,SC2154
integration_packages=(
  "${SERVER_PACKAGES[@]}" curl jq openssl libpython3.11 rsyslog rsyslog-gnutls rsyslog-openssl prometheus systemd systemd-container
)

# kubectl may be there from elsewhere, and then Debian's would only be in its way.
command -v kubectl >/dev/null || integration_packages+=(kubernetes-client)

ring_integration() {
  ring_build release || return 0
  integration_venvs || true  # what they lack is skipped by name
  local script name log status before
  for script in tests/integration/*/run.sh; do
    [[ -e $script ]] || continue
    name=$(basename "$(dirname "$script")")
    log=$AMBIT_LOGS/integration-$name.log
    status=0
    before=$failed
    timeout -k 30 900 "$script" "$AMBIT_ROOT/build/release" >"$log" 2>&1 </dev/null || status=$?
    take_lines "$log"
    if ((status != 0 && failed == before)); then
      ring_fail "$name" "ended with status $status, see build/logs/integration-$name.log"
    fi
    if ((failed > before)); then tail -n 60 "$log" | sed 's/^/    /'; fi
    say "   $name: $(grep -c '^PASS ' "$log" || true) passed"
  done
}

# Model servers and checkers that come from PyPI, with pinned versions.
integration_venvs() {
  local name
  for name in servers/llama servers/triton servers/mlserver kubernetes; do
    make_venv "$AMBIT_ROOT/build/fixtures/$(basename "$name")/venv" "$AMBIT_ROOT/tests/fixtures/$name/requirements.txt"
  done
}
