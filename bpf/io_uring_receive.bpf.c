// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors received by io_uring's recvmsg. A program of its own: with those of io_uring.bpf.c it would need too much
 * stack.
 */
#include "lib/arrivals.bpf.h"

#define IORING_OP_RECVMSG_NR 10
#define IO_RING_F_COMPAT (1U << 11) /* of int_flags; its enumeration has no name */

/* 7.x: what was a bit of the ring's own is one among its flags. */
struct io_ring_ctx___flags {
	unsigned int int_flags;
} __attribute__((preserve_access_index));

ALWAYS_INLINE bool is_compat_ring(struct io_ring_ctx *ring)
{
	struct io_ring_ctx___flags *newer = (void *)ring;

	if (bpf_core_field_exists(ring->compat))
		return BPF_CORE_READ_BITFIELD_PROBED(ring, compat);
	return bpf_core_field_exists(newer->int_flags) && BPF_CORE_READ(newer, int_flags) & IO_RING_F_COMPAT;
}

/* Requests end in the process itself, in its worker or in its polling thread: the message is in reach. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_complete__received, struct io_ring_ctx *ring, void *request)
{
	struct io_kiocb *req = request;
	struct io_sr_msg *message = request;

	/* Up to 5.18 the second argument is not the request. */
	if (!req || !bpf_core_type_exists(struct io_sr_msg) || !bpf_core_field_exists(req->cqe))
		return 0;
	if (BPF_CORE_READ(req, opcode) != IORING_OP_RECVMSG_NR || BPF_CORE_READ(req, cqe.res) < 0)
		return 0;
	receive_message((__u64)BPF_CORE_READ(message, umsg), is_compat_ring(ring), AMBIT_HOOK_TP_BTF_IO_URING);
	return 0;
}
