// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What stays open when a process becomes another program. A program of its own on the tracepoint: it is attached after
 * the one that gives the process its new image and tells the exec, and together they would need too much stack.
 */
#include "lib/arrivals.bpf.h"

SEC("tp_btf/sched_process_exec")
int BPF_PROG(tp_btf__sched_process_exec__files, struct task_struct *task)
{
	__u32 word;

#pragma clang loop unroll(disable)
	for (word = 0; word < INHERITED_WORDS; word++) {
		if (!tell_inherited(word))
			break;
	}
	return 0;
}
