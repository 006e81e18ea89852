// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors that change hands. What is behind one comes from the kernel's table of open files, never from the
 * number's sender.
 */
#include "lib/arrivals.bpf.h"
#include "lib/open.bpf.h"

#define ANON_INODE_FS_MAGIC 0x09041934
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SCM_MAX_FD 253	/* include/net/scm.h */
#define CONTROL_PARTS 8 /* of one message; the kernel itself makes five kinds, each once */
#define NO_DESCRIPTOR (~0ULL)

/* Pipes, sockets and objects without any name say nothing that a scope could be held against. */
ALWAYS_INLINE bool has_place(struct inode *inode)
{
	__u32 type = BPF_CORE_READ(inode, i_mode) & S_IFMT;

	return (type == S_IFREG || type == S_IFDIR || type == S_IFCHR || type == S_IFBLK) &&
	       BPF_CORE_READ(inode, i_sb, s_magic) != ANON_INODE_FS_MAGIC;
}

/* Whether the file of a layer behind it is protected. A function of its own for the room on the stack. */
__u64 is_protected_in_layer(__u64 inode)
{
	struct layer_file layer;

	find_layer_file(&layer, (struct inode *)inode);
	return layer.flags != 0;
}

/* Whether a protected file is open there. */
__u64 is_protected_descriptor(__u32 fd)
{
	struct file *file = file_of_fd((struct task_struct *)bpf_get_current_task(), fd);
	struct inode *inode;
	struct place at;

	if (!file)
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	if (!has_place(inode))
		return false;
	if (is_protected_in_layer((__u64)inode))
		return true;
	place_of_file(&at, file);
	return protected_flags_of(inode, &at) != 0;
}

/* Shared memory without a name is passed around by the hundred, and says nothing of the workload's files. */
__u64 tell_arrival(__u32 fd, __u32 way, __u32 hook)
{
	struct subject who;
	struct inode *inode;
	struct scratch *s;
	struct opened o;
	struct file *file;

	subject_of_current(&who);
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	file = file_of_fd(who.task, fd);
	if (!file) { /* another thread closed it first */
		count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
		return 0;
	}
	inode = BPF_CORE_READ(file, f_inode);
	if (!has_place(inode) || (!BPF_CORE_READ(inode, i_nlink) && !is_protected_descriptor(fd)))
		return 0;
	if (!look_at_file(&o, &who, file, (access_of(file, 0) & ~AMBIT_ACCESS_CREATED) | way, hook, 0, REPEATS_TOLD))
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	tell_open(s, &who, file, &o, fd, hook, 0);
	give_back(s);
	return 0;
}

/* A part of a control message: 64 bits of length or 32, then level and type. */
struct control_header {
	__u64 length;
	__u32 level;
	__u32 type;
};

ALWAYS_INLINE bool read_header(struct control_header *h, __u64 at, __u32 is_compat)
{
	__u32 compat[3];

	if (!is_compat)
		return !bpf_probe_read_user(h, sizeof(*h), (const void *)at);
	if (bpf_probe_read_user(compat, sizeof(compat), (const void *)at))
		return false;
	h->length = compat[0];
	h->level = compat[1];
	h->type = compat[2];
	return true;
}

/* Number `index` of the descriptors that a message brought. */
__u64 received_descriptor(__u64 message, __u32 is_compat, __u32 index)
{
	__u64 header_size = is_compat ? 12 : 16, align = is_compat ? 3 : 7;
	__u64 control[2] = {}; /* msg_control, msg_controllen of struct user_msghdr */
	__u32 compat[2];       /* the same of struct compat_msghdr */
	struct control_header h;
	__u64 at, end, count;
	__u32 fd;
	int i;

	if (!is_compat) {
		bpf_probe_read_user(control, sizeof(control), (const void *)(message + 32));
	} else if (!bpf_probe_read_user(compat, sizeof(compat), (const void *)(message + 16))) {
		control[0] = compat[0];
		control[1] = compat[1];
	}
	at = control[0];
	end = at + control[1];
#pragma clang loop unroll(disable)
	for (i = 0; i < CONTROL_PARTS; i++) {
		if (at + header_size > end || !read_header(&h, at, is_compat) || h.length < header_size)
			break;
		if (h.level == SOL_SOCKET && h.type == SCM_RIGHTS) {
			count = (h.length - header_size) / sizeof(fd);
			if (index < count &&
			    !bpf_probe_read_user(&fd, sizeof(fd),
						 (const void *)(at + header_size + index * sizeof(fd))))
				return fd;
			index -= count;
		}
		at += (h.length + align) & ~align;
	}
	return NO_DESCRIPTOR;
}

__u64 receive_message(__u64 message, __u32 is_compat, __u32 hook)
{
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < SCM_MAX_FD; i++) {
		__u64 fd = received_descriptor(message, is_compat, i);

		if (fd == NO_DESCRIPTOR)
			break;
		tell_arrival(fd, AMBIT_ACCESS_RECEIVED, hook);
	}
	return 0;
}

__u64 tell_inherited(__u32 word)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	unsigned long *open_fds = BPF_CORE_READ(table, open_fds);
	__u64 open = 0;
	__u32 bit;

	if (word * 64 >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&open, sizeof(open), open_fds + word);
#pragma clang loop unroll(disable)
	for (bit = 0; bit < 64; bit++) {
		if (!open)
			break;
		if (open & 1 && is_protected_descriptor(word * 64 + bit))
			tell_arrival(word * 64 + bit, AMBIT_ACCESS_INHERITED, AMBIT_HOOK_TP_BTF_SCHED);
		open >>= 1;
	}
	return 1;
}
