// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that failed because a limit was reached: descriptors of the process (EMFILE), files of the host (ENFILE),
 * processes (EAGAIN of a fork).
 */
#include "lib/calls.bpf.h"
#include "lib/target.bpf.h"

ALWAYS_INLINE void limit_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct ambit_rec_act r = {};
	struct target nobody = {};
	__u32 repeats = 0;
	struct subject who;

	if (ret != -EMFILE && ret != -ENFILE && ret != -EAGAIN)
		return;
	subject_of_current(&who);
	if (!is_of_interest(&who))
		return;
	if (is_repeated(&who, &nobody, AMBIT_ACT_LIMIT, -ret, &repeats))
		return;
	r.act = AMBIT_ACT_LIMIT;
	r.ret = ret;
	r.repeats = repeats;
	fill_header(&r.h, &who, AMBIT_REC_ACT, hook, is_compat_call(who.task) ? AMBIT_Q_COMPAT : 0);
	send_record(&r.h, sizeof(r), &who, ROOM_ORDINARY);
}
CALL_PROGRAM(limit)
