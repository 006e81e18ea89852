/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Record header, ring room, wake-ups. */
#pragma once

#include "lib/attribution.bpf.h"
#include "lib/flood.bpf.h"

/* At most one forced wake-up per CPU in this time: waking the reader is the dearest part of a record (two interrupts
 * between processors, each an exit in a virtual machine). None where the reader will look by itself as soon. */
#define WAKE_INTERVAL_NS 1000000ULL

/* Who a record is of: an image's ordinary ones leave the reserve alone; those of a protected object, and what tells who
 * is who (exec, fork, exit, credentials), do not. Only the last have no share. */
enum room { ROOM_ORDINARY, ROOM_PROTECTED, ROOM_RESERVED };

ALWAYS_INLINE void fill_header(struct ambit_rec_header *h, struct subject *who, __u16 type, __u16 hook, __u32 quality)
{
	if (!who->cgroup_id)
		who->cgroup_id = task_cgroup_id(who->task);
	h->boot_ns = bpf_ktime_get_boot_ns();
	h->image_id = who->image_id;
	h->cgroup_id = who->cgroup_id;
	h->leader_start_ns = who->leader_start_ns;
	h->cpu_seq = 0;
	h->tgid = who->tgid;
	h->tid = who->tid;
	h->quality = quality | (who->state == AMBIT_IMAGE_UNDECIDED ? AMBIT_Q_UNDECIDED : 0);
	h->type = type;
	h->hook = hook;
	h->cpu = bpf_get_smp_processor_id();
	h->abi = AMBIT_ABI;
}

/* `sharer`: the image, or object_share(). False: refused and counted. */
ALWAYS_INLINE bool has_room(__u32 size, enum room room, __u64 image_id, __u64 sharer)
{
	__u64 used, open_bytes = ring_bytes - (room == ROOM_ORDINARY ? ring_reserve_bytes : 0);

	if (room == ROOM_RESERVED)
		return true;
	used = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
	if (used + size > open_bytes) {
		count_loss(room == ROOM_ORDINARY ? AMBIT_LOSS_RING_RESERVE : AMBIT_LOSS_RING_FULL, image_id);
		return false;
	}
	if (!is_within_share(sharer, size, used, open_bytes - used)) {
		count_loss(AMBIT_LOSS_THROTTLED, image_id);
		return false;
	}
	return true;
}

ALWAYS_INLINE __u64 wake_flags(struct cpu_state *cpu, bool is_urgent)
{
	__u64 now;

	if (!is_urgent && bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) < wake_bytes)
		return BPF_RB_NO_WAKEUP;
	now = bpf_ktime_get_ns();
	if (!cpu || now - cpu->last_wake_ns < WAKE_INTERVAL_NS || now < next_look_ns)
		return BPF_RB_NO_WAKEUP;
	cpu->last_wake_ns = now;
	return BPF_RB_FORCE_WAKEUP;
}

ALWAYS_INLINE struct cpu_state *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_states, &zero);
}

ALWAYS_INLINE bool wakes_reader(const struct ambit_rec_header *h, const struct subject *who)
{
	return h->type == AMBIT_REC_EXEC || (h->quality & AMBIT_Q_PROTECTED) || who->state == AMBIT_IMAGE_WATCHED;
}

/* Programs behind a trampoline stay on their CPU, but another task may run there in between. */
ALWAYS_INLINE bool is_preemptible_hook(__u16 hook)
{
	return hook == AMBIT_HOOK_FEXIT_CALL || hook == AMBIT_HOOK_LSM || hook == AMBIT_HOOK_FENTRY;
}

ALWAYS_INLINE void send_as(struct ambit_rec_header *h, __u32 size, const struct subject *who, enum room room,
			   __u64 sharer)
{
	struct cpu_state *cpu = this_cpu();

	if (cpu && !is_preemptible_hook(h->hook))
		h->cpu_seq = ++cpu->sequence;
	if (size > AMBIT_REC_MAX)
		size = AMBIT_REC_MAX;
	h->size = size;
	if (!has_room(size, room, who->image_id, sharer))
		return;
	if (bpf_ringbuf_output(&records, h, size, wake_flags(cpu, wakes_reader(h, who)))) {
		count_loss(AMBIT_LOSS_RING_FULL, who->image_id);
		return;
	}
	count(AMBIT_COUNT_SENT);
}

/* Sends the `size` bytes at `h`, whose header is filled. Not for programs that interrupt others. The numbering is not
 * atomic: records of preemptible hooks have none. */
ALWAYS_INLINE void send_record(struct ambit_rec_header *h, __u32 size, const struct subject *who, enum room room)
{
	send_as(h, size, who, room, who->image_id);
}

/* The same for an act on an object that may be protected (`flags`: AMBIT_PROTECT_*). `object` tells it from others. */
ALWAYS_INLINE void send_of_object(struct ambit_rec_header *h, __u32 size, const struct subject *who, __u32 flags,
				  __u64 object)
{
	send_as(h, size, who, flags ? ROOM_PROTECTED : ROOM_ORDINARY,
		flags ? object_share(who->image_id, object) : who->image_id);
}

/* For programs that can be preempted or interrupt others (cgroup hooks, socket states): a record of fixed size written
 * in place in the ring. Such records are not numbered (cpu_seq 0): the numbering is not atomic. */
#define reserve_record(type, who)                                                                                      \
	(has_room(sizeof(type), ROOM_ORDINARY, (who)->image_id, (who)->image_id)                                       \
		 ? (type *)reserve_bytes(sizeof(type), (who)->image_id)                                                \
		 : NULL)

ALWAYS_INLINE void *reserve_bytes(const __u32 size, __u64 image_id)
{
	void *record = bpf_ringbuf_reserve(&records, size, 0);

	if (!record)
		count_loss(AMBIT_LOSS_RING_FULL, image_id);
	return record;
}

ALWAYS_INLINE void submit_record(struct ambit_rec_header *h, __u32 size, const struct subject *who)
{
	h->size = size;
	count(AMBIT_COUNT_SENT);
	bpf_ringbuf_submit(h, wake_flags(this_cpu(), wakes_reader(h, who)));
}

/* Per-CPU room for tracing programs in process context. NULL: taken (counted), which means that such a program nested,
 * or was preempted behind a trampoline. */
ALWAYS_INLINE struct scratch *take_scratch(__u64 image_id)
{
	__u32 zero = 0;
	struct scratch *s = bpf_map_lookup_elem(&task_scratch, &zero);

	if (!s)
		return NULL;
	if (s->busy) {
		count_loss(AMBIT_LOSS_RECURSION, image_id);
		return NULL;
	}
	s->busy = 1;
	return s;
}

ALWAYS_INLINE void give_back(struct scratch *s)
{
	s->busy = 0;
}

/* The last 16 bytes before `end`: what tells one path from another, mostly. */
ALWAYS_INLINE __u64 text_end(struct scratch *s, __u32 end)
{
	__u32 at = end - 16;

	barrier_var(at);
	at &= AMBIT_REC_MAX - 1;
	return *(__u64 *)(s->record + at) * 31 + *(__u64 *)(s->record + at + 8) + end;
}

/* Appends `len` bytes of kernel memory to the record under construction; returns the new end. `len` is at most 4095 and
 * `at` below AMBIT_REC_MAX; both are masked once more because the verifier loses the bounds across the calls. */
ALWAYS_INLINE __u32 append(struct scratch *s, __u32 at, const void *from, __u32 len)
{
	__u32 where = at;

	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	barrier_var(len);
	len &= PATH_BUFFER - 1;
	if (bpf_probe_read_kernel(s->record + where, len, from))
		return at;
	return where + len;
}
