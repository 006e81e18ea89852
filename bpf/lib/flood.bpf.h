/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may fill the ring: no image holds more unread bytes than a share of what is free, so that one that floods leaves
 * room for all others, however slow the reader is. Records of protected objects may use the reserve, and have a share
 * for each image and object: who acts on one over and over hides neither others' acts nor its own on another object.
 * The share grows as the reader reads ("dynamic thresholds" of Choudhury and Hahne, IEEE/ACM Transactions on Networking
 * 6(2), 1998): with a half, one flood gets a third of the ring, two get a quarter each, n leave 2 parts in n + 2.
 * Nothing is counted while the ring is nearly empty.
 */
#pragma once

#include "lib/loss.bpf.h"

/* Part of the ring that all use as they like: no look-up of a table there. */
#define UNSHARED_PARTS 8

/* What an image has written and the reader has not released, from above: everything of `before` lies in front of
 * `mark`, everything of `since` behind it. */
struct unread {
	__u64 before, since; /* bytes */
	__u64 mark, last;    /* positions in the ring: where `since` begins; past its newest record */
};
/* The least recently writing fall out first: a full table lets more through, and the reserve stays. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096); /* set by the loader */
	__type(key, __u64);	   /* image id, or object_share() */
	__type(value, struct unread);
} unread_by_image SEC(".maps") __weak;

/* Lets go what the reader has released meanwhile. */
ALWAYS_INLINE void settle(struct unread *mine, __u64 released, __u64 written)
{
	if (released >= mine->last) {
		mine->before = 0;
		mine->since = 0;
		mine->mark = written;
	} else if (released >= mine->mark) {
		mine->before = mine->since;
		mine->since = 0;
		mine->mark = written;
	}
}

/* Bit 62 is set in images that were found, bit 63 in no image. */
ALWAYS_INLINE __u64 object_share(__u64 image_id, __u64 object)
{
	return (image_id ^ object * 0x9e3779b97f4a7c15ULL) | 1ULL << 63;
}

/* Whether the image may write a record of `size` bytes; `free` is what such records have left. Races between the
 * threads of one image cost some bytes of exactness and nothing else. */
ALWAYS_INLINE bool is_within_share(__u64 sharer, __u32 size, __u64 used, __u64 free)
{
	struct unread *mine;
	__u64 released, written;

	if (!flood_share_percent || used < ring_bytes / UNSHARED_PARTS)
		return true;
	written = bpf_ringbuf_query(&records, BPF_RB_PROD_POS);
	released = bpf_ringbuf_query(&records, BPF_RB_CONS_POS);
	mine = bpf_map_lookup_elem(&unread_by_image, &sharer);
	if (!mine) {
		struct unread first = {};

		first.since = size;
		first.mark = written;
		first.last = written + size;
		if (!bpf_map_update_elem(&unread_by_image, &sharer, &first, BPF_NOEXIST))
			count(AMBIT_COUNT_NEW_WRITER);
		return true;
	}
	settle(mine, released, written);
	if (mine->before + mine->since + size > free * flood_share_percent / 100)
		return false;
	mine->last = written + size;
	__sync_fetch_and_add(&mine->since, size);
	return true;
}
