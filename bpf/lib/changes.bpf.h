/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of names that have begun and not ended. Where the object or the name is known is before the act (a security
 * hook, a request of io_uring), how it ended is known after it (the call returns, the request completes): the record is
 * made there, kept, and sent here.
 */
#pragma once

#include "lib/object.bpf.h"

/* A struct ambit_rec_name_change with its tail; h.size tells its length, h.hook who made it. */
struct begun_change {
	__u8 record[AMBIT_REC_MAX];
};

/* Task (pid and tgid), or address of the io_uring request -> change. The oldest fall out first: a member's
 * change is told by what the call passed then, a stranger's not at all. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256); /* set by the loader */
	__type(key, __u64);
	__type(value, struct begun_change);
} changes SEC(".maps") __weak;

/* `size`: bytes of the record in the scratch. */
ALWAYS_INLINE void keep_change(struct scratch *s, __u64 key, __u32 size, __u16 hook)
{
	struct ambit_rec_name_change *r = (struct ambit_rec_name_change *)s->record;

	r->h.size = size;
	r->h.hook = hook;
	if (!bpf_map_lookup_elem(&changes, &key))
		count(AMBIT_COUNT_NEW_CHANGE);
	bpf_map_update_elem(&changes, &key, s->record, BPF_ANY);
}

ALWAYS_INLINE void forget_change(__u64 key)
{
	if (!bpf_map_delete_elem(&changes, &key))
		count_back(AMBIT_COUNT_NEW_CHANGE);
}

/* What was kept of such a change; NULL: nothing. */
ALWAYS_INLINE struct ambit_rec_name_change *begun_change(__u64 key, __u32 op)
{
	struct ambit_rec_name_change *r = bpf_map_lookup_elem(&changes, &key);

	return r && r->op == op ? r : NULL;
}

/* `quality`: what is known only now (AMBIT_Q_COMPAT). */
ALWAYS_INLINE void tell_change(struct ambit_rec_name_change *r, struct subject *who, __s32 ret, __u32 quality)
{
	r->ret = ret;
	fill_header(&r->h, who, AMBIT_REC_NAME_CHANGE, r->h.hook, r->h.quality | quality);
	send_of_object(&r->h, r->h.size, who, r->obj.protected_flags, r->obj.ino);
}
