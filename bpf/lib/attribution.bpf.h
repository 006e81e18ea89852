/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who acts: process, image and what was decided of it. The store behind it (a hash by tgid) is known only here. */
#pragma once

#include "lib/loss.bpf.h"

struct subject {
	struct task_struct *task;
	__u64 image_id;
	__u64 leader_start_ns;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 tid;
	__u32 state; /* AMBIT_IMAGE_* */
	__u32 pad;
};

/* cgroup v2 id: the inode number of its directory. */
ALWAYS_INLINE __u64 task_cgroup_id(struct task_struct *task)
{
	return READ(task, cgroups, dfl_cgrp, kn, id);
}

/* New at exec, credential, namespace and cgroup change: count on this CPU, process, CPU. The counter alone is not
 * enough, because fetching atomics need 5.12 and programs at fexit can be preempted between two steps: two processes
 * may take the same count. Bit 62 stays free. */
ALWAYS_INLINE __u64 new_image_id(__u32 tgid)
{
	__u32 zero = 0;
	struct cpu_state *cpu = bpf_map_lookup_elem(&cpu_states, &zero);

	if (!cpu)
		return 0;
	cpu->image_counter++;
	return (cpu->image_counter & ((1ULL << 28) - 1)) << 34 | (__u64)(tgid & ((1U << 22) - 1)) << 12 |
	       (bpf_get_smp_processor_id() & 0xfff);
}

/* Image of a process that was there before us. A function of the process, so that whoever meets it first, in whatever
 * context, comes to the same number; bit 62 keeps these apart from the counted ones. */
ALWAYS_INLINE __u64 found_image_id(__u32 tgid, __u64 start_ns)
{
	return 1ULL << 62 | ((start_ns >> 10) & ((1ULL << 40) - 1)) << 22 | (tgid & ((1U << 22) - 1));
}

ALWAYS_INLINE __u32 image_state(__u64 image_id)
{
	struct ambit_image *image = bpf_map_lookup_elem(&images, &image_id);

	return image ? image->state : AMBIT_IMAGE_UNDECIDED;
}

/* The decision, cached in the process's entry until user space changes one. The generation is read before the table:
 * a change in between leaves a stale generation, never a stale state that looks fresh. */
ALWAYS_INLINE __u32 proc_state(struct ambit_proc *proc)
{
	__u32 generation = decision_generation, state;

	if (proc->state != AMBIT_IMAGE_UNDECIDED && proc->generation == generation)
		return proc->state;
	state = image_state(proc->image_id);
	proc->state = state;
	proc->generation = generation;
	return state;
}

ALWAYS_INLINE void forget_process(__u32 tgid)
{
	bpf_map_delete_elem(&procs, &tgid);
}

ALWAYS_INLINE void remember_process(__u32 tgid, __u64 start_ns, __u64 image_id, __u64 cgroup_id)
{
	struct ambit_proc proc = {};

	proc.image_id = image_id;
	proc.start_ns = start_ns;
	proc.cgroup_id = cgroup_id;
	if (bpf_map_update_elem(&procs, &tgid, &proc, BPF_ANY))
		count_loss(AMBIT_LOSS_PROCS_FULL, image_id);
}

/* Entry of a live process, made on first sight; NULL when the table is full, and of a task that ends: what it still
 * does (its children learn of their parent's death) comes behind its exit record, and nobody would take the entry out
 * again. */
ALWAYS_INLINE struct ambit_proc *find_process(struct task_struct *task, __u32 tgid, __u64 start_ns)
{
	struct ambit_proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	__u64 image_id;

	if (proc && proc->start_ns == start_ns)
		return proc;
	if (READ(task, flags) & PF_EXITING)
		return NULL;
	image_id = found_image_id(tgid, start_ns);
	if (tgid == self_tgid) {
		struct ambit_image self = {.state = AMBIT_IMAGE_SELF};

		bpf_map_update_elem(&images, &image_id, &self, BPF_NOEXIST);
	}
	remember_process(tgid, start_ns, image_id, task_cgroup_id(task));
	return bpf_map_lookup_elem(&procs, &tgid);
}

/* Fills `who` for any task of a process. */
ALWAYS_INLINE void subject_of(struct subject *who, struct task_struct *task)
{
	struct ambit_proc *proc;

	who->task = task;
	who->tgid = READ(task, tgid);
	who->tid = READ(task, pid);
	who->leader_start_ns = READ(task, group_leader, start_boottime);
	who->cgroup_id = 0; /* read when a record is made */
	who->pad = 0;
	proc = find_process(task, who->tgid, who->leader_start_ns);
	if (proc) {
		who->image_id = proc->image_id;
		who->state = proc_state(proc);
	} else {
		who->image_id = found_image_id(who->tgid, who->leader_start_ns);
		who->state = image_state(who->image_id);
	}
}

ALWAYS_INLINE void subject_of_current(struct subject *who)
{
	subject_of(who, (struct task_struct *)bpf_get_current_task());
}

/* Longer than any restart, and short enough that the ring outlasts a daemon that is gone: who nobody judges would fill
 * it with ordinary acts. */
#define BEAT_LIMIT_NS 10000000000ULL

ALWAYS_INLINE bool is_daemon_gone(void)
{
	__u64 beat = daemon_tick_ns;

	return beat && bpf_ktime_get_boot_ns() > beat + BEAT_LIMIT_NS;
}

/* Whether ordinary acts of this process are sent. */
ALWAYS_INLINE bool is_of_interest(const struct subject *who)
{
	if (who->state == AMBIT_IMAGE_UNDECIDED && is_daemon_gone()) {
		count_loss(AMBIT_LOSS_NO_DAEMON, who->image_id);
		return false;
	}
	return who->state == AMBIT_IMAGE_UNDECIDED || who->state == AMBIT_IMAGE_WATCHED;
}

/* Gives the process a new image, undecided until user space has seen why. */
ALWAYS_INLINE __u64 renew_image(struct subject *who)
{
	__u64 old = who->image_id;

	who->image_id = new_image_id(who->tgid);
	who->state = AMBIT_IMAGE_UNDECIDED;
	remember_process(who->tgid, who->leader_start_ns, who->image_id, task_cgroup_id(who->task));
	return old;
}
