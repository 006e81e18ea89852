// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors received by io_uring's recvmsg. A program of its own: with those of io_uring.bpf.c it would need too much
 * stack.
 */
#include "lib/arrivals.bpf.h"

#define IORING_OP_RECVMSG_NR 10

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
	receive_message((__u64)BPF_CORE_READ(message, umsg), BPF_CORE_READ_BITFIELD_PROBED(ring, compat),
			AMBIT_HOOK_TP_BTF_IO_URING);
	return 0;
}
