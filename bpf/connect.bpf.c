// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* connect of vsock and, where the kernel has no cgroup hook for it, of unix sockets. Nearly all connects are of TCP,
 * which other hooks tell, so: family first.
 */
#include "lib/socket_acts.bpf.h"

ALWAYS_INLINE void connect_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct sock *sk = sock_of_fd(task, (__s32)call_first(regs, is_compat_call(task)));
	struct subject who;
	struct scratch *s;

	if (!sk || !is_connect_told(sk))
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	tell_connect(s, &who, sk, (const void *)call_arg(s, s->call.path_arg), ret,
		     (struct telling){hook, call_quality(s)});
	give_back(s);
}
CALL_PROGRAM(connect)
#ifdef TYPED_READS /* every TCP connect passes it, so behind the call's own function, too */
CALL_PROGRAM_OF(optional_call__connect, OPTIONAL_CALL, connect, AMBIT_HOOK_FEXIT_CALL)
#endif
