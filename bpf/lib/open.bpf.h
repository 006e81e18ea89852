/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One open: judged, identified and sent. Shared by system calls and io_uring. */
#pragma once

#include "lib/calls.bpf.h"
#include "lib/seen.bpf.h"

#define OPEN_PATH_MAX (PATH_BUFFER - 1)

ALWAYS_INLINE __u32 access_of(struct file *file, __u64 call_flags)
{
	__u32 mode = (__u32)(__u64)BPF_CORE_READ(file, f_mode), access = 0;

	if (mode & FMODE_PATH)
		return AMBIT_ACCESS_PATH;
	if (mode & FMODE_READ)
		access |= AMBIT_ACCESS_READ;
	if (mode & FMODE_WRITE)
		access |= AMBIT_ACCESS_WRITE;
	if (mode & FMODE_CREATED)
		access |= AMBIT_ACCESS_CREATED;
	if (call_flags & O_TRUNC) /* the kernel drops it from f_flags */
		access |= AMBIT_ACCESS_TRUNC;
	return access;
}

/* /proc/<pid>/mem and environ: the process behind the inode, never the number in the path. */
ALWAYS_INLINE struct task_struct *process_behind(struct inode *inode, struct place *at)
{
	struct dentry *d = at->dentry;
	struct proc_inode *proc;
	struct hlist_node *first;
	char name[8] = {};
	struct pid *pid;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return NULL;
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(d, d_name.name));
	if (!(name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && !name[3]) &&
	    !(name[0] == 'e' && name[1] == 'n' && name[2] == 'v' && name[3] == 'i' && name[4] == 'r' &&
	      name[5] == 'o' && name[6] == 'n' && !name[7]))
		return NULL;
	proc = (struct proc_inode *)((void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	pid = BPF_CORE_READ(proc, pid);
	if (!pid)
		return NULL;			    /* /proc/sys and the like */
	first = BPF_CORE_READ(pid, tasks[0].first); /* PIDTYPE_PID */
	if (!first)
		return NULL;
	return (struct task_struct *)((void *)first - bpf_core_field_offset(struct task_struct, pid_links));
}

/* State of another process without making an entry for it. */
ALWAYS_INLINE __u32 state_of_process(__u32 tgid, __u64 start_ns)
{
	struct ambit_proc *proc = bpf_map_lookup_elem(&procs, &tgid);

	if (!proc || proc->start_ns != start_ns)
		return AMBIT_IMAGE_UNDECIDED;
	return image_state(proc->image_id);
}

/* `call_flags`: O_* as asked. `quality`: what is known already (AMBIT_Q_COMPAT). */
ALWAYS_INLINE void handle_open(struct scratch *s, struct subject *who, struct file *file, __s32 ret, __u64 call_flags,
			       __u16 hook, __u32 quality)
{
	struct ambit_rec_open *r = (struct ambit_rec_open *)s->record;
	__u32 flags, target_tgid = 0, path_len, access = access_of(file, call_flags), generation = judge_generation();
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u64 target_start_ns = 0;
	struct task_struct *target;
	struct place at, root;
	bool is_target_watched = false;

	place_of_file(&at, file);
	if (who->state == AMBIT_IMAGE_WATCHED && is_seen_open(who, inode, &at, access, hook, quality))
		return;
	flags = protected_flags_of(inode, &at);
	if (who->state == AMBIT_IMAGE_IGNORED && flags && is_seen_open(who, inode, &at, access, hook, quality))
		return;
	target = process_behind(inode, &at);
	if (target) {
		target_tgid = BPF_CORE_READ(target, tgid);
		target_start_ns = BPF_CORE_READ(target, group_leader, start_boottime);
		if (target_tgid != who->tgid) {
			__u32 state = state_of_process(target_tgid, target_start_ns);

			is_target_watched = state == AMBIT_IMAGE_UNDECIDED || state == AMBIT_IMAGE_WATCHED;
		}
	}
	if (!is_of_interest(who) && !flags && !is_target_watched) {
		count(AMBIT_COUNT_FILTERED);
		return;
	}

	__builtin_memset(r, 0, sizeof(*r));
	fill_object(&r->obj, inode, &at, who->task);
	r->obj.protected_flags = flags;
	r->target_tgid = target_tgid;
	r->target_start_ns = target_start_ns;
	r->ret = ret;
	r->access = access;
	r->flags = BPF_CORE_READ(file, f_flags);
	root_of(&root, who->task);
	path_len = append_path(s, sizeof(*r), &at, &root, OPEN_PATH_MAX, &quality);
	r->path_len = path_len;
	r->seen_generation = generation;
	r->name_hash = name_hash_of(at.dentry, who->task);
	r->chain = s->walk.chain;
	if (flags)
		quality |= AMBIT_Q_PROTECTED;
	fill_header(&r->h, who, AMBIT_REC_OPEN, hook, quality);
	send_record(&r->h, sizeof(*r) + path_len, who, flags ? ROOM_RESERVED : ROOM_ORDINARY);
}
