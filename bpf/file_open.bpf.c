// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every way to open a file but O_PATH, where the kernel asks its security modules: system calls, open_by_handle_at,
 * io_uring, the file below an overlay's. The object is there and no descriptor yet; what the file system itself refuses
 * after that is told all the same.
 */
#include "lib/open.bpf.h"

/* The file below another one: told only where it is protected itself, or every open in a container would come twice. Up
 * to 6.4 its path is the upper file's. */
ALWAYS_INLINE bool is_below_and_unprotected(struct file *file)
{
	struct inode *inode;
	struct dentry *dentry;
	struct place at;
	__u64 ino;

	if (!((__u32)READ(file, f_mode) & FMODE_NOACCOUNT))
		return false;
	inode = READ_POINTER(file, f_inode);
	ino = READ(inode, i_ino);
	if (may_be_protected(ino) && protection(&protected_files, ino, READ_POINTER(inode, i_sb)))
		return false;
	place_of_file(&at, file);
	dentry = at.dentry;
	return !protected_dir_count || READ_POINTER(dentry, d_inode) != inode || !protected_above(&at);
}

/* The hook does not know who asks. Up to 5.14 nobody can tell the registers of the call, and its handle is an open like
 * any other. */
ALWAYS_INLINE __u32 way_of_call(bool is_compat)
{
	const volatile struct ambit_call *call;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return 0;
	call = find_call((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), is_compat);
	return call->slot == AMBIT_SLOT_OPEN && call->op == AMBIT_OPEN_BY_HANDLE ? AMBIT_ACCESS_BY_HANDLE : 0;
}

ALWAYS_INLINE void file_opened(struct file *file, __u16 hook)
{
	__u32 flags = READ(file, f_flags), quality, way = 0;
	bool is_compat;
	struct task_struct *task;
	struct subject who;
	struct scratch *s;
	struct opened o;

	if (flags & O_EXEC_BY_KERNEL) /* sched_process_exec tells it */
		return;
	subject_of_current(&who);
	if (who.state == AMBIT_IMAGE_SELF || is_below_and_unprotected(file))
		return;
	task = who.task;
	is_compat = is_compat_call(task);
	if (READ(task, flags) & PF_KTHREAD) /* of nobody; what it opens matters where it is protected */
		who.state = AMBIT_IMAGE_IGNORED;
	else
		way = way_of_call(is_compat);
	quality = is_compat ? AMBIT_Q_COMPAT : 0;
	if (!look_at_file(&o, &who, file, access_of(file, flags) | way, hook, quality, REPEATS_COUNTED))
		return;
	s = take_scratch(who.image_id);
	if (!s)
		return;
	tell_open(s, &who, file, &o, 0, hook, quality);
	give_back(s);
}

SEC("lsm/file_open")
int BPF_PROG(lsm__file_open, struct file *file)
{
	file_opened(file, AMBIT_HOOK_LSM);
	return 0;
}

SEC("fentry/security_file_open")
int BPF_PROG(fentry__security_file_open, struct file *file)
{
	file_opened(file, AMBIT_HOOK_FENTRY);
	return 0;
}
