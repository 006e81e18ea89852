#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh BUILD_DIR
# The unit as a host boots it: a minimal Debian 12 with systemd as PID 1, in a container of systemd-nspawn. The root is made
# once, in build/nspawn; every run works on an overlay of it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/common.sh
source "$here/../../../deploy/lib/common.sh"

for program in debootstrap systemd-nspawn; do
  command -v "$program" >/dev/null || { say "SKIP nspawn: $program"; exit 0; }
done
root=$AMBIT_ROOT/build/nspawn/root
if [[ ! -e $root/usr/lib/systemd/systemd ]]; then
  mirror=$({ cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true; } |
    awk '$1 == "URIs:" { print $2; exit } $1 == "deb" && $2 ~ /^http/ { print $2; exit }')
  rm -rf "$root.new"
  mkdir -p "$root.new"
  step debootstrap "making a Debian 12 root" debootstrap --variant=minbase \
    --include=systemd,dbus,libssl3,libelf1,libsqlite3-0,zlib1g bookworm "$root.new" "${mirror:-http://deb.debian.org/debian}" || {
    say "SKIP nspawn: Debian's packages could not be fetched"
    exit 0
  }
  rm -rf "$root"
  mv "$root.new" "$root"
fi
PYTHONPATH=$here/../.. exec unshare --mount --propagation private /usr/bin/python3 "$here/cases.py" "$1" "$root"
