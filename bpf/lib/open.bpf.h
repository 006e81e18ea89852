/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One open: judged, identified and sent. Shared by system calls, io_uring and the hooks of the object itself. */
#pragma once

#include "lib/calls.bpf.h"
#include "lib/overlay.bpf.h"
#include "lib/seen.bpf.h"
#include "lib/target.bpf.h"

#define OPEN_PATH_MAX (PATH_BUFFER - 1)

ALWAYS_INLINE __u32 access_of(struct file *file, __u64 call_flags)
{
	__u32 mode = (__u32)(__u64)READ(file, f_mode), access = 0;

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

/* lsm/file_open and fentry/security_file_open see every open but those with O_PATH. */
ALWAYS_INLINE bool is_told_by_object(struct file *file)
{
	return opens_by_object && !((__u32)READ(file, f_mode) & FMODE_PATH);
}

#define NAME_WORD(text) (*(const __u64 *)(text))
/* Files and directories of /proc/<pid> and /proc/<pid>/task/<tid> that show memory, or the way to it and to open files.
 * What ps and top read of every process (stat, status, cmdline, ...) is not among them. */
ALWAYS_INLINE bool shows_process(const char name[16])
{
	__u64 first = NAME_WORD(name), second = NAME_WORD(name + 8);

	if (second)
		return (first == NAME_WORD("smaps_ro") && second == NAME_WORD("llup\0\0\0")) ||
		       (second == NAME_WORD("s\0\0\0\0\0\0") &&
			(first == NAME_WORD("numa_map") || first == NAME_WORD("map_file")));
	return first == NAME_WORD("mem\0\0\0\0") || first == NAME_WORD("environ") || first == NAME_WORD("maps\0\0\0") ||
	       first == NAME_WORD("smaps\0\0") || first == NAME_WORD("auxv\0\0\0") || first == NAME_WORD("stack\0\0") ||
	       first == NAME_WORD("syscall") || first == NAME_WORD("pagemap") || first == NAME_WORD("fd\0\0\0\0\0") ||
	       first == NAME_WORD("fdinfo\0");
}

/* Such a file's process: the one behind the inode, never the number in the path. */
ALWAYS_INLINE struct task_struct *process_behind(struct inode *inode, struct place *at)
{
	struct dentry *d = at->dentry;
	struct proc_inode *proc;
	char name[16] = {};
	struct pid *pid;

	if (READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return NULL;
	bpf_probe_read_kernel_str(name, sizeof(name), READ(d, d_name.name));
	if (!shows_process(name))
		return NULL;
	proc = (struct proc_inode *)((void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	pid = READ(proc, pid);
	return pid ? task_of_pid(pid) : NULL; /* none: /proc/sys and the like */
}

/* An open, as far as it is looked at before it is known whether it is told. */
struct opened {
	struct inode *inode;
	struct place at;
	struct task_struct *process; /* behind a file of /proc that shows one */
	struct target target;
	__u32 access;
	__u32 generation;    /* judge_generation() before the object was looked at */
	__u32 flags;	     /* AMBIT_PROTECT_* */
	struct inode *layer; /* of a file on an overlay: the one behind it */
};

/* Whether an access that was judged before is counted, or told again. */
enum repeats { REPEATS_COUNTED, REPEATS_TOLD };

/* False: nothing is to be told, the most frequent outcome by far. So: nothing that only a record needs. `access`:
 * AMBIT_ACCESS_*. `quality`: what is known already (AMBIT_Q_COMPAT). */
ALWAYS_INLINE bool look_at_file(struct opened *o, struct subject *who, struct file *file, __u32 access, __u16 hook,
				__u32 quality, const enum repeats repeats)
{
	struct layer_file layer;

	o->generation = judge_generation();
	o->access = access;
	o->inode = READ_POINTER(file, f_inode);
	place_of_file(&o->at, file);
	if (repeats == REPEATS_COUNTED && who->state == AMBIT_IMAGE_WATCHED &&
	    is_seen_open(who, o->inode, &o->at, o->access, hook, quality))
		return false;
	find_layer_file(&layer, o->inode);
	o->layer = layer.inode;
	o->flags = protected_flags_of(o->inode, &o->at) | layer.flags;
	if (repeats == REPEATS_COUNTED && who->state == AMBIT_IMAGE_IGNORED && o->flags &&
	    is_seen_open(who, o->inode, &o->at, o->access, hook, quality))
		return false;
	__builtin_memset(&o->target, 0, sizeof(o->target));
	o->process = process_behind(o->inode, &o->at);
	if (o->process)
		set_target(&o->target, who, o->process);
	if (is_of_interest(who) || o->flags || is_target_of_interest(&o->target))
		return true;
	count_alone(AMBIT_COUNT_FILTERED);
	return false;
}

/* `layer`: of a file on an overlay; NULL: none. */
ALWAYS_INLINE void put_layer(struct ambit_rec_open *r, struct inode *layer)
{
	if (!layer)
		return;
	r->real_ino = READ(layer, i_ino);
	r->real_dev = READ(layer, i_sb, s_dev);
}

/* `ret`: the descriptor; 0 where the hook comes before there is one. */
ALWAYS_INLINE void tell_open(struct scratch *s, struct subject *who, struct file *file, struct opened *o, __s32 ret,
			     __u16 hook, __u32 quality)
{
	struct ambit_rec_open *r = (struct ambit_rec_open *)s->record;
	struct target *target = &o->target;
	struct place root;
	__u32 path_len;

	__builtin_memset(r, 0, sizeof(*r));
	fill_object(&r->obj, o->inode, &o->at, who->task);
	r->obj.protected_flags = o->flags;
	put_layer(r, o->layer);
	r->target_tgid = o->process ? target->tgid ?: who->tgid : 0;
	r->target_start_ns = o->process ? target->start_ns ?: who->leader_start_ns : 0;
	r->ret = ret;
	r->access = o->access;
	r->flags = READ(file, f_flags);
	root_of(&root, who->task);
	path_len = append_path(s, sizeof(*r), &o->at, &root, OPEN_PATH_MAX, &quality);
	r->path_len = path_len;
	r->seen_generation = o->generation;
	r->name_hash = name_hash_of(o->at.dentry, who->task);
	r->chain = s->walk.chain;
	if (o->flags)
		quality |= AMBIT_Q_PROTECTED;
	fill_header(&r->h, who, o->access & AMBIT_ACCESS_EXECUTE ? AMBIT_REC_MAP : AMBIT_REC_OPEN, hook,
		    quality | target_quality(target));
	send_of_object(&r->h, sizeof(*r) + path_len, who, o->flags, r->obj.ino);
}
