# SPDX-License-Identifier: Apache-2.0
# Shared by deploy/quickstart.sh and tests/run.sh: messages, logged steps with progress, packages, builds.
# shellcheck shell=bash disable=SC2034

AMBIT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
AMBIT_JOBS=${AMBIT_JOBS:-$(nproc)}
AMBIT_LOGS=${AMBIT_LOGS:-$AMBIT_ROOT/build/logs}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
# die MESSAGE [STATUS]
die() { warn "error: $1"; exit "${2:-1}"; }

need_root() { [[ $EUID -eq 0 ]] || die "run this as root (it installs packages, makes cgroups and loads eBPF programs)" 3; }

# step LOG TITLE COMMAND...: runs COMMAND with its output in build/logs/LOG.log and shows that it lives: a line that moves
# on a terminal, one line every 30 s elsewhere. On failure the end of the log follows and the status is the command's.
step() {
  local log=$AMBIT_LOGS/$1.log title=$2 start=$SECONDS shown=$SECONDS status=0 last
  shift 2
  mkdir -p "$AMBIT_LOGS"
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [[ -t 1 ]]; then
      last=$(tail -n 1 "$log" 2>/dev/null | tr -dc '[:print:]' | cut -c1-70) || true
      printf '\r\033[K  %s (%ds) %s' "$title" $((SECONDS - start)) "$last"
    elif ((SECONDS - shown >= 30)); then
      shown=$SECONDS
      last=$(tail -n 1 "$log" 2>/dev/null | tr -dc '[:print:]' | cut -c1-70) || true
      printf '  %s (%ds) %s\n' "$title" $((SECONDS - start)) "$last"
    fi
    sleep 0.2
  done
  wait "$pid" || status=$?
  [[ -t 1 ]] && printf '\r\033[K'
  if ((status == 0)); then
    printf '  %s: done in %ds\n' "$title" $((SECONDS - start))
  else
    printf '  %s: FAILED (status %d); the end of %s:\n' "$title" "$status" "$log"
    tail -n 40 "$log" | sed 's/^/    /'
  fi
  return "$status"
}

# missing_packages NAME...: prints those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || printf '%s\n' "$name"
  done
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update && apt-get install -y --no-install-recommends "$@"
}

# install_packages LOG NAME...: installs what is missing. Services that packages bring are not needed and not started here.
install_packages() {
  local log=$1 missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return 0
  command -v apt-get >/dev/null || die "needs apt-get (Debian 12); missing packages: ${missing[*]}"
  step "$log" "installing ${#missing[@]} packages" apt_install "${missing[@]}"
}

# What it takes to build the daemon from a clone.
BUILD_PACKAGES=(
  build-essential cmake ninja-build ccache pkg-config git ca-certificates clang-14 llvm-14
  libbpf-dev bpftool libelf-dev zlib1g-dev libboost1.81-dev libboost-system1.81-dev prometheus-cpp-dev nlohmann-json3-dev
  libspdlog-dev libfmt-dev libyaml-cpp-dev libcli11-dev libre2-dev libsqlite3-dev libssl-dev libsystemd-dev
)
# What the tests and benchmarks link besides.
TEST_BUILD_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev liburing-dev)
# What runs model servers and acts.
SERVER_PACKAGES=(python3 python3-venv iproute2 util-linux procps)
# What boots Debian's kernels in QEMU (tests/vm).
VM_PACKAGES=(qemu-system-x86 busybox-static cpio kmod xz-utils python3 iproute2 util-linux)

configure_and_build() {
  local preset=$1
  shift
  cmake --preset "$preset" -S "$AMBIT_ROOT" -B "$AMBIT_ROOT/build/$preset" && cmake --build "$AMBIT_ROOT/build/$preset" -j "$AMBIT_JOBS" "$@"
}

# build_preset PRESET [--target T...]: configures and builds build/PRESET.
build_preset() {
  local preset=$1
  (cd "$AMBIT_ROOT" && step "build-$preset" "building $preset" configure_and_build "$@")
}

# make_venv DIR REQUIREMENTS: a virtual environment with exactly the pinned packages; made once per content of the file.
make_venv() {
  local dir=$1 requirements=$2 stamp
  stamp=$dir/.$(sha256sum "$requirements" | cut -c1-16)
  [[ -e $stamp ]] && return 0
  rm -rf "$dir"
  mkdir -p "$(dirname "$dir")"
  step "venv-$(basename "$(dirname "$dir")")" "installing the $(basename "$(dirname "$dir")") packages from PyPI" fill_venv "$dir" "$requirements" || return 1
  : >"$stamp"
}

fill_venv() {
  /usr/bin/python3 -m venv "$1" &&
    "$1/bin/pip" install --disable-pip-version-check --no-input --only-binary :all: -r "$2"
}
