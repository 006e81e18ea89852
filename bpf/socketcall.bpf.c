// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* socketcall(2), the one door to sockets that 32-bit programs had before Linux 4.3. Its second argument leads to the
 * arguments in the caller's memory: read after the call, as the names of all system calls are.
 */
#include "lib/socket_acts.bpf.h"

/* include/uapi/linux/net.h */
#define SYS_SOCKET 1
#define SYS_BIND 2
#define SYS_CONNECT 3
#define SYS_LISTEN 4
#define SYS_ACCEPT 5
#define SYS_ACCEPT4 18

ALWAYS_INLINE void socketcall_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	__u32 call = (__u32)regs->bx, args[3] = {};
	struct telling how = {hook, AMBIT_Q_COMPAT};
	struct sock *sk = NULL;
	struct subject who;
	struct scratch *s;

	if (call != SYS_ACCEPT4 && (call < SYS_SOCKET || call > SYS_ACCEPT))
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	if (bpf_probe_read_user(args, sizeof(args), (const void *)s->args[1])) {
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
		goto out;
	}
	if (call == SYS_SOCKET) {
		tell_socket(s, &who, args[0], args[1], args[2], ret, how);
		goto out;
	}
	if (call == SYS_ACCEPT || call == SYS_ACCEPT4)
		sk = ret >= 0 ? sock_of_fd(who.task, ret) : NULL;
	else
		sk = sock_of_fd(who.task, args[0]);
	if (!sk)
		goto out;
	if (call == SYS_ACCEPT || call == SYS_ACCEPT4)
		tell_accept(s, &who, sk, ret, how);
	else if (call == SYS_CONNECT && is_connect_told(sk))
		tell_connect(s, &who, sk, (const void *)(__u64)args[1], ret, how);
	else if (!ret && call == SYS_BIND)
		tell_name(s, &who, sk, (const void *)(__u64)args[1], AMBIT_REC_BIND, how);
	else if (!ret && call == SYS_LISTEN)
		tell_name(s, &who, sk, NULL, AMBIT_REC_LISTEN, how);
out:
	give_back(s);
}
CALL_PROGRAM(socketcall)
