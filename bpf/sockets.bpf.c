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

ALWAYS_INLINE void send_net(struct ambit_rec_net *r, struct subject *who, __u16 type, __u32 quality)
{
	fill_header(&r->h, who, type, AMBIT_HOOK_TP_BTF_SYS_EXIT, quality);
	send_record(&r->h, sizeof(*r), who, ROOM_ORDINARY);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__accept, struct pt_regs *regs, long ret)
{
	struct ambit_rec_net *r;
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	if (ret < 0)
		return 0;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	sk = sock_of_fd(who.task, ret);
	if (!sk)
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
	r = new_net_record(s, sk);
	r->ret = ret;
	if (r->family == AF_UNIX)
		put_unix_name(r, unix_name_of(sk)); /* inherited from the listener */
	send_net(r, &who, AMBIT_REC_ACCEPT, call_quality(s));
	give_back(s);
	return 0;
}

/* bind and listen of a unix socket. */
ALWAYS_INLINE int handle_unix_name(struct pt_regs *regs, long ret, __u16 type)
{
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	if (ret)
		return 0;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
	sk = sock_of_fd(who.task, (__s32)call_arg(s, s->call.fd_arg));
	if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX) {
		struct ambit_rec_net *r = new_net_record(s, sk);

		put_unix_name(r, unix_name_of(sk));
		send_net(r, &who, type, call_quality(s));
	}
	give_back(s);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__bind, struct pt_regs *regs, long ret)
{
	return handle_unix_name(regs, ret, AMBIT_REC_BIND);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__listen, struct pt_regs *regs, long ret)
{
	return handle_unix_name(regs, ret, AMBIT_REC_LISTEN);
}

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

SEC("tp_btf/sys_exit")
int BPF_PROG(call__connect_unix, struct pt_regs *regs, long ret)
{
	struct subject who;
	struct scratch *s;
	struct sock *sk;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
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
		send_net(r, &who, AMBIT_REC_CONNECT, quality);
	}
	give_back(s);
	return 0;
}

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

SEC("tp_btf/sys_exit")
int BPF_PROG(call__socket, struct pt_regs *regs, long ret)
{
	struct ambit_rec_net *r;
	struct task_struct *task;
	struct subject who;
	struct scratch *s;

	if (ret < 0 && ret != -EPERM && ret != -EACCES)
		return 0;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
	r = (struct ambit_rec_net *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->family = s->args[0];
	r->sock_type = s->args[1] & SOCK_TYPE_BITS;
	r->protocol = s->args[2];
	r->ret = ret;
	task = who.task;
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	if (!is_usual_socket(r->family, r->sock_type, s->args[2]))
		send_net(r, &who, AMBIT_REC_SOCKET, call_quality(s));
	give_back(s);
	return 0;
}

#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

/* dup, dup2, dup3 and fcntl that returned 0, 1 or 2. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__stdio, struct pt_regs *regs, long ret)
{
	struct ambit_rec_net *r;
	struct subject who;
	struct scratch *s;
	struct sock *sk;
	__u32 command;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	sk = sock_of_fd(who.task, ret);
	if (!sk || !is_network_family(BPF_CORE_READ(sk, __sk_common.skc_family)))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
	command = call_arg(s, s->call.flags_arg);
	if (!s->call.flags_arg || command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
		r = new_net_record(s, sk);
		r->ret = ret;
		send_net(r, &who, AMBIT_REC_STDIO, call_quality(s));
	}
	give_back(s);
	return 0;
}
