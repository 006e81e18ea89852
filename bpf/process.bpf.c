// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of processes: fork, exec, exit. These hooks cost nothing to anything else. */
#include "lib/creds.bpf.h"
#include "lib/fork_rate.bpf.h"

ALWAYS_INLINE __u32 append_argv(struct scratch *s, __u32 at, struct subject *who, __u32 *quality)
{
	struct task_struct *task = who->task;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	__u32 where = at, len;

	if (end <= start)
		return 0;
	if (end - start > EXEC_ARGV_MAX) {
		*quality |= AMBIT_Q_ARGV_CUT;
		end = start + EXEC_ARGV_MAX;
	}
	len = end - start;
	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	barrier_var(len);
	len &= PATH_BUFFER - 1;
	if (bpf_probe_read_user(s->record + where, len, (const void *)start)) {
		*quality |= AMBIT_Q_ARGV_CUT;
		count_loss(AMBIT_LOSS_READ_FAILED, who->image_id);
		return 0;
	}
	return len;
}

ALWAYS_INLINE __u32 append_filename(struct scratch *s, __u32 at, struct linux_binprm *bprm)
{
	__u32 where = at;
	long len;

	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	len = bpf_probe_read_kernel_str(s->record + where, EXEC_FILENAME_MAX, BPF_CORE_READ(bprm, filename));
	return len > 0 ? len - 1 : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(tp_btf__sched_process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct ambit_rec_exec *r;
	struct place at, root;
	struct subject who;
	struct scratch *s;
	struct file *file;
	__u32 end, quality = 0;
	__u64 old_image;

	subject_of(&who, task);
	old_image = renew_image(&who);
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	r = (struct ambit_rec_exec *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	r->old_image_id = old_image;
	file = BPF_CORE_READ(bprm, file);
	place_of_file(&at, file);
	root_of(&root, task);
	fill_exec(r, task, file, &at, &root);
	end = sizeof(*r);
	r->path_len = append_path(s, end, &at, &root, EXEC_PATH_MAX, &quality);
	end += r->path_len;
	r->filename_len = append_filename(s, end, bprm);
	end += r->filename_len;
	r->argv_len = append_argv(s, end, &who, &quality);
	end += r->argv_len;
	fill_header(&r->h, &who, AMBIT_REC_EXEC, AMBIT_HOOK_TP_BTF_SCHED, quality | exec_quality(task));
	send_record(&r->h, end, &who, ROOM_RESERVED);
	give_back(s);
	return 0;
}

/* clone() with CLONE_NEW*: the child begins where its parent is not. */
ALWAYS_INLINE void tell_new_namespaces(struct task_struct *parent, struct task_struct *child)
{
	struct subject who;
	struct scratch *s;

	if (BPF_CORE_READ(child, nsproxy) == BPF_CORE_READ(parent, nsproxy) &&
	    BPF_CORE_READ(child, cred, user_ns) == BPF_CORE_READ(parent, cred, user_ns))
		return;
	subject_of(&who, child);
	s = take_scratch(who.image_id);
	if (!s)
		return;
	tell_credentials(s, &who, AMBIT_CRED_NS, AMBIT_HOOK_TP_BTF_SCHED, 0);
	give_back(s);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(tp_btf__sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct ambit_rec_fork r = {};
	struct subject who;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0; /* a thread */
	if (BPF_CORE_READ(child, flags) & PF_KTHREAD)
		return 0;
	subject_of(&who, parent);
	r.child_tgid = BPF_CORE_READ(child, tgid);
	r.child_start_ns = BPF_CORE_READ(child, start_boottime);
	r.child_cgroup_id = task_cgroup_id(child);
	/* clone3 with CLONE_INTO_CGROUP: another cgroup is another image */
	who.cgroup_id = task_cgroup_id(parent);
	r.child_image_id = r.child_cgroup_id == who.cgroup_id ? who.image_id : new_image_id(r.child_tgid);
	remember_process(r.child_tgid, r.child_start_ns, r.child_image_id, r.child_cgroup_id);
	fill_header(&r.h, &who, AMBIT_REC_FORK, AMBIT_HOOK_TP_BTF_SCHED, 0);
	send_record(&r.h, sizeof(r), &who, ROOM_RESERVED);
	if (is_of_interest(&who))
		count_fork(&who);
	tell_new_namespaces(parent, child);
	return 0;
}

/* The tracepoint has a `group_dead` argument only since 6.16; signal->live says the same on all kernels, but two last
 * threads may both read 0. Taking the process out of the table tells them apart. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(tp_btf__sched_process_exit, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct ambit_rec_exit r = {};
	struct ambit_proc *proc;
	struct subject who = {};

	if (BPF_CORE_READ(signal, live.counter) > 0)
		return 0;
	who.task = task;
	who.tgid = BPF_CORE_READ(task, tgid);
	who.tid = BPF_CORE_READ(task, pid);
	who.leader_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	proc = bpf_map_lookup_elem(&procs, &who.tgid);
	if (!proc)
		return 0; /* never seen, so nobody waits for its end */
	who.image_id = proc->image_id;
	who.state = proc_state(proc);
	if (bpf_map_delete_elem(&procs, &who.tgid))
		return 0;
	r.exit_code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ? BPF_CORE_READ(signal, group_exit_code)
								       : BPF_CORE_READ(task, exit_code);
	fill_header(&r.h, &who, AMBIT_REC_EXIT, AMBIT_HOOK_TP_BTF_SCHED, 0);
	send_record(&r.h, sizeof(r), &who, ROOM_RESERVED);
	return 0;
}
