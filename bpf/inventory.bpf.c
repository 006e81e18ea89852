// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was there before us: processes, the regular files and sockets they hold. Read through iterator files, not the
 * ring, and one at a time (the loader sees to that).
 */
#include "lib/dns.bpf.h"
#include "lib/open.bpf.h"
#include "lib/process.bpf.h"
#include "lib/sock.bpf.h"
#include "lib/traffic.bpf.h"

#define VM_WRITE 0x2
#define VM_SHARED 0x8

ALWAYS_INLINE struct scratch *iterator_scratch(void)
{
	__u32 zero = 0;
	struct scratch *s = bpf_map_lookup_elem(&iter_scratch, &zero);

	if (s)
		s->room = ROOM_OF_ITERATOR;
	return s;
}

ALWAYS_INLINE void write_out(struct seq_file *seq, struct ambit_rec_header *h, __u32 size)
{
	h->size = size;
	if (size <= AMBIT_REC_MAX)
		bpf_seq_write(seq, h, size);
}

enum argv_source { ARGV_NONE, ARGV_COPY };

ALWAYS_INLINE int show_process(struct seq_file *seq, struct task_struct *task, enum argv_source argv)
{
	__u32 end = sizeof(struct ambit_rec_exec), quality = AMBIT_Q_INVENTORY;
	struct scratch *s = iterator_scratch();
	struct ambit_rec_exec *r;
	struct mm_struct *mm;
	struct place at, root;
	struct subject who;
	struct file *exe;

	if (!task || !s || task->pid != task->tgid || (task->flags & PF_KTHREAD))
		return 0;
	if (iter_tgid && task->tgid != iter_tgid)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	exe = BPF_CORE_READ(mm, exe_file);
	if (!mm || !exe)
		return 0; /* gone but for its exit status */
	subject_of(&who, task);
	r = (struct ambit_rec_exec *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	place_of_file(&at, exe);
	root_of(&root, task);
	fill_exec(r, task, exe, &at, &root);
	r->path_len = append_path(s, end, &at, &root, EXEC_PATH_MAX, &quality);
	end += r->path_len;
	if (argv == ARGV_COPY) {
		__u64 start = BPF_CORE_READ(mm, arg_start), len = BPF_CORE_READ(mm, arg_end) - start;
		__u32 where = end;

		if (len > EXEC_ARGV_MAX) {
			quality |= AMBIT_Q_ARGV_CUT;
			len = EXEC_ARGV_MAX;
		}
		barrier_var(where);
		where &= AMBIT_REC_MAX - 1;
		barrier_var(len);
		len &= PATH_BUFFER - 1;
		if (len && !bpf_copy_from_user_task(s->record + where, len, (const void *)start, task, 0)) {
			r->argv_len = len;
			end += len;
		} else {
			quality |= AMBIT_Q_ARGV_CUT;
		}
	} else {
		quality |= AMBIT_Q_ARGV_CUT;
	}
	fill_header(&r->h, &who, AMBIT_REC_EXEC, AMBIT_HOOK_ITER, quality | exec_quality(task));
	write_out(seq, &r->h, end);
	return 0;
}

SEC("iter/task")
int iter__task(struct bpf_iter__task *ctx)
{
	return show_process(ctx->meta->seq, ctx->task, ARGV_NONE);
}

SEC("iter.s/task")
int iter__task_argv(struct bpf_iter__task *ctx)
{
	return show_process(ctx->meta->seq, ctx->task, ARGV_COPY);
}

ALWAYS_INLINE void show_file(struct seq_file *seq, struct scratch *s, struct subject *who, struct file *file, __u32 fd,
			     __u32 access)
{
	struct ambit_rec_open *r = (struct ambit_rec_open *)s->record;
	__u32 quality = AMBIT_Q_INVENTORY, flags, path_len = 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct layer_file layer;
	struct place at, root;

	if (!(iter_facts & ITER_WITHOUT_PATHS) && (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	place_of_file(&at, file);
	fill_object(&r->obj, inode, &at, who->task);
	find_layer_file(&layer, inode);
	put_layer(r, layer.inode);
	flags = protected_flags_of(inode, &at) | layer.flags;
	r->obj.protected_flags = flags;
	if (flags)
		quality |= AMBIT_Q_PROTECTED;
	r->ret = fd;
	r->access = access;
	r->flags = BPF_CORE_READ(file, f_flags);
	if (!(iter_facts & ITER_WITHOUT_PATHS)) {
		root_of(&root, who->task);
		path_len = append_path(s, sizeof(*r), &at, &root, OPEN_PATH_MAX, &quality);
		r->path_len = path_len;
	}
	fill_header(&r->h, who, AMBIT_REC_OPEN, AMBIT_HOOK_ITER, quality);
	write_out(seq, &r->h, sizeof(*r) + path_len);
}

/* The kernel gives a socket its cookie when it is asked for; these helpers are of 5.11 and 5.12. */
ALWAYS_INLINE __u64 cookie_of(struct file *file)
{
	struct socket *socket;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_for_each_map_elem)) /* 5.13 */
		return 0;
	socket = bpf_sock_from_file(file);
	return socket && socket->sk ? bpf_get_socket_cookie(socket->sk) : 0;
}

/* Bytes of sockets that were there before count from now on; the lower port of a connection is taken for the service's.
 * Names that are asked for on them are known as those of others. */
ALWAYS_INLINE void own_found_socket(struct subject *who, struct sock *sk, const struct ambit_rec_net *r,
				    bool is_connected)
{
	bool serves = !is_connected || r->local_port < r->remote_port;

	if (is_connected && is_plain_tcp(sk))
		own_tcp_socket(sk, who, serves ? AMBIT_ROLE_SERVER : AMBIT_ROLE_CLIENT, true);
	if (!r->cookie)
		return;
	if (r->sock_type == SOCK_DGRAM && r->protocol == IPPROTO_UDP && r->local_port)
		own_udp_socket(r->cookie, who, serves ? AMBIT_ROLE_SERVER : AMBIT_ROLE_CLIENT, false);
	if (is_connected && r->remote_port == DNS_PORT)
		remember_dns_socket(who, r->cookie);
}

/* Listeners and connected sockets. Which of the connected ones were accepted is told by the loader, who has seen all
 * listeners. */
ALWAYS_INLINE void show_socket(struct seq_file *seq, struct scratch *s, struct subject *who, struct sock *sk,
			       __u64 cookie, __u32 fd)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	struct ambit_rec_net *r = (struct ambit_rec_net *)s->record;
	__u16 type = state == TCP_LISTEN_STATE ? AMBIT_REC_LISTEN : AMBIT_REC_CONNECT;

	__builtin_memset(r, 0, sizeof(*r));
	fill_net(r, sk);
	if (cookie)
		r->cookie = cookie;
	if ((r->family == AF_INET || r->family == AF_INET6) && state != TCP_LISTEN_STATE && is_of_interest(who))
		own_found_socket(who, sk, r, state == TCP_ESTABLISHED_STATE);
	if (state != TCP_LISTEN_STATE && state != TCP_ESTABLISHED_STATE)
		return;
	if (r->family == AF_UNIX) {
		put_unix_name(r, state == TCP_LISTEN_STATE ? unix_name_of(sk) : unix_name_of_peer(sk));
		if (!r->path_len)
			return; /* socket pairs, and the accepted end of a connection */
	} else if (!is_network_family(r->family)) {
		return;
	}
	r->ret = fd;
	fill_header(&r->h, who, type, AMBIT_HOOK_ITER, AMBIT_Q_INVENTORY | missing_ends(r));
	write_out(seq, &r->h, sizeof(*r));
}

SEC("iter/task_file")
int iter__task_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct scratch *s = iterator_scratch();
	__u32 fd = ctx->fd;
	struct subject who;
	struct sock *sk;

	if (!task || !file || !s)
		return 0;
	if (iter_tgid && task->tgid != iter_tgid)
		return 0;
	subject_of(&who, task);
	sk = sock_of_file(file);
	if (!sk)
		show_file(ctx->meta->seq, s, &who, file, fd, access_of(file, 0));
	else if (!(iter_facts & ITER_WITHOUT_PATHS))
		show_socket(ctx->meta->seq, s, &who, sk, cookie_of(file), fd);
	return 0;
}

/* Files that are mapped; the descriptor may be closed long since (weights). One file's segments follow each other. */
SEC("iter/task_vma")
int iter__task_vma(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct scratch *s = iterator_scratch();
	__u32 access = AMBIT_ACCESS_READ;
	struct subject who;
	struct file *file;
	__u64 flags;

	if (!task || !vma || !s)
		return 0;
	if (iter_tgid && task->tgid != iter_tgid)
		return 0;
	file = vma->vm_file;
	if (!file)
		return 0;
	flags = vma->vm_flags;
	if ((flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED))
		access |= AMBIT_ACCESS_WRITE;
	else if (s->last_mapping == (__u64)file && s->last_tgid == task->tgid)
		return 0;
	s->last_mapping = (__u64)file;
	s->last_tgid = task->tgid;
	subject_of(&who, task);
	show_file(ctx->meta->seq, s, &who, file, 0, access);
	return 0;
}
