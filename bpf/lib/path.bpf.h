/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths as a process sees them: from the dentry and its mount up to the process's root, filled from right to left. */
#pragma once

#include "lib/emit.bpf.h"

struct place {
	struct dentry *dentry;
	struct mount *mount;
};

ALWAYS_INLINE struct mount *mount_of(struct vfsmount *mnt)
{
	return (struct mount *)((void *)mnt - bpf_core_field_offset(struct mount, mnt));
}

ALWAYS_INLINE void place_of_path(struct place *at, const struct path *path)
{
	at->dentry = READ_POINTER(path, dentry);
	at->mount = mount_of(READ_POINTER(path, mnt));
}

ALWAYS_INLINE void root_of(struct place *root, struct task_struct *task)
{
	struct fs_struct *fs = READ(task, fs);

	root->dentry = READ_POINTER(fs, root.dentry);
	root->mount = mount_of(READ_POINTER(fs, root.mnt));
}

ALWAYS_INLINE void place_of_file(struct place *at, struct file *file)
{
	at->dentry = READ_POINTER(file, f_path.dentry);
	at->mount = mount_of(READ_POINTER(file, f_path.mnt));
}

/* Unique among all mounts that ever were where the kernel has such a number (6.8); else it may be used again. */
ALWAYS_INLINE __u64 mount_id(struct mount *m)
{
	if (bpf_core_field_exists(m->mnt_id_unique))
		return READ(m, mnt_id_unique);
	return READ(m, mnt_id);
}

/* By the daemon's clock, which costs no call: a few times a second. */
ALWAYS_INLINE bool are_paths_unsettled(void)
{
	return daemon_tick_ns < paths_unsettled_ns;
}

/* path.bpf.c: writes the path to the end of the scratch's path[0..PATH_BUFFER); the result holds the offset of its
 * first byte in the low half and AMBIT_Q_PATH_* in the high one. Global, so that the verifier looks at its loop once
 * per program and not once per call and state. `room`: ROOM_OF_*. */
#define ROOM_OF_TASK 0
#define ROOM_OF_ITERATOR 1
__u64 walk_path(__u64 dentry, __u64 mount, __u64 root_dentry, __u64 root_mount, __u32 room);

/* path.bpf.c: what walk_path leaves in the scratch's `walk.chain`, without the path. Another path is another chain, but
 * for a chance of 2^-32 a step. */
__u64 path_chain(__u64 dentry, __u64 mount, __u64 root_dentry, __u64 root_mount);

/* Walks and appends at most `max` bytes (the tail of longer ones). Returns the length. */
ALWAYS_INLINE __u32 append_path(struct scratch *s, __u32 at, struct place *place, struct place *root, __u32 max,
				__u32 *quality)
{
	__u64 found =
		walk_path((__u64)place->dentry, (__u64)place->mount, (__u64)root->dentry, (__u64)root->mount, s->room);
	__u32 off = (__u32)found & (PATH_BUFFER - 1), len = PATH_BUFFER - off;

	*quality |= found >> 32;
	if (len > max) {
		off += len - max;
		len = max;
		*quality |= AMBIT_Q_PATH_CUT;
	}
	barrier_var(off);
	off &= PATH_BUFFER - 1;
	return append(s, at, s->path + off, len) - at;
}
