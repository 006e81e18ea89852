// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that change user, group, capabilities, namespaces or root. */
#include "lib/calls.bpf.h"
#include "lib/creds.bpf.h"

/* CLONE_NEWTIME, NS, CGROUP, UTS, IPC, USER, PID, NET: what of unshare() changes a namespace. */
#define NAMESPACE_FLAGS (0x80 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000)

ALWAYS_INLINE void cred_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s;

	if (ret)
		return;
	s = begin_call(&who, regs, CALLERS_ALL);
	if (!s)
		return;
	if (!s->call.flags_arg || call_arg(s, s->call.flags_arg) & NAMESPACE_FLAGS)
		tell_credentials(s, &who, s->call.op, hook, call_quality(s));
	give_back(s);
}
CALL_PROGRAM(cred)
