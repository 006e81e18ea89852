// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of TCP sockets: whose they are from connect on, how that ends, and what passed when they are closed. */
#include "lib/seen.bpf.h"
#include "lib/traffic.bpf.h"

#define ECANCELED 125

/* Where the connect itself was judged before and sent nothing, how it ends is as little news. */
ALWAYS_INLINE bool is_known_peer(const struct subject *who, struct sock *sk)
{
	__u32 address[4] = {}, family = READ(sk, __sk_common.skc_family);
	__u16 port = bpf_ntohs(READ(sk, __sk_common.skc_dport));

	if (family == AF_INET) {
		address[0] = READ(sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		if (is_mapped_v4(address)) {
			family = AF_INET;
			address[0] = address[3];
			address[1] = address[2] = address[3] = 0;
		}
	}
	return find_seen_peer(who, AMBIT_REC_CONNECT, family, address, port, SOCK_STREAM, IPPROTO_TCP);
}

/* Only connect sets SYN_SENT, in the connecting process. The kernel's own connections (NFS ...) are nobody's. */
ALWAYS_INLINE void connect_begins(struct sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct socket_owner *owner;
	__u64 key = (__u64)sk;
	struct subject who;

	if (READ(task, flags) & PF_KTHREAD)
		return;
	subject_of(&who, task);
	if (!is_of_interest(&who))
		return;
	own_tcp_socket(sk, &who, AMBIT_ROLE_CLIENT, false);
	owner = bpf_map_lookup_elem(&tcp_sockets, &key);
	if (owner && !is_known_peer(&who, sk))
		owner->awaits_connect = 1;
}

/* In whatever context the answer came: the subject is the socket's owner. */
ALWAYS_INLINE void connect_ends(struct socket_owner *owner, struct sock *sk, bool is_established)
{
	__u32 tgid = owner->tgid;
	struct ambit_proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	struct subject who = {};
	struct ambit_rec_net *r;

	owner->awaits_connect = 0;
	who.image_id = owner->image_id;
	who.leader_start_ns = owner->leader_start_ns;
	who.cgroup_id = proc && proc->start_ns == owner->leader_start_ns ? proc->cgroup_id : 0;
	who.tgid = tgid;
	who.tid = tgid;
	who.state = image_state(owner->image_id);
	if (!is_of_interest(&who))
		return;
	r = reserve_record(struct ambit_rec_net, &who);
	if (!r)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	fill_net(r, sk);
	/* Given up by the caller, or before anything was sent, there is no error in the socket. */
	if (!is_established)
		r->ret = -(READ(sk, sk_err) ?: ECANCELED);
	fill_header(&r->h, &who, AMBIT_REC_CONNECT_RESULT, AMBIT_HOOK_TP_BTF_SOCK, 0);
	submit_record(&r->h, sizeof(*r), &who);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp_btf__tcp_state, struct sock *sk, const int old_state, const int new_state)
{
	bool is_connecting = old_state == TCP_SYN_SENT_STATE;
	__u64 key = (__u64)sk;
	struct socket_owner *owner;

	if (!is_connecting && new_state != TCP_SYN_SENT_STATE && new_state != TCP_CLOSE_STATE)
		return 0;
	if (!is_plain_tcp(sk))
		return 0;
	if (new_state == TCP_SYN_SENT_STATE) {
		connect_begins(sk);
		return 0;
	}
	owner = bpf_map_lookup_elem(&tcp_sockets, &key);
	if (!owner)
		return 0;
	if (is_connecting && owner->awaits_connect)
		connect_ends(owner, sk, new_state != TCP_CLOSE_STATE);
	if (new_state != TCP_CLOSE_STATE)
		return 0;
	count_tcp(owner, sk);
	bpf_map_delete_elem(&tcp_sockets, &key);
	return 0;
}
