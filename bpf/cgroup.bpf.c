// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The cgroup v2 hierarchy: who enters which group, and what new groups are called. */
#include "lib/emit.bpf.h"

#define CGROUP_PATH_MAX 4095
/* cgroup_root.hierarchy_id of cgroup v2, as /proc/<pid>/cgroup shows it. */
#define CGROUP2_HIERARCHY 0

ALWAYS_INLINE bool is_cgroup2(struct cgroup *group)
{
	return BPF_CORE_READ(group, root, hierarchy_id) == CGROUP2_HIERARCHY;
}

ALWAYS_INLINE void send_cgroup(struct scratch *s, struct subject *who, __u16 type, __u64 id, const char *path,
			       __u64 new_image_id)
{
	struct ambit_rec_cgroup *r = (struct ambit_rec_cgroup *)s->record;
	__u32 quality = 0;
	long len;

	__builtin_memset(r, 0, sizeof(*r));
	r->id = id;
	r->new_image_id = new_image_id;
	len = bpf_probe_read_kernel_str(s->record + sizeof(*r), CGROUP_PATH_MAX + 1, path);
	if (len < 1)
		len = 1;
	r->path_len = len - 1;
	fill_header(&r->h, who, type, AMBIT_HOOK_TP_BTF_CGROUP, quality);
	send_record(&r->h, sizeof(*r) + len - 1, who, ROOM_RESERVED);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(tp_btf__cgroup_attach_task, struct cgroup *to, const char *path, struct task_struct *task,
	     bool is_whole_process)
{
	__u64 id, old_image, new_image;
	struct ambit_proc *proc;
	struct subject who;
	struct scratch *s;

	if (!is_cgroup2(to))
		return 0;
	if (!is_whole_process && BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0; /* a thread inside a threaded group: the process stays */
	subject_of(&who, task);
	id = BPF_CORE_READ(to, kn, id);
	proc = bpf_map_lookup_elem(&procs, &who.tgid);
	if (proc) {
		who.cgroup_id = proc->cgroup_id; /* the old one: the task has moved already */
		if (proc->cgroup_id != id)
			proc->cgroup_id = id;
	}
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	old_image = who.image_id;
	renew_image(&who);
	new_image = who.image_id;
	who.image_id = old_image;
	s = take_scratch(old_image);
	if (!s)
		return 0;
	send_cgroup(s, &who, AMBIT_REC_CGROUP_ATTACH, id, path, new_image);
	give_back(s);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(tp_btf__cgroup_mkdir, struct cgroup *group, const char *path)
{
	struct subject who;
	struct scratch *s;

	if (!is_cgroup2(group))
		return 0;
	subject_of_current(&who);
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	send_cgroup(s, &who, AMBIT_REC_CGROUP_NAME, BPF_CORE_READ(group, kn, id), path, 0);
	give_back(s);
	return 0;
}
