// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* open, openat, openat2, creat, open_by_handle_at. */
#include "lib/failed_open.bpf.h"
#include "lib/open.bpf.h"

/* Variants of the call (daemon/kernel/call_table.cpp). */

struct open_call {
	__u64 flags;   /* O_* as asked */
	__u32 quality; /* AMBIT_Q_COMPAT */
	__u32 way;     /* AMBIT_ACCESS_BY_HANDLE */
};

/* The flags are the second argument or the third. openat2 passes them in memory: read after the call, they are only as
 * good as the caller is honest. */
ALWAYS_INLINE void read_open_call(struct open_call *call, struct pt_regs *regs, struct task_struct *task)
{
	bool is_compat = is_compat_call(task);
	const volatile struct ambit_call *what = find_call(regs, is_compat);
	__u8 op = what->op;

	call->quality = is_compat ? AMBIT_Q_COMPAT : 0;
	call->flags = what->flags_arg == 2 ? call_second(regs, is_compat) : call_third(regs, is_compat);
	call->way = op == AMBIT_OPEN_BY_HANDLE ? AMBIT_ACCESS_BY_HANDLE : 0;
	if (op == AMBIT_OPEN_CREAT)
		call->flags = O_CREAT | O_WRONLY | O_TRUNC;
	if (op == AMBIT_OPEN_FLAGS_IN_MEMORY) {
		__u64 how = 0;

		bpf_probe_read_user(&how, sizeof(how), (const void *)call->flags);
		call->flags = how;
	}
}

ALWAYS_INLINE void open_failed(struct subject *who, struct pt_regs *regs, long ret, __u16 hook)
{
	struct open_call call;
	struct scratch *s;

	if (!is_of_interest(who))
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	load_call(s, regs, who->task);
	read_open_call(&call, regs, who->task);
	if (!call.way) /* a handle is no name to be told */
		handle_failed_open(s, who, ret, call.flags, hook, call.quality);
	give_back(s);
}

ALWAYS_INLINE void open_succeeded(struct subject *who, struct pt_regs *regs, long ret, __u16 hook)
{
	struct file *file = file_of_fd(who->task, ret);
	struct open_call call;
	struct scratch *s;
	struct opened o;

	if (!file) { /* another thread closed it first */
		count_loss(AMBIT_LOSS_READ_FAILED, who->image_id);
		return;
	}
	if (is_told_by_object(file))
		return;
	read_open_call(&call, regs, who->task);
	if (!look_at_file(&o, who, file, access_of(file, call.flags) | call.way, hook, call.quality, REPEATS_COUNTED))
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	tell_open(s, who, file, &o, ret, hook, call.quality);
	give_back(s);
}

ALWAYS_INLINE void open_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;

	subject_of_current(&who);
	if (who.state == AMBIT_IMAGE_SELF)
		return;
	if (ret < 0)
		open_failed(&who, regs, ret, hook);
	else
		open_succeeded(&who, regs, ret, hook);
}
CALL_PROGRAM(open)
