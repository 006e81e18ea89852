/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The file of a layer behind a file of an overlay: the merged one is another object, and its layer's is opened inside
 * the kernel. The types are those of the overlay module, if it was loaded before us (5.11: modules have type
 * information).
 */
#pragma once

#include "lib/object.bpf.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630

/* 6.0 to 6.4, and before: where the lower file is. */
struct ovl_path___inside {
	struct dentry *dentry;
} __attribute__((preserve_access_index));
struct ovl_inode___path {
	struct ovl_path___inside lowerpath;
} __attribute__((preserve_access_index));
struct ovl_inode___inode {
	struct inode *lower;
} __attribute__((preserve_access_index));

ALWAYS_INLINE struct inode *lower_inode_of(struct ovl_inode *merged)
{
	struct ovl_inode___path *path = (void *)merged;
	struct ovl_inode___inode *plain = (void *)merged;
	struct ovl_entry *stack;
	struct dentry *lower;

	if (bpf_core_field_exists(plain->lower))
		return BPF_CORE_READ(plain, lower);
	if (bpf_core_field_exists(path->lowerpath)) {
		lower = BPF_CORE_READ(path, lowerpath.dentry);
	} else {
		stack = BPF_CORE_READ(merged, oe);
		if (!stack || !BPF_CORE_READ(stack, __numlower))
			return NULL;
		lower = BPF_CORE_READ(stack, __lowerstack[0].dentry);
	}
	return lower ? BPF_CORE_READ(lower, d_inode) : NULL;
}

struct layer_file {
	struct inode *inode; /* NULL: none, or not on an overlay */
	__u32 flags;	     /* AMBIT_PROTECT_* */
};

ALWAYS_INLINE __u32 protection_of_inode(struct inode *inode)
{
	__u64 ino = BPF_CORE_READ(inode, i_ino);

	return may_be_protected(ino) ? protection(&protected_files, ino, BPF_CORE_READ(inode, i_sb)) : 0;
}

/* Of the layers' files the protected one; else the one that is read. */
ALWAYS_INLINE void find_layer_file(struct layer_file *out, struct inode *inode)
{
	struct ovl_inode *merged;
	struct dentry *dentry;
	struct inode *lower, *upper;

	out->inode = NULL;
	out->flags = 0;
	if (!bpf_core_type_exists(struct ovl_inode) || READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return;
	merged = (struct ovl_inode *)((void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode));
	lower = lower_inode_of(merged);
	dentry = BPF_CORE_READ(merged, __upperdentry);
	upper = dentry ? BPF_CORE_READ(dentry, d_inode) : NULL;
	if (lower) {
		out->inode = lower;
		out->flags = protection_of_inode(lower);
	}
	if (upper && !out->flags) {
		out->inode = upper;
		out->flags = protection_of_inode(upper);
	}
}
