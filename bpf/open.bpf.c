// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* open, openat, openat2, creat. */
#include "lib/failed_open.bpf.h"
#include "lib/open.bpf.h"

/* openat2 passes its flags in memory; read after the call, so only as good as the caller is honest. */
ALWAYS_INLINE __u64 open_flags(struct scratch *s)
{
	__u64 flags = call_arg(s, s->call.flags_arg);

	if (s->call.op == 1) /* creat */
		return O_CREAT | O_WRONLY | O_TRUNC;
	if (s->call.op == 2) { /* openat2: struct open_how */
		__u64 how = 0;

		bpf_probe_read_user(&how, sizeof(how), (const void *)flags);
		return how;
	}
	return flags;
}

ALWAYS_INLINE void open_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s = begin_call(&who, regs, ret < 0 ? CALLERS_OF_INTEREST : CALLERS_ALL);

	if (!s)
		return;
	if (ret < 0) {
		handle_failed_open(s, &who, ret, open_flags(s), hook, call_quality(s));
	} else {
		struct file *file = file_of_fd(who.task, ret);

		if (file)
			handle_open(s, &who, file, ret, open_flags(s), hook, call_quality(s));
		else /* another thread closed it first */
			count_loss(AMBIT_LOSS_READ_FAILED, who.image_id);
	}
	give_back(s);
}
CALL_PROGRAM(open)
