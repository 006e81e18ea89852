// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DNS at port 53: questions and answers of sockets that watched processes pointed there, copied raw. What is said over
 * TCP is put together in user space. Bytes of datagrams are counted on the way.
 */
#include "lib/dns.bpf.h"
#include "lib/packet.bpf.h"
#include "lib/traffic.bpf.h"

#define PASS 1

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

/* From byte `from` of the payload on, as much as a record takes. */
ALWAYS_INLINE void send_payload(struct __sk_buff *skb, const struct packet *p, struct subject *who, __u64 cookie,
				__u16 direction, __u32 from)
{
	bool is_question = direction == AMBIT_DNS_QUESTION, is_tcp = p->protocol == IPPROTO_TCP;
	struct ambit_rec_dns *r = reserve_record(struct ambit_rec_dns, who);
	__u64 len;

	if (!r)
		return;
	/* Too large for an inlined memset. The helper zeroes the target of a read that fails, and NULL always does. */
	bpf_probe_read_kernel(r, sizeof(*r), NULL);
	r->cookie = cookie;
	r->family = p->family;
	r->direction = direction;
	r->wire_len = at_most(p->len, 0xffff);
	r->server_port = DNS_PORT;
	r->local_port = is_question ? p->source : p->dest;
	r->seq = is_tcp ? p->seq + from : 0;
	load_peer(skb, p, is_question, r->server);
	/* The caller leaves at least one byte; verifiers before 6.3 learn that a length is not 0 only this way. */
	len = at_most((__u64)p->len - from - 1, AMBIT_DNS_PAYLOAD_MAX - 1) + 1;
	if (!bpf_skb_load_bytes(skb, p->payload + from, r->payload, len))
		r->payload_len = len;
	else
		count_loss(AMBIT_LOSS_READ_FAILED, who->image_id);
	fill_header(&r->h, who, is_tcp ? AMBIT_REC_DNS_SEGMENT : AMBIT_REC_DNS, AMBIT_HOOK_CGROUP_SKB, 0);
	submit_record(&r->h, sizeof(*r), who);
}

/* Part `part` of what is said to or by a resolver. A function that the verifier looks at once, whatever led to it. */
__noinline int tell_dns(struct __sk_buff *skb, __u64 cookie, __u32 direction, __u32 part)
{
	__u32 from = part * AMBIT_DNS_PAYLOAD_MAX;
	struct subject who = {};
	struct packet p = {};

	if (!subject_of_socket(&who, cookie) || !find_transport(skb, &p) || !find_payload(skb, &p) || from >= p.len)
		return 0;
	send_payload(skb, &p, &who, cookie, direction, from);
	return p.len - from > AMBIT_DNS_PAYLOAD_MAX;
}

/* Messages over TCP may be larger than a record: answers of 4 KiB are usual for signed zones. What is longer still
 * leaves a hole, and user space counts the stream as broken. */
#define SEGMENT_RECORDS 8

ALWAYS_INLINE void tell_segment(struct __sk_buff *skb, __u64 cookie, __u16 direction)
{
	__u32 part;

	for (part = 0; part < SEGMENT_RECORDS; part++)
		if (!tell_dns(skb, cookie, direction, part))
			return;
}

ALWAYS_INLINE void count_datagram(struct __sk_buff *skb, const struct packet *p, __u64 cookie, bool is_out)
{
	struct socket_owner *owner = bpf_map_lookup_elem(&udp_sockets, &cookie);
	struct ambit_traffic_key key = {};

	if (!owner)
		return;
	if (image_state(owner->image_id) == AMBIT_IMAGE_IGNORED) { /* judged since */
		bpf_map_delete_elem(&udp_sockets, &cookie);
		return;
	}
	set_traffic_owner(&key, owner);
	key.protocol = IPPROTO_UDP;
	key.family = p->family;
	load_peer(skb, p, is_out, key.peer);
	key.port = (key.role == AMBIT_ROLE_SERVER) == is_out ? p->source : p->dest;
	add_traffic(&key, is_out ? 0 : p->len, is_out ? p->len : 0);
}

/* False for nearly all that passes, after one load: TCP is looked at only where the other end is a resolver. */
ALWAYS_INLINE bool may_matter(struct __sk_buff *skb)
{
	const __u8 *packet = (const void *)(__u64)skb->data, *end = (const void *)(__u64)skb->data_end;

	if (packet + IP6_HEADER > end)
		return true; /* not in the linear part: find_transport() looks */
	if (packet[IP_PROTOCOL] == IPPROTO_UDP || packet[IP6_NEXT_HEADER] == IPPROTO_UDP)
		return true;
	return skb->remote_port == bpf_htonl(DNS_PORT) ||
	       (packet[0] >> 4 == 6 && packet[IP6_NEXT_HEADER] != IPPROTO_TCP);
}

ALWAYS_INLINE int handle_packet(struct __sk_buff *skb, __u16 direction)
{
	bool is_question = direction == AMBIT_DNS_QUESTION;
	struct packet p = {};
	__u64 cookie;

	if (!may_matter(skb) || !find_transport(skb, &p))
		return PASS;
	if (p.protocol != IPPROTO_UDP && (p.protocol != IPPROTO_TCP || skb->remote_port != bpf_htonl(DNS_PORT)))
		return PASS;
	if (!find_payload(skb, &p))
		return PASS;
	cookie = bpf_get_socket_cookie(skb);
	if (p.protocol == IPPROTO_UDP)
		count_datagram(skb, &p, cookie, is_question);
	if ((is_question ? p.dest : p.source) != DNS_PORT || !bpf_map_lookup_elem(&dns_sockets, &cookie))
		return PASS;
	if (p.protocol == IPPROTO_TCP)
		tell_segment(skb, cookie, direction);
	else
		tell_dns(skb, cookie, direction, 0);
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
