// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* connect of unix sockets, and datagrams to a stated address (6.7+). libbpf 1.1 does not know the hooks: the loader
 * sets type and attach type by hand. A file of its own, because only this one needs kernel functions.
 */
#include "lib/sock.bpf.h"

#define ALLOW 1

extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak; /* 6.2; weak, so that the object opens without it */

ALWAYS_INLINE int handle_unix(struct bpf_sock_addr *ctx, __u16 type)
{
	struct bpf_sock_addr_kern *kernel_ctx = bpf_cast_to_kern_ctx(ctx);
	const void *address = (const void *)BPF_CORE_READ(kernel_ctx, uaddr); /* the kernel's copy */
	__u64 len = BPF_CORE_READ(kernel_ctx, uaddrlen);
	struct ambit_rec_net *r;
	struct task_struct *task;
	struct subject who;
	__u64 cookie;

	subject_of_current(&who);
	if (!is_of_interest(&who))
		return ALLOW;
	cookie = bpf_get_socket_cookie(ctx);
	r = reserve_record(struct ambit_rec_net, &who);
	if (!r)
		return ALLOW;
	__builtin_memset(r, 0, sizeof(*r));
	task = who.task;
	r->cookie = cookie;
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	r->family = AF_UNIX;
	r->sock_type = ctx->type;
	if (len > sizeof(__u16)) {
		len = at_most(len - sizeof(__u16), UNIX_PATH_MAX);
		bpf_probe_read_kernel(r->path, len, address + sizeof(__u16));
		if (r->path[0]) { /* a file name ends at its NUL or with the address */
			long real = bpf_probe_read_kernel_str(r->path, sizeof(r->path), r->path);

			r->path_len = real > 0 ? real - 1 : 0;
		} else {
			r->path_len = len;
		}
	}
	fill_header(&r->h, &who, type, AMBIT_HOOK_CGROUP_ADDR, 0);
	submit_record(&r->h, sizeof(*r), &who);
	return ALLOW;
}

SEC("cgroup_unix_connect")
int cgroup__connect_unix(struct bpf_sock_addr *ctx)
{
	return handle_unix(ctx, AMBIT_REC_CONNECT);
}

SEC("cgroup_unix_sendmsg")
int cgroup__sendmsg_unix(struct bpf_sock_addr *ctx)
{
	return handle_unix(ctx, AMBIT_REC_SEND);
}
