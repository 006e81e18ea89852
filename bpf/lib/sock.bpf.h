/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets: from descriptor to struct sock, and its addresses into a network record. */
#pragma once

#include "lib/object.bpf.h"
#include "lib/vsock.bpf.h"

#define SOCKFS_MAGIC 0x534F434B
#define UNIX_PATH_MAX 108

ALWAYS_INLINE struct sock *sock_of_file(struct file *file)
{
	struct socket *socket;

	if (READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = (struct socket *)READ(file, private_data);
	return READ(socket, sk);
}

ALWAYS_INLINE struct sock *sock_of_fd(struct task_struct *task, __s32 fd)
{
	struct file *file = file_of_fd(task, fd);

	return file ? sock_of_file(file) : NULL;
}

/* Families whose peers may be on other machines. */
ALWAYS_INLINE bool is_network_family(__u16 family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_VSOCK;
}

ALWAYS_INLINE bool is_mapped_v4(const __u32 address[4])
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

/* IPv4 peers of IPv6 sockets are IPv4 to everybody who reads the record. */
ALWAYS_INLINE void put_v6(struct ambit_rec_net *r, __u8 *to, const __u32 address[4])
{
	if (is_mapped_v4(address)) {
		r->family = AF_INET;
		__builtin_memcpy(to, &address[3], 4);
	} else {
		__builtin_memcpy(to, address, 16);
	}
}

/* Where the name of a unix socket stands, and how long it is: files without the NUL that the kernel keeps with them,
 * abstract names with the NUL that they begin with; 0 = unnamed. */
ALWAYS_INLINE __u64 find_unix_name(struct unix_address *name, const void **path)
{
	char first = 0;
	__u64 len;

	if (!name)
		return 0;
	len = BPF_CORE_READ(name, len);
	if (len <= sizeof(__u16))
		return 0;
	len -= sizeof(__u16); /* sun_family */
	*path = (const void *)name + bpf_core_field_offset(struct unix_address, name) + sizeof(__u16);
	bpf_probe_read_kernel(&first, 1, *path);
	return at_most(first ? len - 1 : len, UNIX_PATH_MAX);
}

/* Name of a unix socket into r->path. */
ALWAYS_INLINE void put_unix_name(struct ambit_rec_net *r, struct unix_address *name)
{
	const void *path = NULL;
	__u64 len = find_unix_name(name, &path);

	if (len && bpf_probe_read_kernel(r->path, len, path) == 0)
		r->path_len = len;
}

ALWAYS_INLINE struct unix_address *unix_name_of(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, addr);
}

ALWAYS_INLINE struct unix_address *unix_name_of_peer(struct sock *sk)
{
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

	return peer ? unix_name_of(peer) : NULL;
}

/* Everything but unix names and the header. */
ALWAYS_INLINE void fill_net(struct ambit_rec_net *r, struct sock *sk)
{
	__u32 address[4];

	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->sock_type = BPF_CORE_READ(sk, sk_type);
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	r->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter); /* 0 until somebody asks the kernel for it */
	r->net_ns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (r->family == AF_INET) {
		address[0] = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		__builtin_memcpy(r->local, address, 4);
		address[0] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(r->remote, address, 4);
	} else if (r->family == AF_INET6) {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_rcv_saddr);
		put_v6(r, r->local, address);
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		put_v6(r, r->remote, address);
	} else if (r->family == AF_VSOCK) {
		put_vsock_ends(r, sk);
	}
	if (r->family == AF_INET || r->family == AF_INET6) {
		r->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
		r->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	}
}
