// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What of sockets only system calls show: accept; bind, listen and (where the kernel has no cgroup hook) connect of
 * unix sockets; sockets of unusual families; sockets that become standard input or output. Names come from the kernel's
 * sockets.
 */
#include "lib/calls.bpf.h"
#include "lib/sock.bpf.h"

ALWAYS_INLINE struct ambit_rec_net *new_net_record(struct scratch *s, struct sock *sk)
{
	struct ambit_rec_net *r = (struct ambit_rec_net *)s->record;

	__builtin_memset(r, 0, sizeof(*r));
	fill_net(r, sk);
	return r;
}

ALWAYS_INLINE void send_net(struct ambit_rec_net *r, struct subject *who, __u16 type, __u16 hook, __u32 quality)
{
	fill_header(&r->h, who, type, hook, quality);
	send_record(&r->h, sizeof(*r), who, ROOM_ORDINARY);
}

ALWAYS_INLINE void accept_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct ambit_rec_net *r;
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	if (ret < 0)
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	sk = sock_of_fd(who.task, ret);
	if (sk) {
		r = new_net_record(s, sk);
		r->ret = ret;
		if (r->family == AF_UNIX)
			put_unix_name(r, unix_name_of(sk)); /* inherited from the listener */
		send_net(r, &who, AMBIT_REC_ACCEPT, hook, call_quality(s));
	}
	give_back(s);
}
CALL_PROGRAM(accept)

/* bind and listen of a unix socket. */
ALWAYS_INLINE void unix_name_returned(struct pt_regs *regs, long ret, __u16 type, __u16 hook)
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
	if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX) {
		struct ambit_rec_net *r = new_net_record(s, sk);

		put_unix_name(r, unix_name_of(sk));
		send_net(r, &who, type, hook, call_quality(s));
	}
	give_back(s);
}

ALWAYS_INLINE void bind_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	unix_name_returned(regs, ret, AMBIT_REC_BIND, hook);
}
CALL_PROGRAM(bind)

ALWAYS_INLINE void listen_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	unix_name_returned(regs, ret, AMBIT_REC_LISTEN, hook);
}
CALL_PROGRAM(listen)

/* The address of a refused connect is known only from the caller's memory. */
ALWAYS_INLINE __u32 put_user_unix_name(struct ambit_rec_net *r, const void *address)
{
	char first = 0;
	long len;

	bpf_probe_read_user(&first, 1, address + sizeof(__u16));
	if (first) {
		len = bpf_probe_read_user_str(r->path, UNIX_PATH_MAX, address + sizeof(__u16));
		r->path_len = len > 0 ? len - 1 : 0;
	} else {
		len = bpf_probe_read_user_str(r->path + 1, UNIX_PATH_MAX - 1, address + sizeof(__u16) + 1);
		r->path_len = len > 0 ? len : 0;
	}
	return AMBIT_Q_USER_ADDR;
}

ALWAYS_INLINE void connect_unix_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	sk = sock_of_fd(who.task, (__s32)call_arg(s, s->call.fd_arg));
	if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX) {
		struct ambit_rec_net *r = new_net_record(s, sk);
		struct unix_address *peer = ret ? NULL : unix_name_of_peer(sk);
		__u32 quality = call_quality(s);

		r->ret = ret;
		if (peer)
			put_unix_name(r, peer);
		else
			quality |= put_user_unix_name(r, (const void *)call_arg(s, s->call.path_arg));
		send_net(r, &who, AMBIT_REC_CONNECT, hook, quality);
	}
	give_back(s);
}
CALL_PROGRAM(connect_unix)

/* Plain TCP, UDP and unix sockets are told when they do something. A routing netlink socket is part of every look-up of
 * a name. */
ALWAYS_INLINE bool is_usual_socket(__u32 family, __u32 type, __u32 protocol)
{
	if (family == AF_UNIX)
		return true;
	if (family == AF_NETLINK)
		return !protocol;
	if (family != AF_INET && family != AF_INET6)
		return false;
	return (type == SOCK_STREAM || type == SOCK_DGRAM) && (protocol == IPPROTO_IP || protocol == IPPROTO_TCP ||
							       protocol == IPPROTO_UDP || protocol == IPPROTO_MPTCP);
}

ALWAYS_INLINE void socket_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	bool is_compat = is_compat_call((struct task_struct *)bpf_get_current_task());
	__u32 family = call_first(regs, is_compat), type = call_second(regs, is_compat) & SOCK_TYPE_BITS,
	      protocol = call_third(regs, is_compat);
	struct ambit_rec_net *r;
	struct task_struct *task;
	struct subject who;
	struct scratch *s;

	if (is_usual_socket(family, type, protocol) || (ret < 0 && ret != -EPERM && ret != -EACCES))
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	r = (struct ambit_rec_net *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->family = family;
	r->sock_type = type;
	r->protocol = protocol;
	r->ret = ret;
	task = who.task;
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	send_net(r, &who, AMBIT_REC_SOCKET, hook, call_quality(s));
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
		send_net(r, &who, AMBIT_REC_STDIO, hook, call_quality(s));
	}
out:
	give_back(s);
}
CALL_PROGRAM(stdio)
