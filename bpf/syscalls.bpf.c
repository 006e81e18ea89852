// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The dispatchers behind which the call programs stand. Base family: the one program on a system call tracepoint; every
 * call of every process passes there, so: number first. Rich family: fexit of the functions of the watched calls alone;
 * the loader makes one program per function out of these four, which are never attached themselves.
 */
#include "lib/calls.bpf.h"
#include "lib/seen.bpf.h"

/* The third argument is in the same register for both entries. */
ALWAYS_INLINE void note_moves(__u8 moves_paths, struct pt_regs *regs, long ret)
{
	if (!moves_paths || ret)
		return;
	if (moves_paths == AMBIT_MOVES_REMOVED_DIR && !(regs->dx & AT_REMOVEDIR))
		return;
	note_moved_paths();
}

/* ENFILE 23 and EMFILE 24 in one comparison. */
ALWAYS_INLINE bool is_out_of_files(long ret)
{
	return (__u64)(ret + EMFILE) <= EMFILE - ENFILE;
}

/* Calls that are watched only with certain arguments: of ioctl, mmap and the like nearly none are. */
ALWAYS_INLINE bool is_meant(const volatile struct ambit_call *call, struct pt_regs *regs, bool is_compat)
{
	__u32 mask = call->match_mask;
	__u64 arg;

	if (!mask)
		return true;
	arg = call->match_arg == 2 ? call_second(regs, is_compat) : call_third(regs, is_compat);
	return (arg & mask) == call->match_value;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(tp_btf__sys_exit, struct pt_regs *regs, long ret)
{
	__u64 nr = regs->orig_ax & ~(__u64)X32_SYSCALL_BIT;
	__u32 slot, slot_32, ret_below;
	bool is_compat = false;
	__u8 moves_paths, at_function;

	if (nr >= AMBIT_CALL_NUMBERS)
		return 0;
	if (is_out_of_files(ret)) /* whatever the call */
		bpf_tail_call(ctx, &call_programs, AMBIT_SLOT_LIMIT);
	slot = calls_64[nr].slot;
	slot_32 = calls_32[nr].slot;
	if (!(slot | slot_32))
		return 0;
	moves_paths = calls_64[nr].moves_paths;
	ret_below = calls_64[nr].ret_below;
	at_function = calls_at_functions[nr] & AT_FUNCTION_64;
	if (slot != slot_32 && is_compat_call((struct task_struct *)bpf_get_current_task())) {
		is_compat = true;
		slot = slot_32;
		moves_paths = calls_32[nr].moves_paths;
		ret_below = calls_32[nr].ret_below;
		at_function = calls_at_functions[nr] & AT_FUNCTION_32;
	}
	if (at_function)
		return 0;
	note_moves(moves_paths, regs, ret);
	if (ret_below && (__u64)ret >= ret_below)
		return 0;
	if (!is_meant(is_compat ? &calls_32[nr] : &calls_64[nr], regs, is_compat))
		return 0;
	if (slot == AMBIT_SLOT_OPEN) /* a constant slot is a direct jump */
		bpf_tail_call(ctx, &call_programs, AMBIT_SLOT_OPEN);
	else if (slot)
		bpf_tail_call(ctx, &call_programs, slot);
	return 0;
}

#ifndef TYPED_READS
/* An open that succeeded and asked for no O_PATH; openat2's flags lie in memory, so the program behind looks at the
 * file. */
ALWAYS_INLINE bool is_left_to_object(const volatile struct ambit_call *call, struct pt_regs *regs, long ret, bool is_32)
{
	__u64 flags = 0;

	if (call->slot != AMBIT_SLOT_OPEN || ret < 0 || !opens_by_object || call->op == AMBIT_OPEN_FLAGS_IN_MEMORY)
		return false;
	if (call->flags_arg == 2)
		flags = is_32 ? regs->cx : regs->si;
	else if (call->flags_arg == 3)
		flags = regs->dx;
	return !(flags & O_PATH);
}

/* 32-bit entry has functions of its own, so these need not ask which it was. */
ALWAYS_INLINE void dispatch(void *ctx, void *programs, const volatile struct ambit_call *calls, struct pt_regs *regs,
			    long ret, bool is_32)
{
	__u64 nr = regs->orig_ax & ~(__u64)X32_SYSCALL_BIT;
	__u32 ret_below;

	if (nr >= AMBIT_CALL_NUMBERS || is_left_to_object(&calls[nr], regs, ret, is_32))
		return;
	if (is_out_of_files(ret))
		bpf_tail_call(ctx, programs, AMBIT_SLOT_LIMIT);
	note_moves(calls[nr].moves_paths, regs, ret);
	ret_below = calls[nr].ret_below;
	if ((ret_below && (__u64)ret >= ret_below) || !is_meant(&calls[nr], regs, is_32))
		return;
	bpf_tail_call(ctx, programs, calls[nr].slot);
}

SEC(PLAIN_CALL)
int BPF_PROG(plain_call_64, struct pt_regs *regs, long ret)
{
	dispatch(ctx, &plain_call_programs, calls_64, regs, ret, false);
	return 0;
}

SEC(PLAIN_CALL)
int BPF_PROG(plain_call_32, struct pt_regs *regs, long ret)
{
	dispatch(ctx, &plain_call_programs, calls_32, regs, ret, true);
	return 0;
}

SEC(OPTIONAL_CALL)
int BPF_PROG(optional_call_64, struct pt_regs *regs, long ret)
{
	dispatch(ctx, &optional_call_programs, calls_64, regs, ret, false);
	return 0;
}

SEC(OPTIONAL_CALL)
int BPF_PROG(optional_call_32, struct pt_regs *regs, long ret)
{
	dispatch(ctx, &optional_call_programs, calls_32, regs, ret, true);
	return 0;
}
#endif
