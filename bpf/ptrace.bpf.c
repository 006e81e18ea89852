// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ptrace attach. The target is the newest entry of the tracer's own list, never the number that was passed. */
#include "lib/calls.bpf.h"

#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

ALWAYS_INLINE struct task_struct *newest_tracee(struct task_struct *tracer)
{
	struct list_head *head = (void *)tracer + bpf_core_field_offset(struct task_struct, ptraced);
	struct list_head *first = BPF_CORE_READ(tracer, ptraced.next);

	if (first == head || !first)
		return NULL;
	return (void *)first - bpf_core_field_offset(struct task_struct, ptrace_entry);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__ptrace, struct pt_regs *regs, long ret)
{
	__u32 request, quality;
	struct ambit_rec_ptrace r = {};
	struct task_struct *target;
	struct subject who;
	struct scratch *s;
	bool is_target_of_interest = false;

	subject_of_current(&who);
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	s = take_scratch(who.image_id);
	if (!s)
		return 0;
	load_call(s, regs, who.task);
	request = call_arg(s, s->call.flags_arg);
	quality = call_quality(s);
	give_back(s);
	if (request != PTRACE_ATTACH && request != PTRACE_SEIZE)
		return 0;
	r.request = request;
	r.ret = ret;
	target = ret ? NULL : newest_tracee(who.task);
	if (target) {
		struct ambit_proc *proc;

		r.target_tgid = BPF_CORE_READ(target, tgid);
		r.target_start_ns = BPF_CORE_READ(target, group_leader, start_boottime);
		proc = find_process(target, r.target_tgid, r.target_start_ns);
		is_target_of_interest =
			!proc || proc_state(proc) == AMBIT_IMAGE_UNDECIDED || proc_state(proc) == AMBIT_IMAGE_WATCHED;
	}
	if (!is_of_interest(&who) && !is_target_of_interest)
		return 0;
	fill_header(&r.h, &who, AMBIT_REC_PTRACE, AMBIT_HOOK_TP_BTF_SYS_EXIT, quality);
	send_record(&r.h, sizeof(r), &who, ROOM_ORDINARY);
	return 0;
}
