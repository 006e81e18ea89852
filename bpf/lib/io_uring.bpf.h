/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests of io_uring: whose they are, and the file that one made. */
#pragma once

#include "lib/object.bpf.h"

#define FILE_INDEX_ALLOC (~0U)

/* enum io_uring_op; the kernel's types do not tell all of them everywhere. */
#define IORING_OP_ACCEPT_NR 13
#define IORING_OP_CONNECT_NR 16
#define IORING_OP_OPENAT_NR 18
#define IORING_OP_OPENAT2_NR 28
#define IORING_OP_SPLICE_NR 30
#define IORING_OP_RENAMEAT_NR 35  /* 5.11 */
#define IORING_OP_UNLINKAT_NR 36  /* 5.11; may remove a directory */
#define IORING_OP_MKDIRAT_NR 37	  /* 5.15 */
#define IORING_OP_SYMLINKAT_NR 38 /* 5.15 */
#define IORING_OP_LINKAT_NR 39	  /* 5.15 */

/* The registered files of a ring before 6.13, and their number. */
struct io_fixed_file___array {
	unsigned long file_ptr;
} __attribute__((preserve_access_index));
struct io_file_table___array {
	struct io_fixed_file___array *files;
} __attribute__((preserve_access_index));
struct io_ring_ctx___array {
	struct io_file_table___array file_table;
	unsigned int nr_user_files;
} __attribute__((preserve_access_index));

ALWAYS_INLINE struct file *registered_file_in_array(struct io_ring_ctx *ring, __u32 index)
{
	struct io_ring_ctx___array *old = (void *)ring;
	struct io_fixed_file___array *files;
	unsigned long pointer = 0;

	if (!bpf_core_field_exists(old->file_table.files) || index >= BPF_CORE_READ(old, nr_user_files))
		return NULL;
	files = BPF_CORE_READ(old, file_table.files);
	bpf_probe_read_kernel(&pointer, sizeof(pointer), (void *)files + index * sizeof(pointer));
	return (struct file *)(pointer & ~7UL); /* the low bits are flags */
}

/* File in slot `index` of the ring's registered files (nodes since 6.13, 7029acd8a950). */
ALWAYS_INLINE struct file *registered_file(struct io_ring_ctx *ring, __u32 index)
{
	struct io_rsrc_node *node = NULL, **nodes;

	if (!bpf_core_field_exists(ring->file_table.data.nodes))
		return registered_file_in_array(ring, index);
	if (index >= BPF_CORE_READ(ring, file_table.data.nr))
		return NULL;
	nodes = BPF_CORE_READ(ring, file_table.data.nodes);
	bpf_probe_read_kernel(&node, sizeof(node), nodes + index);
	if (!node)
		return NULL;
	return (struct file *)(BPF_CORE_READ(node, file_ptr) & ~7ULL); /* the low bits are flags */
}

/* The request's own task since 6.13 (io_uring_task), a field of the request before. */
struct io_kiocb___task {
	struct task_struct *task;
} __attribute__((preserve_access_index));

ALWAYS_INLINE struct task_struct *owner_of(struct io_kiocb *req)
{
	struct io_kiocb___task *old = (void *)req;

	if (bpf_core_field_exists(old->task))
		return BPF_CORE_READ(old, task);
	return BPF_CORE_READ(req, tctx, task);
}

/* What an open, socket or accept that returned `ret` has made. `slot`: where it was to go, 0 = a descriptor. */
ALWAYS_INLINE struct file *resulting_file(struct io_ring_ctx *ring, struct task_struct *owner, __u32 slot, __s32 ret)
{
	if (slot)
		return registered_file(ring, slot == FILE_INDEX_ALLOC ? (__u32)ret : slot - 1);
	return file_of_fd(owner, ret);
}
