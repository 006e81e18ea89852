// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sockets by io_uring, told when the request completes: accept, socket of an unusual kind, bind and listen of unix and
 * vsock sockets, and their connect where the kernel has no cgroup hook for it. What TCP and UDP do otherwise, the
 * cgroup hooks and the socket's state show whoever asked for it.
 */
#include "lib/io_uring.bpf.h"
#include "lib/socket_acts.bpf.h"

#define IORING_OP_SOCKET_NR 45
#define IORING_OP_BIND_NR 56   /* 6.11 */
#define IORING_OP_LISTEN_NR 57 /* 6.11 */

ALWAYS_INLINE bool is_socket_request(__u8 opcode)
{
	return opcode == IORING_OP_ACCEPT_NR || opcode == IORING_OP_SOCKET_NR || opcode == IORING_OP_BIND_NR ||
	       opcode == IORING_OP_LISTEN_NR || opcode == IORING_OP_CONNECT_NR;
}

ALWAYS_INLINE struct sock *sock_of_request(struct io_kiocb *req)
{
	struct file *file = BPF_CORE_READ(req, file);

	return file ? sock_of_file(file) : NULL;
}

/* Nearly all are of TCP, which other hooks tell. */
ALWAYS_INLINE bool is_connect_left_out(struct io_kiocb *req)
{
	struct sock *sk = sock_of_request(req);

	return !sk || !is_connect_told(sk);
}

ALWAYS_INLINE void tell_new_socket(struct scratch *s, struct subject *who, struct io_kiocb *req, __s32 ret,
				   struct telling how)
{
	struct io_socket *request = (struct io_socket *)req;

	if (bpf_core_type_exists(struct io_socket))
		tell_socket(s, who, BPF_CORE_READ(request, domain), BPF_CORE_READ(request, type),
			    BPF_CORE_READ(request, protocol), ret, how);
}

ALWAYS_INLINE void tell_accepted(struct scratch *s, struct subject *who, struct io_ring_ctx *ring, struct io_kiocb *req,
				 __s32 ret, struct telling how)
{
	__u32 slot = 0;
	struct file *file;
	struct sock *sk;

	if (ret < 0)
		return;
	if (bpf_core_field_exists(((struct io_accept *)req)->file_slot))
		slot = BPF_CORE_READ((struct io_accept *)req, file_slot);
	file = resulting_file(ring, who->task, slot, ret);
	sk = file ? sock_of_file(file) : NULL;
	if (sk)
		tell_accept(s, who, sk, ret, how);
	else
		count_loss(AMBIT_LOSS_READ_FAILED, who->image_id);
}

/* Requests on a socket that is there. */
ALWAYS_INLINE void tell_request(struct scratch *s, struct subject *who, struct io_kiocb *req, __u8 opcode, __s32 ret,
				struct telling how)
{
	struct sock *sk = sock_of_request(req);

	if (!sk)
		return;
	if (opcode == IORING_OP_CONNECT_NR)
		tell_connect(s, who, sk, BPF_CORE_READ((struct io_connect *)req, addr), ret, how);
	else if (!ret)
		tell_name(s, who, sk, NULL, opcode == IORING_OP_BIND_NR ? AMBIT_REC_BIND : AMBIT_REC_LISTEN, how);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(tp_btf__io_uring_socket, struct io_ring_ctx *ring, void *request)
{
	struct telling how = {AMBIT_HOOK_TP_BTF_IO_URING, 0};
	struct io_kiocb *req = request;
	struct subject who;
	struct scratch *s;
	__u8 opcode;
	__s32 ret;

	/* Up to 5.18 the second argument is not the request; further answers to one (multishot) have none. */
	if (!req || !bpf_core_type_exists(struct io_accept) || !bpf_core_field_exists(req->cqe))
		return 0;
	opcode = BPF_CORE_READ(req, opcode);
	if (!is_socket_request(opcode) || (opcode == IORING_OP_CONNECT_NR && is_connect_left_out(req)))
		return 0;
	subject_of(&who, owner_of(req));
	if (!is_of_interest(&who))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	ret = BPF_CORE_READ(req, cqe.res);
	if (opcode == IORING_OP_SOCKET_NR)
		tell_new_socket(s, &who, req, ret, how);
	else if (opcode == IORING_OP_ACCEPT_NR)
		tell_accepted(s, &who, ring, req, ret, how);
	else
		tell_request(s, &who, req, opcode, ret, how);
	give_back(s);
	return 0;
}
