/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One copy between two files, pipes or sockets: judged, identified and sent. Shared by system calls and io_uring. */
#pragma once

#include "lib/overlay.bpf.h"
#include "lib/sock.bpf.h"

#define COPY_PATH_MAX 3900 /* bytes; two of them fit AMBIT_REC_MAX */

/* Equal copies within this time are one record. */
#define COPY_TOLD_NS 1000000000ULL

struct copied {
	__u64 told_ns;
	__u64 bytes; /* left out since */
	__u32 repeats;
	__u32 pad;
};
/* The least recently repeated fall out first: a full table means more records, never fewer. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048); /* set by the loader */
	__type(key, struct ambit_copy_key);
	__type(value, struct copied);
} copies SEC(".maps") __weak;

ALWAYS_INLINE void fill_copied_key(struct ambit_copy_key *key, struct subject *who, struct inode *from,
				   struct inode *to)
{
	key->image_id = who->image_id;
	key->from_ino = BPF_CORE_READ(from, i_ino);
	key->from_dev = BPF_CORE_READ(from, i_sb, s_dev);
	key->to_ino = BPF_CORE_READ(to, i_ino);
	key->to_dev = BPF_CORE_READ(to, i_sb, s_dev);
}

/* True: told less than a second ago, now counted. False: to be told; what was left out before is added. */
ALWAYS_INLINE bool is_told_copy(const struct ambit_copy_key *key, __u64 *bytes, __u32 *repeats)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct copied fresh = {.told_ns = now}, *told;

	told = bpf_map_lookup_elem(&copies, key);
	if (told && now - told->told_ns < COPY_TOLD_NS) {
		__sync_fetch_and_add(&told->bytes, *bytes);
		__sync_fetch_and_add(&told->repeats, 1);
		return true;
	}
	if (told) {
		*bytes += told->bytes;
		*repeats = told->repeats;
	} else {
		count(AMBIT_COUNT_NEW_COPY);
	}
	bpf_map_update_elem(&copies, key, &fresh, BPF_ANY);
	return false;
}

/* Pipes and sockets have no names and cannot be protected. */
ALWAYS_INLINE __u32 protected_flags_of_file(struct inode *inode, struct place *at)
{
	struct layer_file layer;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	find_layer_file(&layer, inode);
	return protected_flags_of(inode, at) | layer.flags;
}

ALWAYS_INLINE __u32 append_unix_peer(struct scratch *s, __u32 at, struct sock *sk)
{
	const void *path = NULL;
	__u64 len = find_unix_name(unix_name_of_peer(sk), &path);

	return len ? append(s, at, path, len) - at : 0;
}

/* The other end of the socket that was written to. */
ALWAYS_INLINE __u32 fill_peer(struct ambit_rec_copy *r, struct scratch *s, __u32 at, struct sock *sk)
{
	__u32 address[4];

	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (r->family == AF_UNIX)
		return append_unix_peer(s, at, sk);
	r->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (r->family == AF_INET) {
		address[0] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(r->remote, address, 4);
	} else if (r->family == AF_INET6) {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		if (is_mapped_v4(address)) {
			r->family = AF_INET;
			__builtin_memcpy(r->remote, &address[3], 4);
		} else {
			__builtin_memcpy(r->remote, address, 16);
		}
	}
	return 0;
}

ALWAYS_INLINE void tell_copy(struct scratch *s, struct subject *who, struct file *from, struct file *to, __u32 op,
			     __u64 bytes, __u16 hook, __u32 quality)
{
	struct inode *from_inode = BPF_CORE_READ(from, f_inode), *to_inode = BPF_CORE_READ(to, f_inode);
	struct ambit_rec_copy *r = (struct ambit_rec_copy *)s->record;
	__u32 from_flags, to_flags, repeats = 0, end = sizeof(*r);
	struct place from_at, to_at, root;
	struct ambit_copy_key key = {};
	struct sock *sk;

	place_of_file(&from_at, from);
	place_of_file(&to_at, to);
	from_flags = protected_flags_of_file(from_inode, &from_at);
	to_flags = protected_flags_of_file(to_inode, &to_at);
	if (!from_flags && !to_flags)
		return;
	if (op == AMBIT_COPY_CLONE)
		bytes = BPF_CORE_READ(from_inode, i_size);
	else if (!bytes)
		return; /* nothing was there to be copied */
	fill_copied_key(&key, who, from_inode, to_inode);
	if (is_told_copy(&key, &bytes, &repeats))
		return;

	__builtin_memset(r, 0, sizeof(*r));
	fill_object(&r->from, from_inode, &from_at, who->task);
	fill_object(&r->to, to_inode, &to_at, who->task);
	r->from.protected_flags = from_flags;
	r->to.protected_flags = to_flags;
	r->bytes = bytes;
	r->repeats = repeats;
	r->op = op;
	root_of(&root, who->task);
	r->path_len = append_path(s, end, &from_at, &root, COPY_PATH_MAX, &quality);
	end += r->path_len;
	sk = sock_of_file(to);
	if (sk)
		r->path2_len = fill_peer(r, s, end, sk);
	else
		r->path2_len = append_path(s, end, &to_at, &root, COPY_PATH_MAX, &quality);
	end += r->path2_len;
	fill_header(&r->h, who, AMBIT_REC_COPY, hook, quality | AMBIT_Q_PROTECTED);
	send_of_object(&r->h, end, who, from_flags | to_flags, r->from.ino);
}
