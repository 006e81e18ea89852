/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Losses and counters. Atomic adds: some callers can be preempted. */
#pragma once

#include "maps.bpf.h"

/* For counters of programs that are not preempted: an atomic add costs more than the rest of counting. */
ALWAYS_INLINE void count_alone(__u32 what)
{
	__u64 *total = bpf_map_lookup_elem(&counters, &what);

	if (total)
		++*total;
}

ALWAYS_INLINE void count(__u32 what)
{
	__u64 *total = bpf_map_lookup_elem(&counters, &what);

	if (total)
		__sync_fetch_and_add(total, 1);
}

/* One of AMBIT_COUNT_NEW_* that went before it had to make room. */
ALWAYS_INLINE void count_back(__u32 what)
{
	__u64 *total = bpf_map_lookup_elem(&counters, &what);

	if (total)
		__sync_fetch_and_add(total, -1);
}

ALWAYS_INLINE void count_loss(__u32 reason, __u64 image_id)
{
	struct ambit_lost_key key = {.image_id = image_id, .reason = reason};
	__u64 *total = bpf_map_lookup_elem(&losses, &reason);
	__u64 *mine, one = 1;

	if (total)
		__sync_fetch_and_add(total, 1);
	mine = bpf_map_lookup_elem(&lost_by_image, &key);
	if (mine)
		__sync_fetch_and_add(mine, 1);
	else if (!bpf_map_update_elem(&lost_by_image, &key, &one, BPF_NOEXIST))
		count(AMBIT_COUNT_NEW_LOSER);
}
