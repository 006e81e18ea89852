// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ptrace: who attaches to whom, who asks to be traced, and reads and writes by a tracer. */
#include "lib/calls.bpf.h"
#include "lib/target.bpf.h"

#define PTRACE_TRACEME 0
#define PTRACE_PEEKTEXT 1
#define PTRACE_PEEKDATA 2
#define PTRACE_PEEKUSR 3
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5
#define PTRACE_POKEUSR 6
#define PTRACE_GETREGS 12
#define PTRACE_SETREGS 13
#define PTRACE_ATTACH 16
#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define PTRACE_SEIZE 0x4206

ALWAYS_INLINE bool is_attach(__u32 request)
{
	return request == PTRACE_ATTACH || request == PTRACE_SEIZE;
}

/* Requests that read or change the tracee. */
ALWAYS_INLINE bool is_reach(__u32 request)
{
	return (request >= PTRACE_PEEKTEXT && request <= PTRACE_POKEUSR) || request == PTRACE_GETREGS ||
	       request == PTRACE_SETREGS || request == PTRACE_GETREGSET || request == PTRACE_SETREGSET;
}

/* The newest entry of the tracer's own list. */
ALWAYS_INLINE struct task_struct *newest_tracee(struct task_struct *tracer)
{
	struct list_head *head = (void *)tracer + bpf_core_field_offset(struct task_struct, ptraced);
	struct list_head *first = BPF_CORE_READ(tracer, ptraced.next);

	if (first == head || !first)
		return NULL;
	return (void *)first - bpf_core_field_offset(struct task_struct, ptrace_entry);
}

ALWAYS_INLINE bool find_ptrace_target(struct target *target, struct subject *who, __u32 request, __s32 number, long ret,
				      __u32 *quality)
{
	struct task_struct *task;

	if (request == PTRACE_TRACEME) {
		if (ret)
			return false;
		task = who->task;
		set_target(target, who, BPF_CORE_READ(task, parent));
		return target->tgid;
	}
	if (!is_attach(request) && !is_reach(request))
		return false;
	if (is_attach(request) && !ret) {
		task = newest_tracee(who->task);
		if (task)
			set_target(target, who, task);
		return true;
	}
	if (ret && ret != -EPERM && ret != -EACCES)
		return false;
	set_target_by_number(target, who, number, quality);
	return is_attach(request) || target->tgid;
}

ALWAYS_INLINE void ptrace_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct ambit_rec_ptrace r = {};
	__u32 quality, repeats = 0;
	struct target target = {};
	struct subject who;
	struct scratch *s;
	__s32 number;

	s = begin_call(&who, regs, CALLERS_ALL);
	if (!s)
		return;
	r.request = call_arg(s, s->call.flags_arg);
	number = (__s32)call_arg(s, s->call.pid_arg);
	quality = call_quality(s);
	give_back(s);
	if (!find_ptrace_target(&target, &who, r.request, number, ret, &quality))
		return;
	if (!is_of_interest(&who) && !is_target_of_interest(&target))
		return;
	if (is_reach(r.request) && is_repeated(&who, &target, AMBIT_REC_PTRACE << 16 | (ret != 0), r.request, &repeats))
		return;
	r.ret = ret;
	r.target_tgid = target.tgid;
	r.target_start_ns = target.start_ns;
	r.repeats = repeats;
	fill_header(&r.h, &who, AMBIT_REC_PTRACE, hook, quality | target_quality(&target));
	send_record(&r.h, sizeof(r), &who, ROOM_ORDINARY);
}
CALL_PROGRAM(ptrace)
