/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process that an act is aimed at, from kernel objects. */
#pragma once

#include "lib/emit.bpf.h"

struct target {
	__u64 start_ns;
	__u64 image_id;
	__u32 tgid; /* 0 = none, or the subject itself */
	__u32 state;
	__u32 owner; /* as in struct ambit_image */
	__u32 pad;
};

ALWAYS_INLINE struct task_struct *task_of_pid(struct pid *pid)
{
	struct hlist_node *first = BPF_CORE_READ(pid, tasks[0].first); /* PIDTYPE_PID */

	if (!first)
		return NULL;
	return (struct task_struct *)((void *)first - bpf_core_field_offset(struct task_struct, pid_links));
}

#define XARRAY_LEVELS 5 /* of 6 bits: pid numbers end at 2^22 */
#define XARRAY_BITS 6

/* Task with this number in the caller's pid namespace: what find_task_by_vpid() does, by the namespace's own table. */
ALWAYS_INLINE struct task_struct *task_by_number(struct task_struct *caller, __u32 number)
{
	struct pid *own = BPF_CORE_READ(caller, thread_pid);
	__u32 level = BPF_CORE_READ(own, level);
	struct upid innermost = {};
	struct pid_namespace *ns;
	__u64 entry;
	int i;

	bpf_probe_read_kernel(&innermost, sizeof(innermost),
			      (void *)own + bpf_core_field_offset(struct pid, numbers) + level * sizeof(innermost));
	ns = innermost.ns;
	entry = (__u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
#pragma clang loop unroll(full)
	for (i = 0; i < XARRAY_LEVELS; i++) {
		struct xa_node *node = (struct xa_node *)(entry & ~3ULL);
		__u32 shift, index;

		if ((entry & 3) != 2) /* not an inner node (include/linux/xarray.h) */
			return NULL;
		shift = BPF_CORE_READ(node, shift);
		index = number >> (shift & 31);
		if (index >> XARRAY_BITS && !i)
			return NULL; /* above what the table holds */
		index &= (1 << XARRAY_BITS) - 1;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) +
					      index * sizeof(entry));
		if (!shift)
			break;
	}
	if (!entry || entry & 3)
		return NULL;
	return task_of_pid((struct pid *)entry);
}

/* Leaves `out` empty for the subject itself, and makes no entry for the other. */
ALWAYS_INLINE void set_target(struct target *out, const struct subject *who, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u64 start_ns = BPF_CORE_READ(task, group_leader, start_boottime), image_id;
	struct ambit_proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	struct ambit_image *image;

	if (tgid == who->tgid)
		return;
	image_id = proc && proc->start_ns == start_ns ? proc->image_id : found_image_id(tgid, start_ns);
	image = bpf_map_lookup_elem(&images, &image_id);
	out->tgid = tgid;
	out->start_ns = start_ns;
	out->image_id = image_id;
	out->state = tgid == self_tgid ? AMBIT_IMAGE_SELF : image ? image->state : AMBIT_IMAGE_UNDECIDED;
	out->owner = image ? image->owner : 0;
}

/* By a number that the caller passed; 0 and negative ones mean the caller itself, or nobody. */
ALWAYS_INLINE void set_target_by_number(struct target *out, const struct subject *who, __s32 number, __u32 *quality)
{
	struct task_struct *task = number > 0 ? task_by_number(who->task, number) : NULL;

	if (!task)
		return;
	set_target(out, who, task);
	if (out->tgid)
		*quality |= AMBIT_Q_TARGET_NUMBER;
}

/* Everybody but what was judged to be of no workload; the daemon, too. */
ALWAYS_INLINE bool is_target_of_interest(const struct target *target)
{
	return target->tgid && target->state != AMBIT_IMAGE_IGNORED;
}

ALWAYS_INLINE __u32 target_quality(const struct target *target)
{
	return target->tgid && target->state == AMBIT_IMAGE_SELF ? AMBIT_Q_ON_AMBIT : 0;
}

/* Equal acts within this time are one record. */
#define TOLD_NS 1000000000ULL

struct told_key {
	__u64 image_id;
	__u64 target_start_ns;
	__u32 target_tgid;
	__u32 what; /* type, act and outcome */
	__u64 number;
};
struct told {
	__u64 boot_ns;
	__u32 repeats;
	__u32 pad;
};
/* The least recently repeated fall out first: a full table means more records, never fewer. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096); /* set by the loader */
	__type(key, struct told_key);
	__type(value, struct told);
} told_acts SEC(".maps") __weak;

/* True: told less than a second ago, now counted. False: to be told; `repeats` gets what was left out before. */
ALWAYS_INLINE bool is_repeated(const struct subject *who, const struct target *target, __u32 what, __u64 number,
			       __u32 *repeats)
{
	struct told_key key = {};
	struct told fresh = {}, *told;
	__u64 now = bpf_ktime_get_boot_ns();

	key.image_id = who->image_id;
	key.target_start_ns = target->start_ns;
	key.target_tgid = target->tgid;
	key.what = what;
	key.number = number;
	told = bpf_map_lookup_elem(&told_acts, &key);
	if (told && now - told->boot_ns < TOLD_NS) {
		__sync_fetch_and_add(&told->repeats, 1);
		return true;
	}
	if (told)
		*repeats = told->repeats;
	else
		count(AMBIT_COUNT_NEW_TOLD);
	fresh.boot_ns = now;
	bpf_map_update_elem(&told_acts, &key, &fresh, BPF_ANY);
	return false;
}
