#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: kernels.sh SERIES    5.10, 6.1, 6.12, 6.18 … or `newest`
#
# Fetches the newest Debian kernel of a series from the mirror that this machine is configured for and prints its directory
# (vmlinuz, config, release, lib/modules). Nothing is installed: apt works on a configuration of its own under build/vm.
# Status 3: the mirror has no kernel of that series.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
store=$root/build/vm
suites=(bullseye bookworm bookworm-backports trixie trixie-backports sid)

# The main archive is the one that carries this machine's own release.
mirror() {
  local codename
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
  # shellcheck disable=SC2016  # apt fills these in
  apt-get indextargets --format '$(SITE) $(RELEASE)' | awk -v release="$codename" '$2 == release { print $1; exit }'
}

own_apt() {
  local tool=$1
  shift
  "$tool" -q -o Dir::Etc::sourcelist="$store/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State::lists="$store/apt/lists" -o Dir::State::status="$store/apt/status" -o Dir::Cache="$store/apt/cache" \
    -o APT::Sandbox::User=root "$@"
}

# Package lists, at most once a day. A suite that the mirror dropped is not a fault here: its series will be missing.
refresh() {
  local site suite stamp=$store/apt/refreshed
  [[ -n $(find "$stamp" -mmin -1440 2>/dev/null) ]] && return 0
  site=$(mirror)
  [[ -n $site ]] || { printf 'kernels.sh: no configured mirror carries this release\n' >&2; return 1; }
  mkdir -p "$store/apt/lists/partial" "$store/apt/cache/archives/partial"
  : >"$store/apt/status"
  for suite in "${suites[@]}"; do
    printf 'deb [target=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" "$suite"
  done >"$store/apt/sources.list"
  own_apt apt-get update >"$store/apt/update.log" 2>&1 || cat "$store/apt/update.log" >&2
  : >"$stamp"
}

# newest_release SERIES: "6.12.107+deb13-cloud-amd64". An image is called linux-image-*, since 6.19 linux-binary-*.
newest_release() {
  local pattern='[0-9]+\.[0-9]+'
  [[ $1 == newest ]] || pattern=${1//./\\.}
  own_apt apt-cache pkgnames linux- | sed -nE "s/^linux-(image|binary)-($pattern\.[0-9][^ ]*-cloud-amd64)\$/\2/p" | sort -uV | tail -n 1
}

# Packages that hold the image and the modules of one release.
packages_of() {
  local kind all
  all=$(own_apt apt-cache pkgnames linux-)
  for kind in binary modules base image; do
    if grep -qxF "linux-$kind-$1" <<<"$all"; then
      printf 'linux-%s-%s\n' "$kind" "$1"
      # The old form is one package with everything, the new one three and an empty one of the old name.
      if [[ $kind == image ]]; then return; fi
    elif [[ $kind == binary ]]; then
      printf 'linux-image-%s\n' "$1"
      return
    fi
  done
}

# unpack RELEASE DIR
unpack() {
  local release=$1 dir=$2 work packages
  work=$(mktemp -d "$store/unpack.XXXXXX")
  mapfile -t packages < <(packages_of "$release")
  (cd "$work" && own_apt apt-get download "${packages[@]}") >&2 || { rm -rf "$work"; return 1; }
  mkdir "$work/tree"
  for deb in "$work"/*.deb; do dpkg -x "$deb" "$work/tree"; done
  [[ -d $work/tree/lib ]] || ln -s usr/lib "$work/tree/lib"
  local modules=$work/tree/lib/modules/$release
  mkdir -p "$work/kernel/lib/modules"
  cp "$(find "$work/tree/boot" "$modules" -name 'vmlinuz*' 2>/dev/null | head -n 1)" "$work/kernel/vmlinuz"
  cp "$(find "$work/tree/boot" "$modules" -maxdepth 1 -name 'config*' 2>/dev/null | head -n 1)" "$work/kernel/config"
  cp -a "$modules" "$work/kernel/lib/modules/"
  depmod -b "$work/kernel" "$release" 2>"$work/depmod.log" || { cat "$work/depmod.log" >&2; return 1; }
  printf '%s\n' "$release" >"$work/kernel/release"
  mkdir -p "$(dirname "$dir")"
  mv "$work/kernel" "$dir"
  rm -rf "$work"
}

(($# == 1)) || { sed -n '3p' "${BASH_SOURCE[0]}" >&2; exit 2; }
mkdir -p "$store"
exec 9>"$store/kernels.lock"
flock 9
refresh
release=$(newest_release "$1")
[[ -n $release ]] || { printf 'kernels.sh: the mirror has no kernel of series %s\n' "$1" >&2; exit 3; }
dir=$store/kernels/$release
[[ -d $dir ]] || unpack "$release" "$dir"
printf '%s\n' "$dir"
