// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of TCP sockets, for their bytes: whose they are from connect on, and what passed when they are closed. */
#include "lib/traffic.bpf.h"

/* Only connect sets SYN_SENT, in the connecting process. The kernel's own connections (NFS ...) are nobody's. */
ALWAYS_INLINE void on_connect(struct sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct subject who;

	if (READ(task, flags) & PF_KTHREAD)
		return;
	subject_of(&who, task);
	if (is_of_interest(&who))
		own_tcp_socket(sk, &who, AMBIT_ROLE_CLIENT, false);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp_btf__tcp_state, const struct sock *sk, const int old_state, const int new_state)
{
	__u64 key = (__u64)sk;
	struct socket_owner *owner;

	if (new_state != TCP_SYN_SENT_STATE && new_state != TCP_CLOSE_STATE)
		return 0;
	if (!is_plain_tcp((struct sock *)sk))
		return 0;
	if (new_state == TCP_SYN_SENT_STATE) {
		on_connect((struct sock *)sk);
		return 0;
	}
	owner = bpf_map_lookup_elem(&tcp_sockets, &key);
	if (!owner)
		return 0;
	count_tcp(owner, (struct sock *)sk);
	bpf_map_delete_elem(&tcp_sockets, &key);
	return 0;
}
