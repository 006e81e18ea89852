/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of what is done with sockets, for whoever learns of it: system calls, socketcall, io_uring. `s` is taken by
 * the caller. Names come from the kernel's sockets.
 */
#pragma once

#include "lib/calls.bpf.h"
#include "lib/sock.bpf.h"
#include "lib/traffic.bpf.h"

/* Which hook tells, and AMBIT_Q_* that are known. */
struct telling {
	__u16 hook;
	__u32 quality;
};

ALWAYS_INLINE struct ambit_rec_net *new_net_record(struct scratch *s, struct sock *sk)
{
	struct ambit_rec_net *r = (struct ambit_rec_net *)s->record;

	__builtin_memset(r, 0, sizeof(*r));
	fill_net(r, sk);
	return r;
}

ALWAYS_INLINE void send_net(struct ambit_rec_net *r, struct subject *who, __u16 type, struct telling how)
{
	fill_header(&r->h, who, type, how.hook, how.quality);
	send_record(&r->h, sizeof(*r), who, ROOM_ORDINARY);
}

/* `sk`: the new socket. */
ALWAYS_INLINE void tell_accept(struct scratch *s, struct subject *who, struct sock *sk, __s32 fd, struct telling how)
{
	struct ambit_rec_net *r;

	if (is_plain_tcp(sk))
		own_tcp_socket(sk, who, AMBIT_ROLE_SERVER, false);
	r = new_net_record(s, sk);
	r->ret = fd;
	if (r->family == AF_UNIX)
		put_unix_name(r, unix_name_of(sk)); /* inherited from the listener */
	how.quality |= missing_ends(r);
	send_net(r, who, AMBIT_REC_ACCEPT, how);
}

/* bind and listen of unix and vsock sockets; others are told by other hooks. `address`: the caller's, or NULL. */
ALWAYS_INLINE void tell_name(struct scratch *s, struct subject *who, struct sock *sk, const void *address, __u16 type,
			     struct telling how)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct ambit_rec_net *r;

	if (family != AF_UNIX && family != AF_VSOCK)
		return;
	r = new_net_record(s, sk);
	if (family == AF_UNIX)
		put_unix_name(r, unix_name_of(sk));
	else if (!knows_vsock() && address)
		how.quality |= put_user_vsock_end(r->local, address);
	else
		how.quality |= missing_ends(r);
	send_net(r, who, type, how);
}

/* The address of a refused connect, and of a datagram, is known only from the caller's memory. */
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

/* Whether connects of such a socket are told by calls: of others a cgroup hook tells them. */
ALWAYS_INLINE bool is_connect_told(struct sock *sk)
{
	__u16 family = READ(sk, __sk_common.skc_family);

	return family == AF_VSOCK || (family == AF_UNIX && connect_unix_by_calls);
}

/* The socket's own peer, also where it goes on connecting or was connected before; else what was asked for. */
ALWAYS_INLINE __u32 put_vsock_peer(struct ambit_rec_net *r, const void *address, long ret)
{
	bool has_peer = !ret || ret == -EINPROGRESS || ret == -EALREADY || ret == -EISCONN;

	return has_peer && knows_vsock() ? 0 : put_user_vsock_end(r->remote, address);
}

/* `sk`: is_connect_told(). */
ALWAYS_INLINE void tell_connect(struct scratch *s, struct subject *who, struct sock *sk, const void *address, long ret,
				struct telling how)
{
	struct ambit_rec_net *r = new_net_record(s, sk);
	struct unix_address *peer;

	r->ret = ret;
	peer = ret || r->family != AF_UNIX ? NULL : unix_name_of_peer(sk);
	if (r->family == AF_VSOCK)
		how.quality |= put_vsock_peer(r, address, ret);
	else if (peer)
		put_unix_name(r, peer);
	else
		how.quality |= put_user_unix_name(r, address);
	send_net(r, who, AMBIT_REC_CONNECT, how);
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

ALWAYS_INLINE void tell_socket(struct scratch *s, struct subject *who, __u32 family, __u32 type, __u32 protocol,
			       __s32 ret, struct telling how)
{
	struct ambit_rec_net *r = (struct ambit_rec_net *)s->record;
	struct task_struct *task = who->task;

	type &= SOCK_TYPE_BITS;
	if (ret < 0 && ret != -EPERM && ret != -EACCES)
		return;
	if (is_usual_socket(family, type, protocol))
		return;
	__builtin_memset(r, 0, sizeof(*r));
	r->family = family;
	r->sock_type = type;
	r->protocol = protocol;
	r->ret = ret;
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	send_net(r, who, AMBIT_REC_SOCKET, how);
}
