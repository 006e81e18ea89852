// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* mmap of files that have no name (memfd, deleted, O_TMPFILE) to be run: code that no rule on paths can see. The
 * dispatcher lets only PROT_EXEC through. Files with names are told by their open.
 */
#include "lib/open.bpf.h"

#define MAP_ANONYMOUS 0x20

ALWAYS_INLINE void tell_map(struct scratch *s, struct subject *who, struct file *file, __u16 hook)
{
	struct opened o;

	if (look_at_file(&o, who, file, AMBIT_ACCESS_READ | AMBIT_ACCESS_EXECUTE, hook, call_quality(s), REPEATS_TOLD))
		tell_open(s, who, file, &o, 0, hook, call_quality(s));
}

ALWAYS_INLINE void map_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct inode *inode;
	struct subject who;
	struct scratch *s;
	struct file *file;

	if (ret < 0 && ret > -4096)
		return;
	s = begin_call(&who, regs, CALLERS_OF_INTEREST);
	if (!s)
		return;
	file = s->args[3] & MAP_ANONYMOUS ? NULL : file_of_fd(who.task, (__s32)s->args[4]);
	inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	if (inode && !BPF_CORE_READ(inode, i_nlink) && (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG)
		tell_map(s, &who, file, hook);
	give_back(s);
}
CALL_PROGRAM(map)
