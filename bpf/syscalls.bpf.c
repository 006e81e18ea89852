// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one program on a system call tracepoint. Every call of every process passes here, so: number first. */
#include "lib/calls.bpf.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(tp_btf__sys_exit, struct pt_regs *regs, long ret)
{
	__u64 nr = regs->orig_ax & ~(__u64)X32_SYSCALL_BIT;
	__u32 slot, slot_32;

	if (nr >= AMBIT_CALL_NUMBERS)
		return 0;
	slot = calls_64[nr].slot;
	slot_32 = calls_32[nr].slot;
	if (!(slot | slot_32))
		return 0;
	if (slot != slot_32 && is_compat_call((struct task_struct *)bpf_get_current_task()))
		slot = slot_32;
	if (slot)
		bpf_tail_call(ctx, &call_programs, slot);
	return 0;
}
