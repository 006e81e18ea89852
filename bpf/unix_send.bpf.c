// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Datagrams to a stated unix address (sendto, sendmsg, sendmmsg) where the kernel has no cgroup/sendmsg_unix, that is
 * before 6.7. The address is the caller's.
 */
#include "lib/socket_acts.bpf.h"

#define SEND_TO 0
#define SEND_MESSAGE 1
#define SEND_MESSAGES 2 /* the first one speaks for all */

/* struct sockaddr of the call; 0 where it states none. */
ALWAYS_INLINE __u64 stated_address(struct pt_regs *regs, __u32 variant, bool is_compat)
{
	__u64 message = is_compat ? (__u32)regs->cx : regs->si, address = 0;

	if (variant == SEND_TO)
		return is_compat ? (__u32)regs->di : regs->r8;
	bpf_probe_read_user(&address, is_compat ? 4 : 8, (const void *)message); /* msg_name comes first */
	return address;
}

ALWAYS_INLINE void send_unix_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	__u32 nr = (__u32)regs->orig_ax & ~X32_SYSCALL_BIT & (AMBIT_CALL_NUMBERS - 1);
	struct ambit_rec_net *r;
	struct subject who;
	struct scratch *s;
	struct sock *sk;
	__u16 family = 0;
	__u64 address;
	bool is_compat;

	if (ret < 0)
		return;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return;
	is_compat = is_compat_call(who.task);
	address = stated_address(regs, is_compat ? calls_32[nr].op : calls_64[nr].op, is_compat);
	if (!address || bpf_probe_read_user(&family, sizeof(family), (const void *)address) || family != AF_UNIX)
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	sk = sock_of_fd(who.task, (__s32)call_arg(s, s->call.fd_arg));
	if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX && BPF_CORE_READ(sk, sk_type) == SOCK_DGRAM) {
		r = new_net_record(s, sk);
		send_net(r, &who, AMBIT_REC_SEND,
			 (struct telling){hook, call_quality(s) | put_user_unix_name(r, (const void *)address)});
	}
	give_back(s);
}
CALL_PROGRAM(send_unix)
