/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as the programs of a control group see them: they begin with the IP header. */
#pragma once

#include "lib/emit.bpf.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define IP_FRAGMENT_OFFSET 0x1fff
#define IP6_FRAGMENT_OFFSET 0xfff8
#define IPPROTO_HOPOPTS 0
#define IPPROTO_ROUTING 43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_DSTOPTS 60
/* Bytes from the start of the packet. */
#define IP_PROTOCOL 9
#define IP6_NEXT_HEADER 6
#define IP6_HEADER 40
#define IP6_EXTENSIONS_MAX 4 /* in front of the payload; more than anybody sends */

struct packet {
	__u32 transport; /* offset of the TCP or UDP header */
	__u32 payload;	 /* offset */
	__u32 len;	 /* of the payload */
	__u32 seq;	 /* TCP: of the first byte of the payload */
	__u16 family;
	__u16 protocol;
	__u16 source, dest; /* ports, host order */
};

ALWAYS_INLINE bool find_transport_v4(struct __sk_buff *skb, struct packet *p)
{
	__u8 first, protocol;
	__be16 fragment;

	if (bpf_skb_load_bytes(skb, IP_PROTOCOL, &protocol, 1) || bpf_skb_load_bytes(skb, 0, &first, 1) ||
	    bpf_skb_load_bytes(skb, 6, &fragment, 2))
		return false;
	if (bpf_ntohs(fragment) & IP_FRAGMENT_OFFSET)
		return false;
	p->family = AF_INET;
	p->protocol = protocol;
	p->transport = (first & 0xf) * 4;
	return true;
}

ALWAYS_INLINE bool find_transport_v6(struct __sk_buff *skb, struct packet *p)
{
	__u32 at = IP6_HEADER;
	__u8 next;
	int i;

	if (bpf_skb_load_bytes(skb, IP6_NEXT_HEADER, &next, 1))
		return false;
	for (i = 0; i < IP6_EXTENSIONS_MAX; i++) {
		__u8 head[4];

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			break;
		if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
			return false;
		if (next == IPPROTO_FRAGMENT) {
			if (((__u32)head[2] << 8 | head[3]) & IP6_FRAGMENT_OFFSET)
				return false;
			at += 8;
		} else {
			at += (head[1] + 1) * 8;
		}
		next = head[0];
	}
	p->family = AF_INET6;
	p->protocol = next;
	p->transport = at;
	return true;
}

/* False for what is not IP, and for later fragments. */
ALWAYS_INLINE bool find_transport(struct __sk_buff *skb, struct packet *p)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return find_transport_v4(skb, p);
	return skb->protocol == bpf_htons(ETH_P_IPV6) && find_transport_v6(skb, p);
}

/* After find_transport(); false for all but UDP and TCP with a payload. */
ALWAYS_INLINE bool find_payload(struct __sk_buff *skb, struct packet *p)
{
	__be16 ports[2];

	if (p->protocol == IPPROTO_UDP) {
		p->payload = p->transport + sizeof(struct udphdr);
	} else if (p->protocol == IPPROTO_TCP) {
		__u8 words;
		__be32 seq;

		if (bpf_skb_load_bytes(skb, p->transport + 12, &words, 1) ||
		    bpf_skb_load_bytes(skb, p->transport + 4, &seq, sizeof(seq)))
			return false;
		p->seq = bpf_ntohl(seq);
		p->payload = p->transport + (words >> 4) * 4;
	} else {
		return false;
	}
	if (skb->len <= p->payload || bpf_skb_load_bytes(skb, p->transport, ports, sizeof(ports)))
		return false;
	p->len = skb->len - p->payload;
	p->source = bpf_ntohs(ports[0]);
	p->dest = bpf_ntohs(ports[1]);
	return true;
}

/* Of the other end, into 16 zeroed bytes. */
ALWAYS_INLINE void load_peer(struct __sk_buff *skb, const struct packet *p, bool is_out, __u8 *address)
{
	if (p->family == AF_INET)
		bpf_skb_load_bytes(skb, is_out ? 16 : 12, address, 4);
	else
		bpf_skb_load_bytes(skb, is_out ? 24 : 8, address, 16);
}
