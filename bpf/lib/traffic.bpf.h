/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes at sockets. A TCP socket is known by its address in the kernel from its first state until it is closed: its own
 * counters tell what passed, however it was sent (sendfile, splice, MSG_ZEROCOPY, io_uring), and no send of anybody
 * pays for it. A datagram socket is known by its cookie, and its datagrams are counted as they pass the control group.
 */
#pragma once

#include "lib/sock.bpf.h"

#define SOCK_DONE_BIT (1UL << 1) /* enum sock_flags: the peer's FIN was received */

/* Who a socket belongs to. */
struct socket_owner {
	__u64 image_id;
	__u64 leader_start_ns;
	__u64 counted_in, counted_out; /* TCP: of the socket's counters, added to `traffic` or from before the start */
	__u32 tgid;
	__u16 role;	      /* AMBIT_ROLE_* */
	__u16 awaits_connect; /* TCP: how its connect ends is to be told */
};

/* Address of the struct sock -> owner; until the socket is closed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by the loader */
	__type(key, __u64);
	__type(value, struct socket_owner);
} tcp_sockets SEC(".maps") __weak;

/* Cookie -> owner; until the socket is released. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct socket_owner);
} udp_sockets SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by the loader */
	__type(key, struct ambit_traffic_key);
	__type(value, struct ambit_traffic);
} traffic SEC(".maps") __weak;

ALWAYS_INLINE void set_owner(struct socket_owner *owner, const struct subject *who, __u32 role)
{
	owner->image_id = who->image_id;
	owner->leader_start_ns = who->leader_start_ns;
	owner->tgid = who->tgid;
	owner->role = role;
}

ALWAYS_INLINE void set_traffic_owner(struct ambit_traffic_key *key, const struct socket_owner *owner)
{
	key->image_id = owner->image_id;
	key->leader_start_ns = owner->leader_start_ns;
	key->tgid = owner->tgid;
	key->role = owner->role;
}

ALWAYS_INLINE void add_traffic(const struct ambit_traffic_key *key, __u64 bytes_in, __u64 bytes_out)
{
	struct ambit_traffic *entry = bpf_map_lookup_elem(&traffic, key);

	if (!entry) {
		struct ambit_traffic fresh = {};

		/* Two who come at once both find it then. */
		bpf_map_update_elem(&traffic, key, &fresh, BPF_NOEXIST);
		entry = bpf_map_lookup_elem(&traffic, key);
		if (!entry) {
			count_loss(AMBIT_LOSS_TRAFFIC_FULL, key->image_id);
			return;
		}
	}
	if (bytes_in)
		__sync_fetch_and_add(&entry->bytes_in, bytes_in);
	if (bytes_out)
		__sync_fetch_and_add(&entry->bytes_out, bytes_out);
}

struct tcp_counts {
	__u64 in, out;
};

/* Payload only: `bytes_sent` counts what was sent again, too (first in this order: both only grow), and
 * `bytes_received` counts the peer's FIN as a byte. */
ALWAYS_INLINE struct tcp_counts tcp_counts_of(struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct tcp_counts counts;
	__u64 fin = READ(sk, __sk_common.skc_flags) & SOCK_DONE_BIT ? 1 : 0;

	counts.out = READ(tp, bytes_sent);
	counts.out -= READ(tp, bytes_retrans);
	counts.in = READ(tp, bytes_received);
	if (counts.in)
		counts.in -= fin;
	return counts;
}

/* Adds what passed since the last time. */
ALWAYS_INLINE void count_tcp(struct socket_owner *owner, struct sock *sk)
{
	struct tcp_counts now = tcp_counts_of(sk);
	struct inet_sock *inet = (struct inet_sock *)sk;
	struct ambit_traffic_key key = {};
	__u64 in = 0, out = 0;
	__u32 address[4];

	if (now.in > owner->counted_in)
		in = now.in - owner->counted_in;
	if (now.out > owner->counted_out)
		out = now.out - owner->counted_out;
	if (!in && !out)
		return;
	owner->counted_in += in;
	owner->counted_out += out;
	set_traffic_owner(&key, owner);
	key.protocol = IPPROTO_TCP;
	key.family = READ(sk, __sk_common.skc_family);
	if (key.family == AF_INET) {
		address[0] = READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(key.peer, address, 4);
	} else {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		if (is_mapped_v4(address)) {
			key.family = AF_INET;
			__builtin_memcpy(key.peer, &address[3], 4);
		} else {
			__builtin_memcpy(key.peer, address, 16);
		}
	}
	/* inet_num is given back before the socket is closed. */
	key.port = bpf_ntohs(key.role == AMBIT_ROLE_SERVER ? READ(inet, inet_sport) : READ(sk, __sk_common.skc_dport));
	add_traffic(&key, in, out);
}

ALWAYS_INLINE bool is_plain_tcp(struct sock *sk)
{
	__u16 family = READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && READ(sk, sk_protocol) == IPPROTO_TCP;
}

/* From here on its bytes are the subject's; those before, too, where `from_now` is false. */
ALWAYS_INLINE void own_tcp_socket(struct sock *sk, const struct subject *who, __u32 role, bool from_now)
{
	struct socket_owner owner = {};
	__u64 key = (__u64)sk;

	set_owner(&owner, who, role);
	if (from_now) {
		struct tcp_counts now = tcp_counts_of(sk);

		owner.counted_in = now.in;
		owner.counted_out = now.out;
	}
	/* One that is known already keeps what it has counted. */
	if (bpf_map_update_elem(&tcp_sockets, &key, &owner, from_now ? BPF_NOEXIST : BPF_ANY) &&
	    !bpf_map_lookup_elem(&tcp_sockets, &key))
		count_loss(AMBIT_LOSS_SOCKETS_FULL, who->image_id);
}

/* One that was bound first serves, until it is connected: then it asks, whatever it was. */
ALWAYS_INLINE void own_udp_socket(__u64 cookie, const struct subject *who, __u32 role, bool is_connected)
{
	struct socket_owner *known = bpf_map_lookup_elem(&udp_sockets, &cookie);
	struct socket_owner owner = {};

	if (known) {
		if (is_connected)
			known->role = role;
		return;
	}
	set_owner(&owner, who, role);
	if (bpf_map_update_elem(&udp_sockets, &cookie, &owner, BPF_ANY))
		count_loss(AMBIT_LOSS_SOCKETS_FULL, who->image_id);
}
