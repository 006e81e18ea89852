/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The seen-table (map `seen`): accesses that user space has judged and would judge the same again. The kernel half
 * counts a hit and sends no record. Only user space inserts; a full table means more records, never fewer. Read by both
 * halves.
 */
#pragma once

#include "ambit/abi/record.h"

/* Of a file, or of a peer of connect and send. Both halves make it of the same facts: the kernel half before there is a
 * record, user space from the record. */
struct ambit_seen_key {
	__u64 image_id;
	__u64 ino;        /* peer: first half of the address, network order */
	__u64 parent_ino; /* peer: second half */
	__u64 mnt_id;     /* peer: 0 */
	__u32 dev;        /* peer: family << 16 | protocol */
	__u32 generation; /* of the inode; peer: socket type << 16 | port */
	__u32 name_hash;  /* ambit_rec_open.name_hash; peer: 0 */
	__u32 how;        /* ambit_seen_how() */
};

struct ambit_seen {
	__u64 count;           /* hits */
	__u64 first_ns;        /* of the access that was judged, CLOCK_BOOTTIME */
	__u64 last_ns;         /* of the last hit: the daemon's last tick before it; 0 = none */
	__u64 chain;           /* ambit_rec_open.chain; peer: 0 */
	__u64 path_generation; /* paths were last found unchanged at; written by the kernel half, 0 = not yet */
	__u32 judge_generation;    /* valid while it equals seen_generations[0] */
	__u32 workload_generation; /* valid while it equals seen_generations[workload] */
	__u32 workload;            /* below AMBIT_SEEN_GENERATIONS */
	__u32 pad;
};

/* 0 is for all; the workloads share the rest by place in the scope set. */
#define AMBIT_SEEN_GENERATIONS 256

/* What else tells two accesses apart: AMBIT_ACCESS_* (files; the low 12 bits), type of the file (mode), record type,
 * hook, and whether a 32-bit call made it. */
static inline __u32 ambit_seen_how(__u32 type, __u32 hook, __u32 quality, __u32 mode, __u32 access)
{
	return (access & 0xfff) | (mode >> 12 & 0xf) << 12 | (type & 0x7f) << 16 | (hook & 0xff) << 23 |
	       (quality & AMBIT_Q_COMPAT ? 1u : 0) << 31;
}
