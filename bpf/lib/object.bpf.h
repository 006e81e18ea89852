/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identity of file objects, and which of them are protected. */
#pragma once

#include "lib/path.bpf.h"

/* File behind a descriptor of `task`; NULL when there is none. */
ALWAYS_INLINE struct file *file_of_fd(struct task_struct *task, __s32 fd)
{
	struct fdtable *table = READ(task, files, fdt);
	struct file **slots = READ(table, fd);

	if (fd < 0 || (__u32)fd >= READ(table, max_fds))
		return NULL;
	return read_slot(slots, fd);
}

ALWAYS_INLINE void fill_object(struct ambit_object *obj, struct inode *inode, struct place *at,
			       struct task_struct *task)
{
	struct super_block *sb = READ(inode, i_sb);
	struct dentry *d = at->dentry;
	struct mount *m = at->mount;

	obj->ino = READ(inode, i_ino);
	obj->parent_ino = READ(d, d_parent, d_inode, i_ino);
	obj->size = READ(inode, i_size);
	obj->mnt_id = mount_id(m);
	obj->dev = READ(sb, s_dev);
	obj->generation = READ(inode, i_generation);
	obj->nlink = READ(inode, i_nlink);
	obj->mode = READ(inode, i_mode);
	obj->sb_magic = READ(sb, s_magic);
	obj->mnt_ns = READ(task, nsproxy, mnt_ns, ns.inum);
	obj->uid = READ(inode, i_uid.val);
	obj->protected_flags = 0;
}

ALWAYS_INLINE bool may_be_protected(__u64 ino)
{
	__u32 bit = (ino ^ ino >> 18) & (PROTECTED_BITS - 1);

	return protected_bits[bit / 64] >> (bit % 64) & 1;
}

ALWAYS_INLINE __u32 protection(void *map, __u64 ino, struct super_block *sb)
{
	struct ambit_file_key key = {.ino = ino};
	__u32 *flags;

	key.dev = READ(sb, s_dev);
	flags = bpf_map_lookup_elem(map, &key);
	return flags ? *flags : 0;
}

/* path.bpf.c: AMBIT_PROTECT_* of directories at or above a place, across mount points. */
__u64 protected_dirs_above(__u64 dentry, __u64 mount);

ALWAYS_INLINE __u32 protected_above(struct place *at)
{
	return protected_dirs_above((__u64)at->dentry, (__u64)at->mount);
}

ALWAYS_INLINE __u32 protected_flags_of(struct inode *inode, struct place *at)
{
	__u64 ino = READ(inode, i_ino);
	__u32 flags = 0;

	if (may_be_protected(ino))
		flags = protection(&protected_files, ino, READ(inode, i_sb));
	if (protected_dir_count)
		flags |= protected_above(at);
	return flags;
}
