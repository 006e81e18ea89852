// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections that one request of io_uring takes after its first (IORING_ACCEPT_MULTISHOT). Answers but the last come
 * without the request: io_uring_submit.bpf.c remembers it by ring and number.
 */
#include "lib/multishot.bpf.h"
#include "lib/socket_acts.bpf.h"

/* Answers are made in a thread of the process that asked: its table of files is the one. */
ALWAYS_INLINE void connection_accepted(struct io_ring_ctx *ring, struct io_kiocb *last, __u64 user_data, __s32 res)
{
	struct multishot_key key = {(__u64)ring, user_data};
	struct multishot *accept;
	struct subject who;
	struct scratch *s;
	struct file *file;
	struct sock *sk;

	if (last) { /* told as any accept (io_uring_socket.bpf.c) */
		if (BPF_CORE_READ(last, opcode) == IORING_OP_ACCEPT_NR)
			forget_multishot(ring, user_data);
		return;
	}
	accept = bpf_map_lookup_elem(&multishots, &key);
	if (!accept || res < 0)
		return;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return;
	file = resulting_file(ring, who.task, accept->slot, res);
	sk = file ? sock_of_file(file) : NULL;
	if (!sk) {
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
		return;
	}
	s = take_scratch(who.image_id);
	if (!s)
		return;
	tell_accept(s, &who, sk, res, (struct telling){AMBIT_HOOK_TP_BTF_IO_URING, 0});
	give_back(s);
}

/* 6.13. Read by type: a kernel that passes numbers refuses it. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_accept, struct io_ring_ctx *ring, struct io_kiocb *last, struct io_uring_cqe *answer)
{
	connection_accepted(ring, last, answer->user_data, answer->res);
	return 0;
}

/* 5.19. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_accept__numbers, struct io_ring_ctx *ring, struct io_kiocb *last, __u64 user_data,
	     int res)
{
	connection_accepted(ring, last, user_data, res);
	return 0;
}
