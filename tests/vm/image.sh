# SPDX-License-Identifier: Apache-2.0
# What a guest's initramfs is made of. Sourced by boot.sh.
# shellcheck shell=bash

# The guest's own programs beside busybox: those that tests run as such (a shell, what `true` is) and what busybox lacks.
GUEST_PROGRAMS=(dash true cat ls cp sleep ip unshare nsenter mount umount setpriv)

# tree_begin DIR: the empty root with a merged /usr.
tree_begin() {
  local dir=$1 name
  mkdir -p "$dir"/{usr/{bin,sbin,lib,lib64},etc,proc,sys,dev,tmp,run,root,out,var/{lib,log,tmp}}
  for name in bin sbin lib lib64; do [[ -e $dir/$name ]] || ln -s "usr/$name" "$dir/$name"; done
}

# put_file DIR SOURCE DESTINATION: a file with the libraries that it is linked with.
put_file() {
  local dir=$1 from=$2 to=$3 library
  mkdir -p "$dir$(dirname "$to")"
  cp -L --remove-destination "$from" "$dir$to"
  while read -r library; do
    [[ -e $dir$library ]] && continue
    mkdir -p "$dir$(dirname "$library")"
    cp -L "$library" "$dir$library"
  done < <(ldd "$from" 2>/dev/null | grep -oE '/[^ ]+' || true)
}

# put DIR SOURCE[:DESTINATION]: a file or a folder, by default under its own path.
put() {
  local dir=$1 from=${2%%:*} to file
  to=$(realpath -s "$from")
  [[ $2 == *:* ]] && to=${2#*:}
  if [[ -d $from ]]; then
    while IFS= read -r -d '' file; do
      put_file "$dir" "$from/$file" "$to/$file"
    done < <(cd "$from" && find . -type f -printf '%P\0')
  else
    put_file "$dir" "$from" "$to"
  fi
}

put_python() {
  local dir=$1 version
  version=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  put_file "$dir" /usr/bin/python3 /usr/bin/python3
  mkdir -p "$dir/usr/lib/$version"
  (cd "/usr/lib/$version" && find . -type f -not -path './test/*' -not -path './lib2to3/*' -not -path './idlelib/*' -not -path './tkinter/*' \
    -not -path './config-*' -not -path './pydoc_data/*' -not -path './ensurepip/*' -print0 | cpio --quiet -0pdm "$dir/usr/lib/$version")
  local library
  for library in "/usr/lib/$version"/lib-dynload/*.so; do put_file "$dir" "$library" "$library"; done
}

# base_tree DIR: busybox, a few real programs, python.
base_tree() {
  local dir=$1 name
  tree_begin "$dir"
  cp /bin/busybox "$dir/usr/bin/busybox"
  while read -r name; do
    [[ $name == busybox ]] || ln -s busybox "$dir/usr/bin/$name"
  done < <(/bin/busybox --list)
  for name in "${GUEST_PROGRAMS[@]}"; do put_file "$dir" "$(realpath "$(type -P "$name")")" "/usr/bin/$name"; done
  ln -sf dash "$dir/usr/bin/sh"
  put_python "$dir"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$dir/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$dir/etc/group"
  printf '127.0.0.1 localhost guest\n' >"$dir/etc/hosts"
  printf 'ID=debian\nPRETTY_NAME=guest\n' >"$dir/etc/os-release"
  printf 'guest\n' >"$dir/etc/hostname"
  : >"$dir/etc/resolv.conf"
}

# module_tree DIR KERNEL NAME...: modules and those that they need, unpacked, with the order to load them in.
module_tree() {
  local dir=$1 kernel=$2 release path name
  shift 2
  release=$(<"$kernel/release")
  mkdir -p "$dir/modules"
  for name in "$@"; do
    while read -r _ path _; do
      local plain=${path##*/}
      plain=${plain%.xz}
      [[ -e $dir/modules/$plain ]] && continue
      if [[ $path == *.xz ]]; then xz -dc "$path" >"$dir/modules/$plain"; else cp "$path" "$dir/modules/$plain"; fi
      printf '%s\n' "$plain" >>"$dir/modules/order"
    done < <(modprobe -d "$kernel" -S "$release" --show-depends "$name" | grep '^insmod ')
  done
}

# pack DIR FILE: an uncompressed cpio archive; the kernel reads several of them one after the other.
pack() { (cd "$1" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$2.part" && mv "$2.part" "$2"; }
