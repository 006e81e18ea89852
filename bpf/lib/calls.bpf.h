/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments of the system call that is returning, for the programs behind the sys_exit dispatcher. */
#pragma once

#include "lib/emit.bpf.h"

ALWAYS_INLINE bool is_compat_call(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

/* Copies arguments and description of the call into the scratch. Registers still hold the arguments at sys_exit. */
ALWAYS_INLINE void load_call(struct scratch *s, struct pt_regs *regs, struct task_struct *task)
{
	__u32 nr = (__u32)regs->orig_ax & ~X32_SYSCALL_BIT & (AMBIT_CALL_NUMBERS - 1);

	s->is_compat = is_compat_call(task);
	if (s->is_compat) {
		s->args[0] = (__u32)regs->bx;
		s->args[1] = (__u32)regs->cx;
		s->args[2] = (__u32)regs->dx;
		s->args[3] = (__u32)regs->si;
		s->args[4] = (__u32)regs->di;
		s->args[5] = (__u32)regs->bp;
		bpf_probe_read_kernel(&s->call, sizeof(s->call), (const void *)&calls_32[nr]);
	} else {
		s->args[0] = regs->di;
		s->args[1] = regs->si;
		s->args[2] = regs->dx;
		s->args[3] = regs->r10;
		s->args[4] = regs->r8;
		s->args[5] = regs->r9;
		bpf_probe_read_kernel(&s->call, sizeof(s->call), (const void *)&calls_64[nr]);
	}
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
