/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts of a process and its image, for exec records and the inventory. */
#pragma once

#include "lib/sock.bpf.h"

#define EXEC_PATH_MAX (PATH_BUFFER - 1)
#define EXEC_FILENAME_MAX 1024
#define EXEC_ARGV_MAX 2048 /* bytes */

struct credentials {
	__u64 cap_effective;
	__u32 uid, gid, euid, egid, user_ns;
};

ALWAYS_INLINE void read_credentials(struct credentials *out, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	/* two 32-bit words up to 6.2, one 64-bit since (f122a08b197d): the same eight bytes here */
	out->cap_effective = 0;
	bpf_probe_read_kernel(&out->cap_effective, sizeof(out->cap_effective),
			      (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
}

ALWAYS_INLINE __u32 pid_ns_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *ns;
	struct upid innermost = {};

	bpf_probe_read_kernel(&innermost, sizeof(innermost),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * sizeof(innermost));
	ns = innermost.ns;
	return BPF_CORE_READ(ns, ns.inum);
}

/* POSIX session id in the initial pid namespace. */
ALWAYS_INLINE __u32 session_of(struct task_struct *task)
{
	struct pid *session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);
	struct upid outermost = {};

	bpf_probe_read_kernel(&outermost, sizeof(outermost),
			      (void *)session + bpf_core_field_offset(struct pid, numbers));
	return outermost.nr;
}

ALWAYS_INLINE __u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = BPF_CORE_READ(tty, driver);
	return BPF_CORE_READ(driver, major) << 20 | (BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index));
}

/* Bit n: descriptor n is a network socket, whatever way it came there. */
ALWAYS_INLINE __u16 stdio_sockets(struct task_struct *task)
{
	__u16 found = 0;
	int fd;

#pragma clang loop unroll(full)
	for (fd = 0; fd < 3; fd++) {
		struct sock *sk = sock_of_fd(task, fd);

		if (sk && is_network_family(BPF_CORE_READ(sk, __sk_common.skc_family)))
			found |= 1 << fd;
	}
	return found;
}

/* What a kernel without a part that EXEC tells (audit: the login user) does to the record. */
ALWAYS_INLINE __u32 exec_quality(struct task_struct *task)
{
	return bpf_core_field_exists(task->loginuid) ? 0 : AMBIT_Q_NO_BTF;
}

ALWAYS_INLINE void fill_exec(struct ambit_rec_exec *r, struct task_struct *task, struct file *exe, struct place *exe_at,
			     struct place *root)
{
	struct dentry *root_dentry = root->dentry;
	struct inode *inode = BPF_CORE_READ(exe, f_inode), *root_inode = BPF_CORE_READ(root_dentry, d_inode);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct credentials cred;

	fill_object(&r->exe, inode, exe_at, task);
	read_credentials(&cred, task);
	r->cap_effective = cred.cap_effective;
	r->uid = cred.uid;
	r->gid = cred.gid;
	r->euid = cred.euid;
	r->egid = cred.egid;
	r->user_ns = cred.user_ns;
	r->parent_tgid = BPF_CORE_READ(parent, tgid);
	r->parent_start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	r->root_ino = BPF_CORE_READ(root_inode, i_ino);
	r->root_dev = BPF_CORE_READ(root_inode, i_sb, s_dev);
	r->loginuid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : ~0U;
	r->session_id = session_of(task);
	r->pid_ns = pid_ns_of(task);
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	r->tty = tty_of(task);
	r->stdio = stdio_sockets(task);
	BPF_CORE_READ_STR_INTO(&r->comm, task, comm);
	if (!r->exe.nlink) {
		r->flags |= AMBIT_EXEC_DELETED;
		if (r->exe.sb_magic == TMPFS_MAGIC || r->exe.sb_magic == HUGETLBFS_MAGIC)
			r->flags |= AMBIT_EXEC_MEMFD;
	}
	if (init_mnt_ns &&
	    (r->exe.mnt_ns != init_mnt_ns || r->root_ino != init_root_ino || r->root_dev != init_root_dev))
		r->flags |= AMBIT_EXEC_FOREIGN_ROOT;
}
