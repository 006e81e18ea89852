// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DNS over UDP port 53: questions and answers of sockets that watched processes pointed there, copied raw. */
#include "lib/emit.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define DNS_PORT 53
#define PASS 1
#define IP_FRAGMENT_OFFSET 0x1fff
/* Bytes from the start of the packet. */
#define IPV4_PROTOCOL 9
#define IPV6_NEXT_HEADER 6
#define IPV6_HEADER 40

struct datagram {
	__u32 payload; /* offset */
	__u32 udp;     /* offset */
	__u16 family;
	__u16 wire_len;
	__u16 source, dest; /* ports */
};

/* False for nearly all that passes, after one load. */
ALWAYS_INLINE bool may_be_udp(struct __sk_buff *skb)
{
	const __u8 *packet = (const void *)(__u64)skb->data, *end = (const void *)(__u64)skb->data_end;

	if (packet + IPV6_HEADER > end)
		return true; /* not in the linear part: parse() looks */
	return packet[IPV4_PROTOCOL] == IPPROTO_UDP || packet[IPV6_NEXT_HEADER] == IPPROTO_UDP;
}

/* Finds UDP behind the IP header; false for anything else. IPv6 extension headers are not followed. */
ALWAYS_INLINE bool parse(struct __sk_buff *skb, struct datagram *d)
{
	struct udphdr udp;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		__u8 first, protocol;
		__be16 fragment;

		if (bpf_skb_load_bytes(skb, IPV4_PROTOCOL, &protocol, 1) || protocol != IPPROTO_UDP)
			return false;
		if (bpf_skb_load_bytes(skb, 0, &first, 1) || bpf_skb_load_bytes(skb, 6, &fragment, 2))
			return false;
		if (bpf_ntohs(fragment) & IP_FRAGMENT_OFFSET)
			return false;
		d->family = AF_INET;
		d->udp = (first & 0xf) * 4;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		__u8 next;

		if (bpf_skb_load_bytes(skb, IPV6_NEXT_HEADER, &next, 1) || next != IPPROTO_UDP)
			return false;
		d->family = AF_INET6;
		d->udp = IPV6_HEADER;
	} else {
		return false;
	}
	if (bpf_skb_load_bytes(skb, d->udp, &udp, sizeof(udp)))
		return false;
	d->source = bpf_ntohs(udp.source);
	d->dest = bpf_ntohs(udp.dest);
	d->wire_len = bpf_ntohs(udp.len);
	d->payload = d->udp + sizeof(udp);
	if (d->wire_len <= sizeof(udp))
		return false;
	d->wire_len -= sizeof(udp);
	return true;
}

/* Softirq or the sender's context: the subject is the socket's owner, not who happens to run. */
ALWAYS_INLINE bool subject_of_socket(struct subject *who, __u64 cookie)
{
	struct dns_owner *owner = bpf_map_lookup_elem(&dns_sockets, &cookie);
	struct ambit_proc *proc;

	if (!owner)
		return false;
	proc = bpf_map_lookup_elem(&procs, &owner->tgid);
	if (!proc || proc->start_ns != owner->leader_start_ns)
		return false;
	who->task = NULL;
	who->tgid = owner->tgid;
	who->tid = owner->tid;
	who->leader_start_ns = owner->leader_start_ns;
	who->cgroup_id = owner->cgroup_id ?: 1; /* never looked up: there is no task */
	who->image_id = proc->image_id;
	who->state = proc_state(proc);
	return is_of_interest(who);
}

ALWAYS_INLINE int handle_packet(struct __sk_buff *skb, __u16 direction)
{
	struct datagram d = {};
	struct ambit_rec_dns *r;
	struct subject who = {};
	__u64 cookie;
	__u64 len;

	if (!may_be_udp(skb) || !parse(skb, &d))
		return PASS;
	if ((direction == AMBIT_DNS_QUESTION ? d.dest : d.source) != DNS_PORT)
		return PASS;
	cookie = bpf_get_socket_cookie(skb);
	if (!subject_of_socket(&who, cookie))
		return PASS;
	r = reserve_record(struct ambit_rec_dns, &who);
	if (!r)
		return PASS;
	/* Too large for an inlined memset. The helper zeroes the target of a read that fails, and NULL always does. */
	bpf_probe_read_kernel(r, sizeof(*r), NULL);
	r->cookie = cookie;
	r->family = d.family;
	r->direction = direction;
	r->wire_len = d.wire_len;
	r->server_port = DNS_PORT;
	r->local_port = direction == AMBIT_DNS_QUESTION ? d.source : d.dest;
	if (d.family == AF_INET)
		bpf_skb_load_bytes(skb, direction == AMBIT_DNS_QUESTION ? 16 : 12, r->server, 4);
	else
		bpf_skb_load_bytes(skb, direction == AMBIT_DNS_QUESTION ? 24 : 8, r->server, 16);
	/* parse() lets nothing empty through; verifiers before 6.3 learn that a length is not 0 only this way. */
	len = at_most((__u64)d.wire_len - 1, AMBIT_DNS_PAYLOAD_MAX - 1) + 1;
	if (!bpf_skb_load_bytes(skb, d.payload, r->payload, len))
		r->payload_len = len;
	else
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
	fill_header(&r->h, &who, AMBIT_REC_DNS, AMBIT_HOOK_CGROUP_SKB, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return PASS;
}

SEC("cgroup_skb/egress")
int cgroup_skb__egress(struct __sk_buff *skb)
{
	return handle_packet(skb, AMBIT_DNS_QUESTION);
}

SEC("cgroup_skb/ingress")
int cgroup_skb__ingress(struct __sk_buff *skb)
{
	return handle_packet(skb, AMBIT_DNS_ANSWER);
}
