// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes of names by io_uring, told when the request completes: by the objects where a security hook saw them in the
 * thread that completes (name_objects.bpf.c), else by the names that were submitted (io_uring_submit.bpf.c).
 */
#include "lib/calls.bpf.h"
#include "lib/changes.bpf.h"
#include "lib/io_uring.bpf.h"

ALWAYS_INLINE bool is_change_of(__u8 opcode, __u32 op)
{
	switch (opcode) {
	case IORING_OP_RENAMEAT_NR:
		return op == AMBIT_NAME_RENAME;
	case IORING_OP_UNLINKAT_NR:
		return op == AMBIT_NAME_UNLINK || op == AMBIT_NAME_RMDIR;
	case IORING_OP_MKDIRAT_NR:
		return op == AMBIT_NAME_MKDIR;
	case IORING_OP_SYMLINKAT_NR:
		return op == AMBIT_NAME_SYMLINK;
	default:
		return op == AMBIT_NAME_LINK;
	}
}

/* What the hook kept in this thread. What it left of another request is no part of this one: a success has passed the
 * hook. */
ALWAYS_INLINE struct ambit_rec_name_change *seen_by_hook(__u64 task, __u8 opcode, __s32 ret)
{
	struct ambit_rec_name_change *seen;

	if (!changes_by_object || ret)
		return NULL;
	seen = bpf_map_lookup_elem(&changes, &task);
	return seen && is_change_of(opcode, seen->op) ? seen : NULL;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_names, struct io_ring_ctx *ring, void *request)
{
	__u64 key = (__u64)request, task = bpf_get_current_pid_tgid();
	struct ambit_rec_name_change *asked, *seen;
	struct io_kiocb *req = request;
	struct subject who;
	__u8 opcode;
	__s32 ret;

	/* Up to 5.18 the second argument is not the request. */
	if (!req || !bpf_core_field_exists(req->cqe))
		return 0;
	opcode = BPF_CORE_READ(req, opcode);
	if (opcode < IORING_OP_RENAMEAT_NR || opcode > IORING_OP_LINKAT_NR)
		return 0;
	ret = BPF_CORE_READ(req, cqe.res);
	asked = bpf_map_lookup_elem(&changes, &key);
	subject_of(&who, owner_of(req));
	seen = seen_by_hook(task, opcode, ret);
	if (seen)
		tell_change(seen, &who, ret, 0);
	else if (asked && (!ret || (is_refused(ret) && is_of_interest(&who))))
		tell_change(asked, &who, ret, 0);
	forget_change(key);
	if (changes_by_object)
		forget_change(task);
	return 0;
}
