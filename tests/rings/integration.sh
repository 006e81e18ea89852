# SPDX-License-Identifier: Apache-2.0
# tests/integration/NAME/run.sh BUILD_DIR: the daemon, real receivers, real model servers. Each prints PASS, FAIL and SKIP lines.
# shellcheck shell=bash disable=SC2034
integration_packages=(
  "${SERVER_PACKAGES[@]}" curl jq openssl libpython3.11 rsyslog rsyslog-gnutls rsyslog-openssl prometheus systemd systemd-container
)

# kubectl may be there from elsewhere, and then Debian's would only be in its way.
command -v kubectl >/dev/null || integration_packages+=(kubernetes-client)

ring_integration() {
  ring_build release || return 0
  integration_venvs || true  # what they lack is skipped by name
  run_scripts integration 900
}

# Model servers and checkers that come from PyPI, with pinned versions.
integration_venvs() {
  local name
  for name in servers/llama servers/triton servers/mlserver kubernetes; do
    make_venv "$AMBIT_ROOT/build/fixtures/$(basename "$name")/venv" "$AMBIT_ROOT/tests/fixtures/$name/requirements.txt"
  done
}
