/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Bytes by process and peer (map `traffic`), added up by the kernel half at sockets and handed over once a second. Read
 * by both halves.
 */
#pragma once

#include "ambit/abi/maps.h"

#define AMBIT_ROLE_CLIENT 0 /* this side began; `port` is the peer's */
#define AMBIT_ROLE_SERVER 1 /* accepted, or a bound datagram socket; `port` is the local one */

/* Compared as bytes. A process is who connected, accepted or bound, whoever holds the descriptor since. */
struct ambit_traffic_key {
	__u64 image_id; /* when the socket was bound to it */
	__u64 leader_start_ns;
	__u8 peer[16];  /* network order; IPv4 in the first 4 bytes, rest zero */
	__u32 tgid;
	__u16 family;   /* AF_INET, AF_INET6 */
	__u16 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	__u16 port;     /* host order */
	__u16 role;     /* AMBIT_ROLE_* */
	__u32 pad;
};

/* TCP: payload that left for the first time, and that arrived in order. UDP: payload of datagrams. */
struct ambit_traffic {
	__u64 bytes_in, bytes_out;
	__u64 told_in, told_out; /* of these, handed over; written by the iterator only */
	__u32 idle;		 /* times in a row that there was nothing to hand over; of the iterator */
	__u32 pad;
};

/* What iter__traffic writes for an entry. */
struct ambit_traffic_row {
	struct ambit_traffic_key key;
	__u64 bytes_in, bytes_out; /* since the last time */
	__u32 idle;		   /* as above; entries that stay idle are user space's to delete */
	__u32 pad;
};
