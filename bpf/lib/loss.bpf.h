/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Losses and counters. Atomic adds: some callers can be preempted. */
#pragma once

#include "maps.bpf.h"

ALWAYS_INLINE void count_loss(__u32 reason, __u64 image_id)
{
	__u64 *total = bpf_map_lookup_elem(&losses, &reason);
	__u64 *mine, one = 1;

	if (total)
		__sync_fetch_and_add(total, 1);
	mine = bpf_map_lookup_elem(&lost_by_image, &image_id);
	if (mine)
		__sync_fetch_and_add(mine, 1);
	else
		bpf_map_update_elem(&lost_by_image, &image_id, &one, BPF_NOEXIST);
}

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
