// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* recvmsg, recvmmsg and pidfd_getfd: descriptors that others opened. */
#include "lib/arrivals.bpf.h"
#include "lib/calls.bpf.h"
#include "lib/sock.bpf.h"

/* Variants of the call (daemon/kernel/call_table.cpp). */
#define RECEIVE_ONE 0
#define RECEIVE_MANY 1
#define RECEIVE_TAKEN 2

#define MESSAGES_MAX 1024 /* UIO_MAXIOV: of one recvmmsg */

ALWAYS_INLINE void receive_many(__u64 messages, __u32 count, bool is_compat, __u16 hook)
{
	__u64 size = is_compat ? 32 : 64; /* struct mmsghdr */
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < MESSAGES_MAX; i++) {
		if (i >= count)
			break;
		receive_message(messages + i * size, is_compat, hook);
	}
}

ALWAYS_INLINE bool is_unix_socket(struct task_struct *task, __s32 fd)
{
	struct sock *sk = sock_of_fd(task, fd);

	return sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX;
}

/* Nearly every message of every process carries nothing of this kind: known by two words of its header, before anything
 * is looked up. */
ALWAYS_INLINE void receive_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 nr = (__u32)regs->orig_ax & ~X32_SYSCALL_BIT & (AMBIT_CALL_NUMBERS - 1);
	bool is_compat = is_compat_call(task);
	__u64 message = is_compat ? (__u32)regs->cx : regs->si;
	__u8 variant = is_compat ? calls_32[nr].op : calls_64[nr].op;

	if (ret < 0)
		return;
	if (variant == RECEIVE_TAKEN)
		tell_arrival(ret, AMBIT_ACCESS_TAKEN, hook);
	else if (variant == RECEIVE_ONE)
		receive_message(message, is_compat, hook);
	else if (is_unix_socket(task, is_compat ? (__u32)regs->bx : regs->di))
		receive_many(message, ret, is_compat, hook);
}
CALL_PROGRAM(receive)
