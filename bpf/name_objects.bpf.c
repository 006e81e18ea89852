// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes of names where the kernel asks its security modules: the objects and their paths, before the act and before
 * the file system has its say. Kept until the call returns (names.bpf.c, io_uring_names.bpf.c).
 */
#include "lib/changes.bpf.h"
#include "lib/overlay.bpf.h"

#define NAMED_PATH_MAX 3900 /* bytes; two of them fit AMBIT_REC_MAX */

/* One name: the object that has it, if there is one, and the directory that holds it. */
struct named {
	struct place at;
	struct inode *inode; /* NULL: nothing has the name yet */
	struct inode *dir;
	__u32 flags; /* AMBIT_PROTECT_* */
};

ALWAYS_INLINE void look_up(struct named *n, struct dentry *dentry, struct mount *mount)
{
	struct layer_file layer = {};

	n->at.dentry = dentry;
	n->at.mount = mount;
	n->inode = BPF_CORE_READ(dentry, d_inode);
	n->dir = BPF_CORE_READ(dentry, d_parent, d_inode);
	n->flags = 0;
	if (n->inode) {
		find_layer_file(&layer, n->inode);
		n->flags = protected_flags_of(n->inode, &n->at) | layer.flags;
	} else if (protected_dir_count) {
		struct place above = {BPF_CORE_READ(dentry, d_parent), mount};

		n->flags = protected_above(&above);
	}
}

ALWAYS_INLINE __u64 put_dir(struct inode *dir, __u32 *dev)
{
	*dev = BPF_CORE_READ(dir, i_sb, s_dev);
	return BPF_CORE_READ(dir, i_ino);
}

struct attributes {
	__u32 mode, uid, gid;
};

/* `second`: NULL where the act has one name. `text`: of a symbolic link, else NULL. The daemon's own acts and those of
 * kernel threads are nobody's. */
ALWAYS_INLINE void begin_name_change(__u32 op, struct named *first, struct named *second, const char *text,
				     struct attributes set, __u16 hook)
{
	__u32 flags = first->flags | (second ? second->flags : 0), quality = 0,
	      end = sizeof(struct ambit_rec_name_change);
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct ambit_rec_name_change *r;
	struct inode *inode = first->inode;
	struct subject who;
	struct place root;
	struct scratch *s;

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return;
	subject_of(&who, task);
	if (who.state == AMBIT_IMAGE_SELF)
		return;
	if (!is_of_interest(&who) && !flags)
		return;
	s = take_scratch(who.image_id);
	if (!s)
		return;
	r = (struct ambit_rec_name_change *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->op = op;
	r->mode = set.mode;
	r->uid = set.uid;
	r->gid = set.gid;
	if (inode)
		fill_object(&r->obj, inode, &first->at, task);
	r->obj.protected_flags = flags;
	root_of(&root, task);
	if (text) { /* then the link's own name is the second one */
		long len = bpf_probe_read_kernel_str(s->record + sizeof(*r), NAMED_PATH_MAX, text);

		r->path_len = len > 0 ? len - 1 : 0;
		end += r->path_len;
		r->path2_len = append_path(s, end, &first->at, &root, NAMED_PATH_MAX, &quality);
		end += r->path2_len;
		r->dir2_ino = put_dir(first->dir, &r->dir2_dev);
	} else {
		r->path_len = append_path(s, end, &first->at, &root, NAMED_PATH_MAX, &quality);
		end += r->path_len;
		r->dir_ino = put_dir(first->dir, &r->dir_dev);
	}
	if (second) {
		r->path2_len = append_path(s, end, &second->at, &root, NAMED_PATH_MAX, &quality);
		end += r->path2_len;
		r->dir2_ino = put_dir(second->dir, &r->dir2_dev);
	}
	r->h.quality = quality | (flags ? AMBIT_Q_PROTECTED : 0);
	keep_change(s, bpf_get_current_pid_tgid(), end, hook);
	give_back(s);
}

/* With one name: `dir` and the entry in it. */
ALWAYS_INLINE void begin_in_dir(__u32 op, const struct path *dir, struct dentry *dentry, const char *text,
				struct attributes set, __u16 hook)
{
	struct named named;

	look_up(&named, dentry, mount_of(BPF_CORE_READ(dir, mnt)));
	begin_name_change(op, &named, NULL, text, set, hook);
}

ALWAYS_INLINE void begin_at_path(__u32 op, const struct path *path, struct attributes set, __u16 hook)
{
	struct named named;

	look_up(&named, BPF_CORE_READ(path, dentry), mount_of(BPF_CORE_READ(path, mnt)));
	begin_name_change(op, &named, NULL, NULL, set, hook);
}

/* Two names are on one mount: else the kernel has refused before. */
ALWAYS_INLINE void begin_with_two(__u32 op, struct dentry *from, const struct path *to_dir, struct dentry *to,
				  __u16 hook)
{
	struct mount *mount = mount_of(BPF_CORE_READ(to_dir, mnt));
	struct attributes none = {};
	struct named first, second;

	look_up(&first, from, mount);
	look_up(&second, to, mount);
	begin_name_change(op, &first, &second, NULL, none, hook);
}

/* An argument as a number: what the verifier knows to be a pointer cannot be one of a global function's. */
ALWAYS_INLINE struct dentry *dentry_argument(unsigned long long *ctx, int index)
{
	struct dentry *dentry = NULL;

	bpf_probe_read_kernel(&dentry, sizeof(dentry), ctx + index);
	return dentry;
}

#define NO_ATTRIBUTES ((struct attributes){})

/* Two programs of one body: lsm/HOOK, and fentry of security_HOOK(). */
#define SECURITY_PROGRAMS(name, body, ...)                                                                             \
	SEC("lsm/" #name)                                                                                              \
	int BPF_PROG(lsm__##name, __VA_ARGS__)                                                                         \
	{                                                                                                              \
		const __u16 hook = AMBIT_HOOK_LSM;                                                                     \
                                                                                                                       \
		body;                                                                                                  \
		return 0;                                                                                              \
	}                                                                                                              \
	SEC("fentry/security_" #name)                                                                                  \
	int BPF_PROG(fentry__security_##name, __VA_ARGS__)                                                             \
	{                                                                                                              \
		const __u16 hook = AMBIT_HOOK_FENTRY;                                                                  \
                                                                                                                       \
		body;                                                                                                  \
		return 0;                                                                                              \
	}

SECURITY_PROGRAMS(path_unlink, begin_in_dir(AMBIT_NAME_UNLINK, dir, dentry_argument(ctx, 1), NULL, NO_ATTRIBUTES, hook),
		  const struct path *dir, struct dentry *dentry)
SECURITY_PROGRAMS(path_rmdir, begin_in_dir(AMBIT_NAME_RMDIR, dir, dentry_argument(ctx, 1), NULL, NO_ATTRIBUTES, hook),
		  const struct path *dir, struct dentry *dentry)
SECURITY_PROGRAMS(path_mkdir,
		  begin_in_dir(AMBIT_NAME_MKDIR, dir, dentry_argument(ctx, 1), NULL,
			       ((struct attributes){.mode = mode}), hook),
		  const struct path *dir, struct dentry *dentry, umode_t mode)
SECURITY_PROGRAMS(path_symlink,
		  begin_in_dir(AMBIT_NAME_SYMLINK, dir, dentry_argument(ctx, 1), text, NO_ATTRIBUTES, hook),
		  const struct path *dir, struct dentry *dentry, const char *text)
SECURITY_PROGRAMS(path_link,
		  begin_with_two(AMBIT_NAME_LINK, dentry_argument(ctx, 0), to_dir, dentry_argument(ctx, 2), hook),
		  struct dentry *from, const struct path *to_dir, struct dentry *to)
SECURITY_PROGRAMS(path_rename,
		  begin_with_two(AMBIT_NAME_RENAME, dentry_argument(ctx, 1), to_dir, dentry_argument(ctx, 3), hook),
		  const struct path *from_dir, struct dentry *from, const struct path *to_dir, struct dentry *to)
SECURITY_PROGRAMS(path_truncate, begin_at_path(AMBIT_NAME_TRUNCATE, path, NO_ATTRIBUTES, hook), const struct path *path)
SECURITY_PROGRAMS(path_chmod, begin_at_path(AMBIT_NAME_CHMOD, path, ((struct attributes){.mode = mode}), hook),
		  const struct path *path, umode_t mode)
SECURITY_PROGRAMS(path_chown,
		  begin_at_path(AMBIT_NAME_CHOWN, path, ((struct attributes){.uid = uid, .gid = gid}), hook),
		  const struct path *path, __u32 uid, __u32 gid)
