/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names as callers pass them: strings in user memory, read when the call returns (racy), and the directories of the
 * kernel that they start from.
 */
#pragma once

#include "lib/calls.bpf.h"
#include "lib/object.bpf.h"

#define NAME_MAX_BYTES 2048 /* each of two strings, NUL included */
#define DIR_MAX_BYTES 1800  /* each of two directories: all four fit AMBIT_REC_MAX */

/* Appends a user string of at most `max` bytes, NUL included; returns its length without it, 0 where there is none. */
ALWAYS_INLINE __u32 append_user_string(struct scratch *s, __u32 at, __u64 user, const __u32 max, __u32 *quality,
				       __u64 image_id)
{
	__u32 where = at;
	long len;

	if (!user)
		return 0;
	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	len = bpf_probe_read_user_str(s->record + where, max, (const void *)user);
	if (len < 1) {
		count_loss(AMBIT_LOSS_READ_FAILED, image_id);
		return 0;
	}
	if (len == max)
		*quality |= AMBIT_Q_PATH_CUT;
	return (len - 1) & (PATH_BUFFER - 1);
}

/* Directory behind a descriptor, or the working directory. False: there is none. */
ALWAYS_INLINE bool place_of_start(struct place *at, struct task_struct *task, __s32 fd)
{
	if (fd == AT_FDCWD) {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		at->dentry = BPF_CORE_READ(fs, pwd.dentry);
		at->mount = mount_of(BPF_CORE_READ(fs, pwd.mnt));
	} else {
		struct file *dir = file_of_fd(task, fd);

		if (!dir)
			return false;
		place_of_file(at, dir);
	}
	return true;
}

/* Directory that a relative name starts from. False: the name is absolute, or there is none. */
ALWAYS_INLINE bool start_of_name(struct place *at, struct scratch *s, struct task_struct *task, __u8 dir_arg,
				 __u8 path_arg)
{
	__s32 fd = dir_arg ? (__s32)call_arg(s, dir_arg) : AT_FDCWD;
	const void *name = (const void *)call_arg(s, path_arg);
	char first = '/';

	if (!path_arg || bpf_probe_read_user(&first, 1, name) || first == '/')
		return false;
	return place_of_start(at, task, fd);
}

ALWAYS_INLINE __u64 dir_ino(struct place *at, __u32 *dev)
{
	struct dentry *d = at->dentry;
	struct inode *inode = BPF_CORE_READ(d, d_inode);

	*dev = BPF_CORE_READ(inode, i_sb, s_dev);
	return BPF_CORE_READ(inode, i_ino);
}
