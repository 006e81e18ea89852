/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel types, helpers and the few constants that BTF does not carry. */
#pragma once

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ambit/abi/copies.h"
#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"
#include "ambit/abi/seen.h"
#include "ambit/abi/traffic.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_TYPE_BITS 0xf
#define AF_NETLINK 16
#define AF_VSOCK 40
#define IPPROTO_IP 0
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262
#define TCP_ESTABLISHED_STATE 1
#define TCP_SYN_SENT_STATE 2
#define TCP_CLOSE_STATE 7
#define TCP_LISTEN_STATE 10

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000

#define EPERM 1
#define ENOENT 2
#define EAGAIN 11
#define EACCES 13
#define ENOTDIR 20
#define ENFILE 23
#define EMFILE 24
#define EROFS 30
#define ENOSYS 38
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115

#define AT_FDCWD (-100)
#define AT_REMOVEDIR 0x200
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000 /* of the kernel's own, such as the file below an overlay's */
#define O_ACCMODE 03
#define O_WRONLY 01
#define O_RDWR 02
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_PATH 010000000
#define O_EXEC_BY_KERNEL 0x20 /* __FMODE_EXEC */

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */
#define X32_SYSCALL_BIT 0x40000000
#define SIGNAL_GROUP_EXIT 0x4

#define PROC_SUPER_MAGIC 0x9fa0
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6

/* 64-bit and behind a barrier: clang otherwise compares a shifted copy and the verifier does not learn the bound. */
static __always_inline __u64 at_most(__u64 value, __u64 max)
{
	barrier_var(value);
	if (value > max)
		value = max;
	return value;
}

/* BPF_CORE_READ takes locals of kernel types only: on a member of a struct of ours it would ask the loader to relocate
 * that member, too. */
#define ALWAYS_INLINE static __always_inline
