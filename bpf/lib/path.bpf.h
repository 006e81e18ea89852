/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths as a process sees them: from the dentry and its mount up to the process's root, filled from right to left. */
#pragma once

#include "lib/emit.bpf.h"

/* One per component and one per mount crossing. 64 steps verify on 5.10 (platform notes: 78k instructions); past them
 * the tail is kept and AMBIT_Q_PATH_STEPS set. */
#define PATH_STEPS 64

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
	at->dentry = BPF_CORE_READ(path, dentry);
	at->mount = mount_of(BPF_CORE_READ(path, mnt));
}

ALWAYS_INLINE void root_of(struct place *root, struct task_struct *task)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	root->dentry = BPF_CORE_READ(fs, root.dentry);
	root->mount = mount_of(BPF_CORE_READ(fs, root.mnt));
}

ALWAYS_INLINE void place_of_file(struct place *at, struct file *file)
{
	at->dentry = BPF_CORE_READ(file, f_path.dentry);
	at->mount = mount_of(BPF_CORE_READ(file, f_path.mnt));
}

/* Writes the path of (dentry, mount) to the end of s->path[0..PATH_BUFFER) and returns the offset of its first byte.
 * `quality` gains AMBIT_Q_PATH_*. An object outside the process's root keeps the path from the root it does hang from
 * and is AMBIT_Q_PATH_DETACHED. */
static __noinline __u32 walk_path(struct scratch *s, struct place *at, struct place *root, __u32 *quality)
{
	struct dentry *d = at->dentry, *stop = root->dentry;
	struct mount *m = at->mount, *stop_mount = root->mount;
	__u32 off = PATH_BUFFER, flags = AMBIT_Q_PATH_STEPS;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PATH_STEPS; i++) {
		struct dentry *mount_root, *parent;
		const unsigned char *name;
		__u32 len;

		if (d == stop && m == stop_mount) {
			flags = 0;
			break;
		}
		mount_root = BPF_CORE_READ(m, mnt.mnt_root);
		if (d == mount_root) {
			struct mount *above = BPF_CORE_READ(m, mnt_parent);

			if (above == m) { /* top of a mount tree that is not the process's */
				flags = AMBIT_Q_PATH_DETACHED;
				break;
			}
			d = BPF_CORE_READ(m, mnt_mountpoint);
			m = above;
			continue;
		}
		parent = BPF_CORE_READ(d, d_parent);
		if (parent == d) {
			flags = AMBIT_Q_PATH_DETACHED;
			break;
		}
		len = BPF_CORE_READ(d, d_name.len) & 0xff;
		if (off <= len) {
			flags = AMBIT_Q_PATH_CUT;
			break;
		}
		off = (off - len - 1) & (PATH_BUFFER - 1); /* masked again: lets the verifier join the iterations */
		s->path[off] = '/';
		name = BPF_CORE_READ(d, d_name.name);
		bpf_probe_read_kernel(s->path + ((off + 1) & (PATH_BUFFER - 1)), len, name);
		d = parent;
	}
	if (off == PATH_BUFFER) { /* the root itself, or a nameless object */
		off = PATH_BUFFER - 1;
		s->path[off] = '/';
	}
	*quality |= flags;
	return off;
}

/* Walks and appends at most `max` bytes (the tail of longer ones). Returns the length. */
ALWAYS_INLINE __u32 append_path(struct scratch *s, __u32 at, struct place *place, struct place *root, __u32 max,
				__u32 *quality)
{
	__u32 off = walk_path(s, place, root, quality), len = PATH_BUFFER - off;

	if (len > max) {
		off += len - max;
		len = max;
		*quality |= AMBIT_Q_PATH_CUT;
	}
	barrier_var(off);
	off &= PATH_BUFFER - 1;
	return append(s, at, s->path + off, len) - at;
}
