// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* io_uring: rings being set up, and files opened through them. Such opens raise no system call of their own; the result
 * is taken when the request completes. Connects are seen by the cgroup hooks.
 */
#include "lib/io_uring.bpf.h"
#include "lib/open.bpf.h"

#define IORING_OP_OPENAT_NR 18
#define IORING_OP_OPENAT2_NR 28
#define IORING_OP_RENAMEAT_NR 35
#define IORING_OP_UNLINKAT_NR 36 /* may remove a directory */

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

SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_complete, struct io_ring_ctx *ring, void *request)
{
	struct io_kiocb *req = request;
	struct task_struct *owner;
	struct subject who;
	struct opened o;
	struct scratch *s;
	struct file *file;
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
	file = resulting_file(ring, owner, BPF_CORE_READ((struct io_open *)req, file_slot), ret);
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
