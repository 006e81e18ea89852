// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses that processes connect, send and bind to, and listeners. The cgroup hooks see what io_uring does, too, and
 * cost nothing to anything else. They can be preempted: records are written in place in the ring. They never refuse.
 */
#include "lib/dns.bpf.h"
#include "lib/seen.bpf.h"
#include "lib/sock.bpf.h"
#include "lib/traffic.bpf.h"

#define ALLOW 1

/* Members of the context are read once, into these: clang would keep a pointer to one, which the verifier refuses. */
struct socket_kind {
	__u32 type, protocol;
};

ALWAYS_INLINE struct socket_kind kind_of(struct bpf_sock_addr *ctx)
{
	struct socket_kind kind = {ctx->type, ctx->protocol};

	barrier_var(kind.type);
	barrier_var(kind.protocol);
	return kind;
}

ALWAYS_INLINE struct ambit_rec_net *new_address_record(struct socket_kind kind, struct subject *who, __u64 cookie)
{
	struct task_struct *task = who->task;
	struct ambit_rec_net *r = reserve_record(struct ambit_rec_net, who);

	if (!r)
		return NULL;
	__builtin_memset(r, 0, sizeof(*r));
	r->cookie = cookie;
	r->net_ns = READ(task, nsproxy, net_ns, ns.inum);
	r->sock_type = kind.type;
	r->protocol = kind.protocol;
	return r;
}

ALWAYS_INLINE int handle_v4(struct bpf_sock_addr *ctx, __u16 type)
{
	__u32 address[4] = {ctx->user_ip4}, generation;
	__u16 port = bpf_ntohs(ctx->user_port);
	struct socket_kind kind = kind_of(ctx);
	struct ambit_rec_net *r;
	struct subject who;
	__u64 cookie;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	if (port == DNS_PORT)
		remember_dns_socket(&who, cookie);
	if (kind.type == SOCK_DGRAM)
		own_udp_socket(cookie, &who, AMBIT_ROLE_CLIENT, type == AMBIT_REC_CONNECT);
	generation = judge_generation();
	if (is_seen_peer(&who, type, AF_INET, address, port, kind.type, kind.protocol))
		return ALLOW;
	r = new_address_record(kind, &who, cookie);
	if (!r)
		return ALLOW;
	r->seen_generation = generation;
	r->family = AF_INET;
	r->remote_port = port;
	__builtin_memcpy(r->remote, address, 4);
	fill_header(&r->h, &who, type, AMBIT_HOOK_CGROUP_ADDR, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return ALLOW;
}

ALWAYS_INLINE int handle_v6(struct bpf_sock_addr *ctx, __u16 type)
{
	__u32 address[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	__u32 as_v4[4] = {address[3]}, generation;
	bool is_mapped = is_mapped_v4(address), is_seen;
	__u16 port = bpf_ntohs(ctx->user_port);
	struct socket_kind kind = kind_of(ctx);
	struct ambit_rec_net *r;
	struct subject who;
	__u64 cookie;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	if (port == DNS_PORT)
		remember_dns_socket(&who, cookie);
	if (kind.type == SOCK_DGRAM)
		own_udp_socket(cookie, &who, AMBIT_ROLE_CLIENT, type == AMBIT_REC_CONNECT);
	generation = judge_generation();
	is_seen = is_mapped ? is_seen_peer(&who, type, AF_INET, as_v4, port, kind.type, kind.protocol)
			    : is_seen_peer(&who, type, AF_INET6, address, port, kind.type, kind.protocol);
	if (is_seen)
		return ALLOW;
	r = new_address_record(kind, &who, cookie);
	if (!r)
		return ALLOW;
	r->seen_generation = generation;
	r->family = AF_INET6;
	r->remote_port = port;
	put_v6(r, r->remote, address);
	fill_header(&r->h, &who, type, AMBIT_HOOK_CGROUP_ADDR, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return ALLOW;
}

SEC("cgroup/connect4")
int cgroup__connect4(struct bpf_sock_addr *ctx)
{
	return handle_v4(ctx, AMBIT_REC_CONNECT);
}

SEC("cgroup/connect6")
int cgroup__connect6(struct bpf_sock_addr *ctx)
{
	return handle_v6(ctx, AMBIT_REC_CONNECT);
}

SEC("cgroup/sendmsg4")
int cgroup__sendmsg4(struct bpf_sock_addr *ctx)
{
	return handle_v4(ctx, AMBIT_REC_SEND);
}

SEC("cgroup/sendmsg6")
int cgroup__sendmsg6(struct bpf_sock_addr *ctx)
{
	return handle_v6(ctx, AMBIT_REC_SEND);
}

/* After the kernel has chosen: the port is real even where 0 was asked. */
ALWAYS_INLINE int handle_bound(struct bpf_sock *ctx, __u16 family)
{
	__u16 port = ctx->src_port, sock_type = ctx->type, protocol = ctx->protocol;
	__u32 address[4] = {};
	struct ambit_rec_net *r;
	struct task_struct *task;
	struct subject who;
	__u64 cookie;

	if (family == AF_INET) {
		address[0] = ctx->src_ip4;
	} else {
		address[0] = ctx->src_ip6[0];
		address[1] = ctx->src_ip6[1];
		address[2] = ctx->src_ip6[2];
		address[3] = ctx->src_ip6[3];
	}
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	if (sock_type == SOCK_DGRAM)
		own_udp_socket(cookie, &who, AMBIT_ROLE_SERVER, false);
	r = reserve_record(struct ambit_rec_net, &who);
	if (!r)
		return ALLOW;
	__builtin_memset(r, 0, sizeof(*r));
	task = who.task;
	r->cookie = cookie;
	r->net_ns = READ(task, nsproxy, net_ns, ns.inum);
	r->family = family;
	r->sock_type = sock_type;
	r->protocol = protocol;
	r->local_port = port;
	if (family == AF_INET)
		__builtin_memcpy(r->local, address, 4);
	else
		put_v6(r, r->local, address);
	fill_header(&r->h, &who, AMBIT_REC_BIND, AMBIT_HOOK_CGROUP_ADDR, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return ALLOW;
}

SEC("cgroup/post_bind4")
int cgroup__post_bind4(struct bpf_sock *ctx)
{
	return handle_bound(ctx, AF_INET);
}

SEC("cgroup/post_bind6")
int cgroup__post_bind6(struct bpf_sock *ctx)
{
	return handle_bound(ctx, AF_INET6);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp_btf__inet_sock_set_state, const struct sock *sk, const int old_state, const int new_state)
{
	struct ambit_rec_net *r;
	struct subject who;

	if (new_state != TCP_LISTEN_STATE) /* only listen() sets it, in the listener's own context */
		return 0;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	r = reserve_record(struct ambit_rec_net, &who);
	if (!r)
		return 0;
	__builtin_memset(r, 0, sizeof(*r));
	fill_net(r, (struct sock *)sk);
	fill_header(&r->h, &who, AMBIT_REC_LISTEN, AMBIT_HOOK_TP_BTF_SOCK, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return 0;
}
