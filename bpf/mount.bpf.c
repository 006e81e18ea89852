// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* mount, umount, move_mount, fsmount, open_tree, mount_setattr. Rare, and they change what every path means: told of
 * everybody.
 */
#include "lib/failed_open.bpf.h"

#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20) /* unbindable, private, slave, shared */
#define OPEN_TREE_CLONE 1

#define MOUNT_TREE_DEPTH 48 /* of a red-black tree: more than 2^23 mounts */
#define TYPE_MAX 64	    /* of a file system's name, NUL included */

/* Up to 6.7 a list in the order of mounting. */
struct mnt_namespace___list {
	struct list_head list;
} __attribute__((preserve_access_index));

/* The last one made in the subject's namespace; another process that mounts at this moment can be taken for it. */
ALWAYS_INLINE struct mount *newest_mount(struct task_struct *task)
{
	struct mnt_namespace *ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
	struct mnt_namespace___list *old = (void *)ns;
	struct rb_node *node = NULL, *next;
	struct list_head *last;
	int i;

	if (!bpf_core_field_exists(ns->mounts)) {
		last = BPF_CORE_READ(old, list.prev);
		return (struct mount *)((void *)last - bpf_core_field_offset(struct mount, mnt_list));
	}
	next = BPF_CORE_READ(ns, mounts.rb_node); /* by unique number, which grows */
#pragma clang loop unroll(disable)
	for (i = 0; i < MOUNT_TREE_DEPTH && next; i++) {
		node = next;
		next = BPF_CORE_READ(node, rb_right);
	}
	return node ? (struct mount *)((void *)node - bpf_core_field_offset(struct mount, mnt_node)) : NULL;
}

/* The path as it was passed, behind the directory that it starts from. */
ALWAYS_INLINE __u32 append_passed_path(struct scratch *s, __u32 at, struct subject *who, __u8 dir_arg, __u8 path_arg,
				       struct place *root, __u32 *quality)
{
	struct place dir = {};
	__u32 end = at;

	*quality |= AMBIT_Q_USER_PATH;
	if (start_of_name(&dir, s, who->task, dir_arg, path_arg)) {
		end += append_path(s, end, &dir, root, DIR_MAX_BYTES, quality);
		if (end > at + 1) /* not the root */
			end = append(s, end, "/", 1);
	}
	end += append_user_string(s, end, call_arg(s, path_arg), NAME_MAX_BYTES, quality, who->image_id);
	return end - at;
}

ALWAYS_INLINE __u32 append_type(struct scratch *s, __u32 at, struct mount *m)
{
	const char *name = BPF_CORE_READ(m, mnt.mnt_sb, s_type, name);
	__u32 where = at;
	long len;

	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	len = bpf_probe_read_kernel_str(s->record + where, TYPE_MAX, name);
	return len > 0 ? (len - 1) & (TYPE_MAX - 1) : 0;
}

ALWAYS_INLINE __u32 operation_of(const struct scratch *s)
{
	__u64 flags = s->args[3];

	if (s->call.op != AMBIT_MOUNT_NEW)
		return s->call.op;
	if (flags & (MS_REMOUNT | MS_PROPAGATION))
		return AMBIT_MOUNT_CHANGE;
	if (flags & MS_MOVE)
		return AMBIT_MOUNT_MOVE;
	return flags & MS_BIND ? AMBIT_MOUNT_BIND : AMBIT_MOUNT_NEW;
}

/* The mount that the call has made or hung up, where the kernel's own objects show it. */
ALWAYS_INLINE struct mount *mount_made(struct scratch *s, struct task_struct *task, __u32 op, long ret)
{
	struct file *file = NULL;
	char first = 1;

	if (ret < 0)
		return NULL;
	if (op == AMBIT_MOUNT_NEW || op == AMBIT_MOUNT_BIND)
		return newest_mount(task);
	if (op == AMBIT_MOUNT_DETACHED || op == AMBIT_MOUNT_CLONE)
		file = file_of_fd(task, ret);
	else if (op == AMBIT_MOUNT_ATTACH && !bpf_probe_read_user(&first, 1, (const void *)s->args[1]) && !first)
		file = file_of_fd(task, (__s32)s->args[0]);
	return file ? mount_of(BPF_CORE_READ(file, f_path.mnt)) : NULL;
}

ALWAYS_INLINE void tell_mount(struct scratch *s, struct subject *who, long ret, __u16 hook)
{
	struct ambit_rec_mount *r = (struct ambit_rec_mount *)s->record;
	__u32 quality = call_quality(s), end = sizeof(*r), op = operation_of(s);
	struct place target = {}, source = {}, root;
	bool hangs = op != AMBIT_MOUNT_DETACHED && op != AMBIT_MOUNT_CLONE;
	struct dentry *dentry;
	struct mount *m;

	if (op == AMBIT_MOUNT_CLONE && !(s->args[2] & OPEN_TREE_CLONE))
		return; /* only a descriptor */
	__builtin_memset(r, 0, sizeof(*r));
	r->op = op;
	r->ret = ret;
	r->flags = call_arg(s, s->call.flags_arg);
	root_of(&root, who->task);
	m = mount_made(s, who->task, op, ret);
	if (m) {
		source.mount = m;
		source.dentry = BPF_CORE_READ(m, mnt.mnt_root);
		dentry = source.dentry;
		fill_object(&r->source, BPF_CORE_READ(dentry, d_inode), &source, who->task);
	}
	if (m && hangs) {
		target.mount = BPF_CORE_READ(m, mnt_parent);
		target.dentry = BPF_CORE_READ(m, mnt_mountpoint);
		dentry = target.dentry;
		fill_object(&r->target, BPF_CORE_READ(dentry, d_inode), &target, who->task);
		r->target.protected_flags = protected_flags_of(BPF_CORE_READ(dentry, d_inode), &target);
		r->path_len = append_path(s, end, &target, &root, DIR_MAX_BYTES, &quality);
	} else if (s->call.path2_arg) {
		r->path_len = append_passed_path(s, end, who, s->call.dir2_arg, s->call.path2_arg, &root, &quality);
	}
	end += r->path_len;
	if (s->call.path_arg) {
		r->path2_len = append_user_string(s, end, call_arg(s, s->call.path_arg), NAME_MAX_BYTES, &quality,
						  who->image_id);
		end += r->path2_len;
	}
	if (m) {
		r->type_len = append_type(s, end, m);
		end += r->type_len;
	}
	if (r->target.protected_flags)
		quality |= AMBIT_Q_PROTECTED;
	fill_header(&r->h, who, AMBIT_REC_MOUNT, hook, quality);
	send_of_object(&r->h, at_most(end, AMBIT_REC_MAX), who, r->target.protected_flags, r->target.ino);
}

ALWAYS_INLINE void mount_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s = begin_change(&who, regs, ret);

	if (!s)
		return;
	tell_mount(s, &who, ret, hook);
	give_back(s);
}
CALL_PROGRAM(mount)
