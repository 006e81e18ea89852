// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* io_uring: rings being set up; files opened and copied through them. These raise no system call of their own; the
 * result is taken when the request completes. Connects are seen by the cgroup hooks.
 */
#include "lib/copy.bpf.h"
#include "lib/io_uring.bpf.h"
#include "lib/open.bpf.h"

#define SPLICE_F_FD_IN_FIXED (1U << 31)

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

/* The number that was passed is looked up after the call; another thread may have put another file there. */
ALWAYS_INLINE void tell_splice(struct io_ring_ctx *ring, struct io_kiocb *req, struct subject *who, __s32 ret)
{
	struct io_splice *splice = (struct io_splice *)req;
	struct file *from, *to = BPF_CORE_READ(req, file);
	struct scratch *s;
	__s32 fd;

	if (!bpf_core_field_exists(splice->splice_fd_in))
		return;
	fd = BPF_CORE_READ(splice, splice_fd_in);
	if (BPF_CORE_READ(splice, flags) & SPLICE_F_FD_IN_FIXED)
		from = registered_file(ring, fd);
	else
		from = file_of_fd(who->task, fd);
	if (!from || !to)
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	tell_copy(s, who, from, to, AMBIT_COPY_SPLICE, ret, AMBIT_HOOK_TP_BTF_IO_URING, 0);
	give_back(s);
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
	__u64 asked;
	__u8 opcode;
	__s32 ret;

	/* Up to 5.18 the second argument is not the request. */
	if (!req || !bpf_core_type_exists(struct io_open) || !bpf_core_field_exists(req->cqe))
		return 0;
	opcode = BPF_CORE_READ(req, opcode);
	if (opcode == IORING_OP_RENAMEAT_NR || opcode == IORING_OP_UNLINKAT_NR)
		note_moved_paths();
	if (opcode != IORING_OP_OPENAT_NR && opcode != IORING_OP_OPENAT2_NR && opcode != IORING_OP_SPLICE_NR)
		return 0;
	ret = BPF_CORE_READ(req, cqe.res);
	if (ret < 0)
		return 0;
	owner = owner_of(req);
	subject_of(&who, owner);
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	if (opcode == IORING_OP_SPLICE_NR) {
		tell_splice(ring, req, &who, ret);
		return 0;
	}
	file = resulting_file(ring, owner, BPF_CORE_READ((struct io_open *)req, file_slot), ret);
	if (!file) {
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
		return 0;
	}
	if (is_told_by_object(file))
		return 0;
	asked = BPF_CORE_READ((struct io_open *)req, how.flags);
	if (!look_at_file(&o, &who, file, access_of(file, asked), AMBIT_HOOK_TP_BTF_IO_URING, 0, REPEATS_COUNTED))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	tell_open(s, &who, file, &o, ret, AMBIT_HOOK_TP_BTF_IO_URING, 0);
	give_back(s);
	return 0;
}
