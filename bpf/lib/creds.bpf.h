/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* User, group, capabilities, root and namespaces of a process: another of them makes a new image. */
#pragma once

#include "lib/process.bpf.h"

#define MIX(print, value) ((print) = ((print) ^ (__u64)(value)) * 0x9e3779b97f4a7c15ULL, (print) ^= (print) >> 29)

/* A number that changes with them. Never 0. */
ALWAYS_INLINE __u64 print_of_credentials(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct dentry *dentry;
	struct place root;
	__u64 print = 1, caps = 0;

	root_of(&root, task);
	dentry = root.dentry;
	MIX(print, BPF_CORE_READ(cred, uid.val) | (__u64)BPF_CORE_READ(cred, gid.val) << 32);
	MIX(print, BPF_CORE_READ(cred, suid.val) | (__u64)BPF_CORE_READ(cred, sgid.val) << 32);
	MIX(print, BPF_CORE_READ(cred, euid.val) | (__u64)BPF_CORE_READ(cred, egid.val) << 32);
	MIX(print, BPF_CORE_READ(cred, fsuid.val) | (__u64)BPF_CORE_READ(cred, fsgid.val) << 32);
	bpf_probe_read_kernel(&caps, sizeof(caps), (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
	MIX(print, caps);
	bpf_probe_read_kernel(&caps, sizeof(caps), (void *)cred + bpf_core_field_offset(struct cred, cap_permitted));
	MIX(print, caps);
	MIX(print, BPF_CORE_READ(cred, user_ns));
	MIX(print, BPF_CORE_READ(cred, group_info));
	MIX(print, BPF_CORE_READ(task, nsproxy));
	MIX(print, dentry);
	return print | 1;
}

/* A new image, and the record that says so, unless what was told of the process is so still: calls that change nothing
 * are as cheap as any, and would drown all else. `what`: AMBIT_CRED_*. */
ALWAYS_INLINE void tell_credentials(struct scratch *s, struct subject *who, __u32 what, __u16 hook, __u32 quality)
{
	struct ambit_rec_cred *r = (struct ambit_rec_cred *)s->record;
	struct task_struct *task = who->task;
	__u64 print = print_of_credentials(task);
	struct ambit_proc *proc;
	struct credentials cred;
	struct inode *root_inode;
	struct dentry *dentry;
	struct place root;

	proc = bpf_map_lookup_elem(&procs, &who->tgid);
	if (proc && proc->credentials == print)
		return;
	__builtin_memset(r, 0, sizeof(*r));
	r->old_image_id = renew_image(who);
	proc = bpf_map_lookup_elem(&procs, &who->tgid);
	if (proc)
		proc->credentials = print;
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
	r->what = what;
	r->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	r->net_ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	fill_header(&r->h, who, AMBIT_REC_CRED, hook, quality);
	send_record(&r->h, sizeof(*r), who, ROOM_RESERVED);
}
