/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* System calls that return: who called, with what. Shared by both families: the bodies take registers, result and the
 * hook that their records name; CALL_PROGRAM() makes the programs that only adapt.
 */
#pragma once

#include "lib/emit.bpf.h"

ALWAYS_INLINE bool is_compat_call(struct task_struct *task)
{
	return READ(task, thread_info.status) & TS_COMPAT;
}

/* Description of the call, in the tables of the loader. */
ALWAYS_INLINE const volatile struct ambit_call *find_call(struct pt_regs *regs, bool is_compat)
{
	__u32 nr = (__u32)regs->orig_ax & ~X32_SYSCALL_BIT & (AMBIT_CALL_NUMBERS - 1);

	return is_compat ? &calls_32[nr] : &calls_64[nr];
}

/* Arguments, for those who need no more than these. Registers still hold them at sys_exit. */
ALWAYS_INLINE __u64 call_first(struct pt_regs *regs, bool is_compat)
{
	return is_compat ? (__u32)regs->bx : regs->di;
}

ALWAYS_INLINE __u64 call_second(struct pt_regs *regs, bool is_compat)
{
	return is_compat ? (__u32)regs->cx : regs->si;
}

ALWAYS_INLINE __u64 call_third(struct pt_regs *regs, bool is_compat)
{
	return is_compat ? (__u32)regs->dx : regs->dx;
}

/* Copies arguments and description of the call into the scratch. */
ALWAYS_INLINE void load_call(struct scratch *s, struct pt_regs *regs, struct task_struct *task)
{
	s->is_compat = is_compat_call(task);
	if (s->is_compat) {
		s->args[0] = (__u32)regs->bx;
		s->args[1] = (__u32)regs->cx;
		s->args[2] = (__u32)regs->dx;
		s->args[3] = (__u32)regs->si;
		s->args[4] = (__u32)regs->di;
		s->args[5] = (__u32)regs->bp;
	} else {
		s->args[0] = regs->di;
		s->args[1] = regs->si;
		s->args[2] = regs->dx;
		s->args[3] = regs->r10;
		s->args[4] = regs->r8;
		s->args[5] = regs->r9;
	}
	s->call = *(const struct ambit_call *)find_call(regs, s->is_compat);
}

/* `index`: a *_arg member of the description, 1-based; 0 gives 0. */
ALWAYS_INLINE __u64 call_arg(struct scratch *s, __u8 index)
{
	__u32 i = index;

	if (!i)
		return 0;
	i = (i - 1) & 7;
	barrier_var(i);
	i &= 7;
	return s->args[i];
}

ALWAYS_INLINE __u32 call_quality(const struct scratch *s)
{
	return s->is_compat ? AMBIT_Q_COMPAT : 0;
}

ALWAYS_INLINE bool is_refused(__s32 ret)
{
	return ret == -EACCES || ret == -EPERM || ret == -EROFS;
}

enum callers { CALLERS_ALL, CALLERS_OF_INTEREST };

/* What every body begins with: the subject in `who`, the call in the scratch. NULL: nothing to be told of this caller,
 * or no scratch (counted). Else give_back() ends it. The daemon's own calls are nobody's. */
ALWAYS_INLINE struct scratch *begin_call(struct subject *who, struct pt_regs *regs, enum callers callers)
{
	struct scratch *s;

	subject_of_current(who);
	if (who->state == AMBIT_IMAGE_SELF || (callers == CALLERS_OF_INTEREST && !is_of_interest(who)))
		return NULL;
	s = take_scratch(who->image_id);
	if (s)
		load_call(s, regs, who->task);
	return s;
}

/* Changes of names and mounts: what was done is told of everybody, what was refused of those of interest. */
ALWAYS_INLINE struct scratch *begin_change(struct subject *who, struct pt_regs *regs, long ret)
{
	if (ret < 0 && !is_refused(ret))
		return NULL;
	return begin_call(who, regs, ret < 0 ? CALLERS_OF_INTEREST : CALLERS_ALL);
}

/* Functions of system calls, by the two prototypes that the kernel's type information has of them: those that every
 * kernel has name their argument `regs`, those that a configuration may leave out (kernel/sys_ni.c) `__unused`.
 * Programs that call each other by bpf_tail_call() must be of one prototype (28ead3eaabc1, 6.12), so there are two
 * sets. */
#define PLAIN_CALL "fexit/__x64_sys_openat"
#define OPTIONAL_CALL "fexit/__x64_sys_connect"

/* Programs of the body NAME_returned(regs, ret, hook), reached from the dispatchers of syscalls.bpf.c. */
#define CALL_PROGRAM_OF(program, section, name, hook)                                                                  \
	SEC(section)                                                                                                   \
	int BPF_PROG(program, struct pt_regs *regs, long ret)                                                          \
	{                                                                                                              \
		name##_returned(regs, ret, hook);                                                                      \
		return 0;                                                                                              \
	}
#ifdef TYPED_READS
#define CALL_PROGRAM(name) CALL_PROGRAM_OF(call__##name, "tp_btf/sys_exit", name, AMBIT_HOOK_TP_BTF_SYS_EXIT)
#else
#define CALL_PROGRAM(name)                                                                                             \
	CALL_PROGRAM_OF(call__##name, "tp_btf/sys_exit", name, AMBIT_HOOK_TP_BTF_SYS_EXIT)                             \
	CALL_PROGRAM_OF(plain_call__##name, PLAIN_CALL, name, AMBIT_HOOK_FEXIT_CALL)                                   \
	CALL_PROGRAM_OF(optional_call__##name, OPTIONAL_CALL, name, AMBIT_HOOK_FEXIT_CALL)
#endif
