#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# First process of a guest: mounts, runs /run.d/command, hands its status and /out back, powers off.
# shellcheck shell=dash
PATH=/usr/sbin:/usr/bin
export PATH HOME=/root LANG=C.UTF-8

# A mount of its own over the kernel's rootfs, as on an installed machine: pivot_root works, /proc/1/root is no special case.
if [ "$1" != inside ]; then
  mkdir -p /root.d
  busybox mount --bind / /root.d
  cd /root.d || exit 1
  busybox mount --move . /
  exec busybox chroot . /init inside
fi

busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs -o mode=1777 tmpfs /dev/shm
busybox mount -t tmpfs -o mode=1777 tmpfs /tmp
busybox mount -t tmpfs -o mode=755 tmpfs /run
busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox mount -t bpf bpf /sys/fs/bpf
busybox mount -t securityfs securityfs /sys/kernel/security
busybox mount -t tracefs tracefs /sys/kernel/tracing
busybox ip link set lo up
busybox hostname guest
busybox stty -F /dev/ttyS1 raw -echo 2>/dev/null
busybox stty -F /dev/ttyS2 raw -echo 2>/dev/null
if [ -e /modules/order ]; then
  while read -r module; do busybox insmod "/modules/$module" || echo "insmod $module failed" >/dev/console; done </modules/order
fi
# With the loop module: a disk for /tmp. fanotify cannot watch tmpfs before 5.13, and generations and handles are real there.
if [ -e /modules/loop.ko ]; then
  busybox truncate -s 384M /run/disk
  busybox mke2fs -F /run/disk >/dev/null 2>&1
  busybox mount -t ext4 -o loop /run/disk /tmp
  busybox chmod 1777 /tmp
fi

cd /root || exit 1
busybox sh /run.d/command >/dev/ttyS1 2>&1 </dev/null
echo $? >/out/.status
busybox tar -C /out -cf /dev/ttyS2 .
busybox sync
# The ports drain before the machine goes.
busybox sleep 0.2
busybox poweroff -f
