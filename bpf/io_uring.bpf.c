// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* io_uring: rings being set up, and files opened through them. Such opens raise no system call of their own; the result
 * is taken when the request completes. Connects are seen by the cgroup hooks.
 */
#include "lib/open.bpf.h"

#define IORING_OP_OPENAT_NR 18
#define IORING_OP_OPENAT2_NR 28
#define IORING_OP_RENAMEAT_NR 35
#define IORING_OP_UNLINKAT_NR 36 /* may remove a directory */
#define FILE_INDEX_ALLOC (~0U)

SEC("tp_btf/io_uring_create")
int BPF_PROG(tp_btf__io_uring_create, int fd, void *ring, __u32 sq_entries, __u32 cq_entries, __u32 flags)
{
	struct ambit_rec_io_uring r = {};
	struct subject who;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return 0;
	r.setup_flags = flags;
	r.sq_entries = sq_entries;
	r.cq_entries = cq_entries;
	fill_header(&r.h, &who, AMBIT_REC_IO_URING, AMBIT_HOOK_TP_BTF_IO_URING, 0);
	send_record(&r.h, sizeof(r), &who, ROOM_ORDINARY);
	return 0;
}

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

SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_complete, struct io_ring_ctx *ring, void *request)
{
	struct io_kiocb *req = request;
	struct task_struct *owner;
	struct subject who;
	struct opened o;
	struct scratch *s;
	struct file *file;
	__u32 slot;
	__u8 opcode;
	__s32 ret;

	/* Up to 5.18 the second argument is not the request. */
	if (!req || !bpf_core_type_exists(struct io_open) || !bpf_core_field_exists(req->cqe))
		return 0;
	opcode = BPF_CORE_READ(req, opcode);
	if (opcode == IORING_OP_RENAMEAT_NR || opcode == IORING_OP_UNLINKAT_NR)
		note_moved_paths();
	if (opcode != IORING_OP_OPENAT_NR && opcode != IORING_OP_OPENAT2_NR)
		return 0;
	ret = BPF_CORE_READ(req, cqe.res);
	if (ret < 0)
		return 0;
	owner = owner_of(req);
	subject_of(&who, owner);
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	slot = BPF_CORE_READ((struct io_open *)req, file_slot);
	if (slot)
		file = registered_file(ring, slot == FILE_INDEX_ALLOC ? (__u32)ret : slot - 1);
	else
		file = file_of_fd(owner, ret);
	if (!file) {
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
		return 0;
	}
	if (!look_at_open(&o, &who, file, BPF_CORE_READ((struct io_open *)req, how.flags), AMBIT_HOOK_TP_BTF_IO_URING,
			  0))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	tell_open(s, &who, file, &o, ret, AMBIT_HOOK_TP_BTF_IO_URING, 0);
	give_back(s);
	return 0;
}
