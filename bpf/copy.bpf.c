// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sendfile, splice, copy_file_range, FICLONE: bytes that go from one descriptor to another. Who reads a file is told by
 * its open; here it is told where protected ones went.
 */
#include "lib/calls.bpf.h"
#include "lib/copy.bpf.h"

#define FICLONERANGE_NR 0x4020940dU

/* Descriptor that is copied from; FICLONERANGE names it in memory, read after the call. */
ALWAYS_INLINE __s32 source_of(struct scratch *s)
{
	__u64 arg = call_arg(s, s->call.fd_arg);
	__s64 fd = -1;

	if (s->call.op != AMBIT_COPY_CLONE || (__u32)s->args[1] != FICLONERANGE_NR)
		return (__s32)arg;
	bpf_probe_read_user(&fd, sizeof(fd), (const void *)arg); /* struct file_clone_range */
	return (__s32)fd;
}

ALWAYS_INLINE void copy_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct file *from, *to;
	struct subject who;
	struct scratch *s;

	if (ret < 0)
		return;
	s = begin_call(&who, regs, CALLERS_ALL);
	if (!s)
		return;
	from = file_of_fd(who.task, source_of(s));
	to = file_of_fd(who.task, (__s32)call_arg(s, s->call.dir_arg));
	if (from && to)
		tell_copy(s, &who, from, to, s->call.op, ret, hook, call_quality(s));
	give_back(s);
}
CALL_PROGRAM(copy)
