// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The walks up the directory tree. */
#include "lib/object.bpf.h"

/* One per component and one per mount crossing; past them the tail is kept and AMBIT_Q_PATH_STEPS set. */
#define PATH_STEPS 64
/* Levels above an object that are compared with the protected directories. */
#define PROTECTED_LEVELS 16

ALWAYS_INLINE __u64 found_path(__u32 off, __u32 flags)
{
	return (__u64)flags << 32 | off;
}

/* One more step of a chain: two walks come to the same number if they met the same names and mounts in the same order.
 * The dcache's hash of a name is salted with its directory, so equal steps are equal names in equal directories. */
ALWAYS_INLINE __u64 chain_step(__u64 chain, __u64 what)
{
	return (chain ^ what) * 0x9e3779b97f4a7c15ULL + (chain >> 29);
}

ALWAYS_INLINE struct scratch *scratch_of(__u32 room)
{
	__u32 zero = 0;

	if (room == ROOM_OF_ITERATOR)
		return bpf_map_lookup_elem(&iter_scratch, &zero);
	return bpf_map_lookup_elem(&task_scratch, &zero);
}

/* Puts "/name" before what was written; false where there is no room. */
ALWAYS_INLINE bool put_component(struct scratch *s, struct walk *w, struct dentry *d)
{
	__u32 len = READ(d, d_name.len) & 0xff, off = w->off;

	if (off <= len)
		return false;
	off = (off - len - 1) & (PATH_BUFFER - 1);
	s->path[off] = '/';
	bpf_probe_read_kernel(s->path + ((off + 1) & (PATH_BUFFER - 1)), len, READ(d, d_name.name));
	w->off = off;
	return true;
}

/* One component or one mount crossing; true when the walk is over. Global, and with its state in the scratch: the
 * verifier looks at it once per program and not once per step (3,700 instructions each). */
__u32 walk_step(__u32 room)
{
	struct scratch *s = scratch_of(room);
	struct dentry *d, *parent;
	struct mount *m;
	struct walk *w;

	if (!s)
		return true;
	w = &s->walk;
	d = (struct dentry *)w->dentry;
	m = (struct mount *)w->mount;
	if (w->dentry == w->root_dentry && w->mount == w->root_mount) {
		w->flags = 0;
		return true;
	}
	if (d == READ(m, mnt.mnt_root)) {
		struct mount *above = READ(m, mnt_parent);

		if (above == m) { /* top of a mount tree that is not the process's */
			w->flags = AMBIT_Q_PATH_DETACHED;
			return true;
		}
		w->chain = chain_step(w->chain, mount_id(m));
		w->dentry = (__u64)READ(m, mnt_mountpoint);
		w->mount = (__u64)above;
		return false;
	}
	parent = READ(d, d_parent);
	w->chain = chain_step(w->chain, READ(d, d_name.hash));
	if (parent == d) { /* an object that was never in a directory (memfd, pipe), or a root not mounted where we
			      look */
		char first = '/';

		w->flags = AMBIT_Q_PATH_DETACHED;
		bpf_probe_read_kernel(&first, 1, READ(d, d_name.name));
		if (first == '/')
			return true;
	}
	if (!put_component(s, w, d)) {
		w->flags = AMBIT_Q_PATH_CUT;
		return true;
	}
	w->dentry = (__u64)parent;
	return parent == d;
}

__u64 walk_path(__u64 dentry, __u64 mount, __u64 root_dentry, __u64 root_mount, __u32 room)
{
	struct scratch *s = scratch_of(room);
	struct walk *w;
	int i;

	if (!s)
		return found_path(0, AMBIT_Q_PATH_STEPS);
	w = &s->walk;
	w->dentry = dentry;
	w->mount = mount;
	w->root_dentry = root_dentry;
	w->root_mount = root_mount;
	w->chain = 0;
	w->off = PATH_BUFFER;
	w->flags = AMBIT_Q_PATH_STEPS;
#pragma clang loop unroll(disable)
	for (i = 0; i < PATH_STEPS; i++) {
		if (walk_step(room))
			break;
	}
	if (w->off == PATH_BUFFER) { /* the root itself, or a nameless object */
		w->off = PATH_BUFFER - 1;
		s->path[PATH_BUFFER - 1] = '/';
	}
	return found_path(w->off, w->flags);
}

__u64 path_chain(__u64 dentry, __u64 mount, __u64 root_dentry, __u64 root_mount)
{
	struct dentry *d = (struct dentry *)dentry, *stop = (struct dentry *)root_dentry;
	struct mount *m = (struct mount *)mount, *stop_mount = (struct mount *)root_mount;
	__u64 chain = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PATH_STEPS; i++) {
		struct dentry *parent;

		if (d == stop && m == stop_mount)
			break;
		if (d == READ(m, mnt.mnt_root)) {
			struct mount *above = READ(m, mnt_parent);

			if (above == m)
				break;
			chain = chain_step(chain, mount_id(m));
			d = READ(m, mnt_mountpoint);
			m = above;
			continue;
		}
		parent = READ(d, d_parent);
		chain = chain_step(chain, READ(d, d_name.hash));
		if (parent == d)
			break;
		d = parent;
	}
	return chain;
}

/* AMBIT_PROTECT_* of a directory and those above it, step by step. */
ALWAYS_INLINE __u32 walk_protected(struct dentry *d, struct mount *m, struct dentry *top)
{
	__u32 flags = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PROTECTED_LEVELS; i++) {
		struct inode *inode = READ(d, d_inode);
		__u64 ino = READ(inode, i_ino);
		struct dentry *parent;

		if (may_be_protected(ino))
			flags |= protection(&protected_dirs, ino, READ(inode, i_sb));
		if (d == top) {
			struct mount *above = READ_POINTER(m, mnt_parent);

			if (above == m)
				break;
			d = READ_POINTER(m, mnt_mountpoint);
			m = above;
			top = READ_POINTER(m, mnt.mnt_root);
			continue;
		}
		parent = READ_POINTER(d, d_parent);
		if (parent == d)
			break;
		d = parent;
	}
	return flags;
}

/* A directory at a place, at a time: one number, so that it is written and compared at once. The name's hash is salted
 * with the directory above, and a directory that is neither renamed nor removed stays where it is: so the number that
 * an entry keeps means the same directory in the same place. */
ALWAYS_INLINE __u64 plain_dir_number(__u64 slot, struct dentry *dir, __u64 generation)
{
	struct inode *inode = READ(dir, d_inode);

	slot = chain_step(slot, READ(inode, i_ino));
	return chain_step(chain_step(slot, READ(dir, d_name.hash)), generation);
}

__u64 protected_dirs_above(__u64 dentry, __u64 mount)
{
	struct dentry *d = (struct dentry *)dentry, *dir = READ_POINTER(d, d_parent), *top;
	/* before the walk: what changes during it makes the entry stale */
	__u64 generation = path_generation + ((__u64)protected_generation << 40), slot, number = 0;
	struct mount *m = (struct mount *)mount;
	__u32 flags = 0, above, at = 0;

	top = READ_POINTER(m, mnt.mnt_root);
	if (d != top && d != dir) {
		struct inode *inode = READ(d, d_inode);
		__u64 ino = READ(inode, i_ino);

		if (may_be_protected(ino))
			flags = protection(&protected_dirs, ino, READ(inode, i_sb));
		slot = chain_step((__u64)dir, mount);
		number = plain_dir_number(slot, dir, generation);
		at = slot >> (64 - PLAIN_DIR_BITS);
		if (plain_dirs[at] == number && !are_paths_unsettled())
			return flags;
		d = dir;
	}
	above = walk_protected(d, m, top);
	if (number && !above)
		plain_dirs[at] = number;
	return flags | above;
}
