/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring that accept one connection after the other. Only the last answer names the request; the others
 * carry the number that the caller gave it.
 */
#pragma once

#include "lib/io_uring.bpf.h"

struct multishot_key {
	__u64 ring;
	__u64 user_data;
};

struct multishot {
	__u32 slot; /* as in the request: 0 = descriptors */
	__u32 pad;
};

/* Those that were asked for the longest time ago fall out first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024); /* set by the loader */
	__type(key, struct multishot_key);
	__type(value, struct multishot);
} multishots SEC(".maps") __weak;

ALWAYS_INLINE void remember_multishot(struct io_kiocb *req)
{
	struct multishot_key key = {(__u64)BPF_CORE_READ(req, ctx), BPF_CORE_READ(req, cqe.user_data)};
	struct multishot accept = {BPF_CORE_READ((struct io_accept *)req, file_slot)};

	if (!bpf_map_lookup_elem(&multishots, &key))
		count(AMBIT_COUNT_NEW_MULTISHOT);
	bpf_map_update_elem(&multishots, &key, &accept, BPF_ANY);
}

/* Its last answer was given. */
ALWAYS_INLINE void forget_multishot(struct io_ring_ctx *ring, __u64 user_data)
{
	struct multishot_key key = {(__u64)ring, user_data};

	if (!bpf_map_delete_elem(&multishots, &key))
		count_back(AMBIT_COUNT_NEW_MULTISHOT);
}
