// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of sockets only system calls show: accept; bind and listen of unix and vsock sockets; sockets of unusual
 * families; sockets that become standard input or output. Names come from the kernel's sockets.
 */
#include "lib/socket_acts.bpf.h"

ALWAYS_INLINE void accept_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	if (ret < 0)
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	sk = sock_of_fd(who.task, ret);
	if (sk)
		tell_accept(s, &who, sk, ret, (struct telling){hook, call_quality(s)});
	give_back(s);
}
CALL_PROGRAM(accept)

/* bind and listen of a unix or vsock socket; listen has no address. */
ALWAYS_INLINE void name_returned(struct pt_regs *regs, long ret, __u16 type, __u16 hook)
{
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	if (ret)
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	sk = sock_of_fd(who.task, (__s32)call_arg(s, s->call.fd_arg));
	if (sk)
		tell_name(s, &who, sk, (const void *)call_arg(s, s->call.path_arg), type,
			  (struct telling){hook, call_quality(s)});
	give_back(s);
}

ALWAYS_INLINE void bind_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	name_returned(regs, ret, AMBIT_REC_BIND, hook);
}
CALL_PROGRAM(bind)

ALWAYS_INLINE void listen_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	name_returned(regs, ret, AMBIT_REC_LISTEN, hook);
}
CALL_PROGRAM(listen)

ALWAYS_INLINE void socket_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	bool is_compat = is_compat_call((struct task_struct *)bpf_get_current_task());
	__u32 family = call_first(regs, is_compat), type = call_second(regs, is_compat) & SOCK_TYPE_BITS,
	      protocol = call_third(regs, is_compat);
	struct subject who;
	struct scratch *s;

	if (is_usual_socket(family, type, protocol) || (ret < 0 && ret != -EPERM && ret != -EACCES))
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	tell_socket(s, &who, family, type, protocol, ret, (struct telling){hook, call_quality(s)});
	give_back(s);
}
CALL_PROGRAM(socket)

#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

/* dup, dup2, dup3 and fcntl that returned 0, 1 or 2. */
ALWAYS_INLINE void stdio_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	struct ambit_rec_net *r;
	struct sock *sk;
	__u32 command;

	if (!s)
		return;
	sk = sock_of_fd(who.task, ret);
	if (!sk || !is_network_family(BPF_CORE_READ(sk, __sk_common.skc_family)))
		goto out;
	command = call_arg(s, s->call.flags_arg);
	if (!s->call.flags_arg || command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
		r = new_net_record(s, sk);
		r->ret = ret;
		send_net(r, &who, AMBIT_REC_STDIO, (struct telling){hook, call_quality(s) | missing_ends(r)});
	}
out:
	give_back(s);
}
CALL_PROGRAM(stdio)
