// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes of user, group, capabilities, namespaces and root: a new image. */
#include "lib/calls.bpf.h"
#include "lib/process.bpf.h"

/* CLONE_NEWTIME, NS, CGROUP, UTS, IPC, USER, PID, NET: what of unshare() changes a namespace. */
#define NAMESPACE_FLAGS (0x80 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000)

ALWAYS_INLINE void cred_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct ambit_rec_cred *r;
	struct credentials cred;
	struct inode *root_inode;
	struct task_struct *task;
	struct dentry *dentry;
	struct place root;
	struct subject who;
	struct scratch *s;

	if (ret)
		return;
	s = begin_call(&who, regs, CALLERS_ALL);
	if (!s)
		return;
	if (s->call.flags_arg && !(call_arg(s, s->call.flags_arg) & NAMESPACE_FLAGS))
		goto out;
	task = who.task;
	r = (struct ambit_rec_cred *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->old_image_id = renew_image(&who);
	read_credentials(&cred, task);
	r->cap_effective = cred.cap_effective;
	r->uid = cred.uid;
	r->gid = cred.gid;
	r->euid = cred.euid;
	r->egid = cred.egid;
	root_of(&root, task);
	dentry = root.dentry;
	root_inode = BPF_CORE_READ(dentry, d_inode);
	r->root_ino = BPF_CORE_READ(root_inode, i_ino);
	r->root_dev = BPF_CORE_READ(root_inode, i_sb, s_dev);
	r->what = s->call.op;
	r->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	fill_header(&r->h, &who, AMBIT_REC_CRED, hook, call_quality(s));
	send_record(&r->h, sizeof(*r), &who, ROOM_RESERVED);
out:
	give_back(s);
}
CALL_PROGRAM(cred)
