// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rename, unlink, link, symlink, truncate, chmod, chown, mkdir, rmdir, xattr, fallocate. The base family sees them when
 * they return: the names are the caller's strings (racy), the directories they start from are the kernel's.
 */
#include "lib/changes.bpf.h"
#include "lib/failed_open.bpf.h"

#define FALLOC_FL_KEEP_SIZE 1 /* alone it only takes room */

/* A stranger's absolute name below a watched path, for what fanotify does not tell of a protected parent; the rest is
 * left to fanotify, which knows the object. */
ALWAYS_INLINE bool is_watched_change(struct scratch *s, struct subject *who, __u32 op)
{
	const __u32 at = sizeof(struct ambit_rec_name_change);
	__u32 quality = 0, len;

	if (op != AMBIT_NAME_TRUNCATE && op != AMBIT_NAME_CHMOD && op != AMBIT_NAME_CHOWN && op != AMBIT_NAME_LINK &&
	    op != AMBIT_NAME_XATTR)
		return false;
	if (!watched_name_count)
		return false;
	len = append_user_string(s, at, call_arg(s, s->call.path_arg), NAME_MAX_BYTES, &quality, who->image_id);
	return len && is_watched_name(s, at, len);
}

/* What the call does: unlinkat() does two things. */
ALWAYS_INLINE __u32 op_of_call(struct scratch *s)
{
	if (s->call.op == AMBIT_NAME_UNLINK && s->call.dir_arg && (s->args[2] & AT_REMOVEDIR))
		return AMBIT_NAME_RMDIR;
	return s->call.op;
}

/* True: the objects were seen when the act began (name_objects.bpf.c), and it is told, or it was nothing to be told of
 * a stranger. */
ALWAYS_INLINE bool is_change_of_object(struct scratch *s, struct subject *who, __s32 ret)
{
	__u32 op = op_of_call(s);
	struct ambit_rec_name_change *begun;

	if (s->call.fd_arg || !(changes_by_object >> (op & 31) & 1))
		return false;
	begun = begun_change(bpf_get_current_pid_tgid(), op);
	if (begun)
		tell_change(begun, who, ret, call_quality(s));
	return begun || (!ret && !is_of_interest(who));
}

ALWAYS_INLINE void name_change(struct scratch *s, struct subject *who, __s32 ret, __u16 hook)
{
	struct ambit_rec_name_change *r = (struct ambit_rec_name_change *)s->record;
	__u32 quality = call_quality(s), end = sizeof(*r), flags = 0, op = s->call.op;
	struct place dir = {}, dir2 = {}, root = {};
	bool has_dir = false, has_dir2 = false;
	struct file *file = NULL;

	if (s->call.fd_arg) {
		file = file_of_fd(who->task, (__s32)call_arg(s, s->call.fd_arg));
		if (!file)
			return;
		place_of_file(&dir, file);
		flags = protected_flags_of(BPF_CORE_READ(file, f_inode), &dir);
	} else {
		if (op != AMBIT_NAME_SYMLINK) /* its first string is the target: a text */
			has_dir = start_of_name(&dir, s, who->task, s->call.dir_arg, s->call.path_arg);
		if (op != AMBIT_NAME_XATTR) /* its second string is no file */
			has_dir2 = start_of_name(&dir2, s, who->task, s->call.dir2_arg, s->call.path2_arg);
		if (protected_dir_count) {
			if (has_dir)
				flags |= protected_above(&dir);
			if (has_dir2)
				flags |= protected_above(&dir2);
		}
	}
	if (!is_of_interest(who) && !flags && (file || has_dir || !is_watched_change(s, who, op))) {
		count(AMBIT_COUNT_FILTERED);
		return;
	}

	__builtin_memset(r, 0, sizeof(*r));
	r->op = op_of_call(s);
	r->ret = ret;
	r->mode = call_arg(s, s->call.mode_arg);
	r->uid = call_arg(s, s->call.uid_arg);
	r->gid = call_arg(s, s->call.gid_arg);
	root_of(&root, who->task);
	if (file) {
		fill_object(&r->obj, BPF_CORE_READ(file, f_inode), &dir, who->task);
		r->path_len = append_path(s, end, &dir, &root, PATH_BUFFER - 1, &quality);
		end += r->path_len;
		if (op == AMBIT_NAME_XATTR)
			r->path2_len = append_user_string(s, end, call_arg(s, s->call.path2_arg), NAME_MAX_BYTES,
							  &quality, who->image_id);
		end += r->path2_len;
	} else {
		quality |= AMBIT_Q_USER_PATH;
		r->path_len = append_user_string(s, end, call_arg(s, s->call.path_arg), NAME_MAX_BYTES, &quality,
						 who->image_id);
		end += r->path_len;
		r->path2_len = append_user_string(s, end, call_arg(s, s->call.path2_arg), NAME_MAX_BYTES, &quality,
						  who->image_id);
		end += r->path2_len;
		if (has_dir) {
			r->dir_ino = dir_ino(&dir, &r->dir_dev);
			r->dir_path_len = append_path(s, end, &dir, &root, DIR_MAX_BYTES, &quality);
			end += r->dir_path_len;
		}
		if (has_dir2) {
			r->dir2_ino = dir_ino(&dir2, &r->dir2_dev);
			r->dir2_path_len = append_path(s, end, &dir2, &root, DIR_MAX_BYTES, &quality);
			end += r->dir2_path_len;
		}
	}
	r->obj.protected_flags = flags;
	if (flags)
		quality |= AMBIT_Q_PROTECTED;
	fill_header(&r->h, who, AMBIT_REC_NAME_CHANGE, hook, quality);
	send_of_object(&r->h, end, who, flags, r->obj.ino ?: text_end(s, sizeof(*r) + r->path_len));
}

ALWAYS_INLINE void name_change_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s = begin_change(&who, regs, ret);

	if (s) {
		bool is_meant =
			s->call.op != AMBIT_NAME_FALLOCATE || (call_arg(s, s->call.mode_arg) & ~FALLOC_FL_KEEP_SIZE);

		if (is_meant && !is_change_of_object(s, &who, ret))
			name_change(s, &who, ret, hook);
		give_back(s);
	}
	if (changes_by_object) /* however the call ended: the next one of this task is another */
		forget_change(bpf_get_current_pid_tgid());
}
CALL_PROGRAM(name_change)
