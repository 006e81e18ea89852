/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Both ends of a vsock socket. The type is built in or that of the vsock module, if it was loaded before us (5.11:
 * modules have type information); else only the caller's address tells where a connect or bind goes.
 */
#pragma once

#include "lib/kernel.bpf.h"

ALWAYS_INLINE bool knows_vsock(void)
{
	return bpf_core_type_exists(struct vsock_sock);
}

ALWAYS_INLINE void put_vsock_end(__u8 *to, __u32 cid, __u32 port)
{
	__builtin_memcpy(to, &cid, sizeof(cid));
	__builtin_memcpy(to + sizeof(cid), &port, sizeof(port));
}

/* Zeros where the type is not known. */
ALWAYS_INLINE void put_vsock_ends(struct ambit_rec_net *r, struct sock *sk)
{
	struct vsock_sock *vsock = (struct vsock_sock *)sk;

	if (!knows_vsock())
		return;
	put_vsock_end(r->local, BPF_CORE_READ(vsock, local_addr.svm_cid), BPF_CORE_READ(vsock, local_addr.svm_port));
	put_vsock_end(r->remote, BPF_CORE_READ(vsock, remote_addr.svm_cid), BPF_CORE_READ(vsock, remote_addr.svm_port));
}

/* Of a socket whose ends this kernel's types do not tell. */
ALWAYS_INLINE __u32 missing_ends(const struct ambit_rec_net *r)
{
	return r->family == AF_VSOCK && !knows_vsock() ? AMBIT_Q_NO_BTF : 0;
}

/* include/uapi/linux/vm_sockets.h: family and a reserved word, port, CID. */
ALWAYS_INLINE __u32 put_user_vsock_end(__u8 *to, const void *address)
{
	__u32 words[3] = {};

	bpf_probe_read_user(words, sizeof(words), address);
	put_vsock_end(to, words[2], words[1]);
	return AMBIT_Q_USER_ADDR;
}
