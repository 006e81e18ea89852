#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: boot.sh [OPTION...] KERNEL -- COMMAND [ARGUMENT...]
#
# Boots a Debian kernel in QEMU (software emulation, nothing but an initramfs) and runs one command in it as root. The
# command's output comes live on standard output, its exit status is this script's.
#
#   KERNEL             a series (5.10, 6.1, 6.12, 6.18 …), `newest`, or a directory that kernels.sh printed
#   --file SRC[:DST]   puts a file or folder into the guest, with its shared libraries; DST defaults to SRC's own path
#   --out DIR          what the command leaves in /out of the guest comes to DIR
#   --module NAME      loads a kernel module, and what it needs, before the command (overlay, veth …); with loop, /tmp is a disk
#   --append TEXT      more words for the kernel's command line (a later lsm= wins)
#   --cpus N           processors (2)      --memory MIB   (1536)      --timeout SECONDS   (300)
#   --icount           one processor that counts one instruction per nanosecond: rdtsc tells instructions, runs repeat
#   --console FILE     where the kernel's messages go (else: shown only when the guest fails)
#
# The guest has busybox, python3, a few real programs (sh is dash), cgroup2, bpffs, tracefs, securityfs, /tmp of its own, loopback
# and no network. Exit status beside the command's own: 124 the time was up, 125 the guest died without an answer,
# 3 the mirror has no such kernel, 2 usage.
#
#   tests/vm/boot.sh --file build/release/tests/bpf/bpf_tests:/t/bpf_tests 6.1 -- /t/bpf_tests --gtest_brief=1
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
store=$root/build/vm
# shellcheck source=tests/vm/image.sh
source "$here/image.sh"

usage() {
  sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 2
}

files=() modules=() out="" append="" cpus=2 memory=1536 limit=300 console="" icount=()
while (($#)); do
  case $1 in
    --file) files+=("$2"); shift 2 ;;
    --out) out=$2; shift 2 ;;
    --module) modules+=("$2"); shift 2 ;;
    --append) append=$2; shift 2 ;;
    --cpus) cpus=$2; shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --timeout) limit=$2; shift 2 ;;
    --console) console=$2; shift 2 ;;
    --icount) icount=(-icount "shift=0,sleep=off"); shift ;;
    -*) usage ;;
    *) break ;;
  esac
done
if (($# < 3)) || [[ $2 != -- ]]; then usage; fi
kernel=$1
shift 2
[[ -d $kernel ]] || kernel=$("$here/kernels.sh" "$kernel")

work=$(mktemp -d "${TMPDIR:-/tmp}/ambit-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The part that all guests share is made once per content of its recipe and of the machine's packages.
base_image() {
  local stamp file
  stamp=$( (cat "$here/image.sh" /var/lib/dpkg/status) | sha256sum | cut -c1-16)
  file=$store/image/base-$stamp.cpio
  if [[ ! -e $file ]]; then
    mkdir -p "$store/image"
    rm -f "$store"/image/base-*.cpio
    base_tree "$work/base"
    pack "$work/base" "$file"
  fi
  printf '%s' "$file"
}

mkdir -p "$store"
exec 8>"$store/image.lock"
flock 8
base=$(base_image)
exec 8>&-

tree=$work/tree
tree_begin "$tree"
cp "$here/init.sh" "$tree/init"
chmod 755 "$tree/init"
mkdir "$tree/run.d"
for word in "$@"; do printf "'%s' " "${word//\'/\'\\\'\'}"; done >"$tree/run.d/command"
for file in "${files[@]}"; do put "$tree" "$file"; done
module_tree "$tree" "$kernel" "${modules[@]}"
pack "$tree" "$work/files.cpio"
cat "$base" "$work/files.cpio" >"$work/initrd"

accel=tcg,thread=multi
if ((${#icount[@]})); then
  accel=tcg
  cpus=1
fi
status=0
# Without cmpxchg16b: QEMU 7.2 can leave garbage in the flags after it, and the guest dies of it in a storm of forks.
timeout -k 10 "$limit" qemu-system-x86_64 -accel "$accel" -cpu max,-cx16 -smp "$cpus" -m "$memory" -nodefaults -no-user-config -display none -no-reboot \
  "${icount[@]}" -kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
  -append "console=ttyS0 no_timer_check panic=-1 quiet lsm=landlock,lockdown,yama,integrity,apparmor,bpf $append" \
  -chardev stdio,id=command,signal=off -serial "file:$work/console" -serial chardev:command -serial "file:$work/out.tar" </dev/null 2>"$work/qemu.log" || status=$?

[[ -z $console ]] || cp "$work/console" "$console"
answer=""
mkdir "$work/out"
if tar -C "$work/out" -xf "$work/out.tar" 2>/dev/null && [[ -e $work/out/.status ]]; then answer=$(<"$work/out/.status"); fi
if [[ -n $out ]]; then
  mkdir -p "$out"
  rm -f "$work/out/.status"
  cp -a "$work/out/." "$out/"
fi
if [[ -z $answer ]]; then
  {
    printf 'boot.sh: the guest gave no answer (%s); the end of its console:\n' "$( ((status == 124)) && printf 'stopped after %s s' "$limit" || printf 'qemu ended with %s' "$status")"
    tail -n 30 "$work/console"
    cat "$work/qemu.log"
  } >&2
  ((status == 124)) && exit 124
  exit 125
fi
exit "$answer"
