// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bytes per process and peer: end of datagram sockets, and the two iterators with which user space collects what
 * passed. What is connected joins in tcp_state.bpf.c, what is accepted in sockets.bpf.c, datagrams in dns.bpf.c.
 */
#include "lib/traffic.bpf.h"

#define ALLOW 1

SEC("cgroup/sock_release")
int cgroup__sock_release(struct bpf_sock *ctx)
{
	__u64 cookie;

	if (ctx->type != SOCK_DGRAM)
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	bpf_map_delete_elem(&udp_sockets, &cookie);
	return ALLOW;
}

/* Live connections. One that is about to close is left to its last state: two that count the same socket at once would
 * count it twice. */
SEC("iter/bpf_map_elem")
int iter__tcp_sockets(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key, address;
	struct socket_owner *owner;
	struct sock *sk;

	if (!key)
		return 0;
	address = *key;
	sk = (struct sock *)address;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_ESTABLISHED_STATE)
		return 0;
	owner = bpf_map_lookup_elem(&tcp_sockets, &address);
	if (!owner)
		return 0;
	/* Undecided when it was connected, or when the daemon started, and of no workload since. */
	if (image_state(owner->image_id) == AMBIT_IMAGE_IGNORED)
		bpf_map_delete_elem(&tcp_sockets, &address);
	else
		count_tcp(owner, sk);
	return 0;
}

/* Hands over what was added since the last time. */
SEC("iter/bpf_map_elem")
int iter__traffic(struct bpf_iter__bpf_map_elem *ctx)
{
	struct ambit_traffic_key *key = ctx->key;
	struct ambit_traffic_row row = {};
	struct ambit_traffic *entry;

	if (!key)
		return 0;
	row.key = *key;
	entry = bpf_map_lookup_elem(&traffic, &row.key);
	if (!entry)
		return 0;
	row.bytes_in = entry->bytes_in - entry->told_in;
	row.bytes_out = entry->bytes_out - entry->told_out;
	if (row.bytes_in || row.bytes_out)
		entry->idle = 0;
	else
		entry->idle++;
	row.idle = entry->idle;
	if (bpf_seq_write(ctx->meta->seq, &row, sizeof(row)))
		return 0; /* no room: the whole entry is shown once more */
	entry->told_in += row.bytes_in;
	entry->told_out += row.bytes_out;
	return 0;
}
