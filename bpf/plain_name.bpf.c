// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names that are the same text before and after they are read component by component. */
#include "lib/failed_open.bpf.h"

/* Bytes of a name that are looked at; longer ones are not plain. */
#define PLAIN_NAME_MAX 256

__u64 is_plain_name(__u32 at, __u32 len)
{
	__u32 zero = 0, i;
	__u32 component = 0; /* its bytes so far while they are all dots; 3 = it is more than dots */
	struct scratch *s = bpf_map_lookup_elem(&task_scratch, &zero);

	if (!s || len > PLAIN_NAME_MAX || !len)
		return 0;
#pragma clang loop unroll(disable)
	for (i = 0; i < PLAIN_NAME_MAX; i++) {
		__u32 c;

		if (i >= len)
			break;
		c = s->record[(at + i) & (AMBIT_REC_MAX - 1)];
		if (c == '/') {
			if (i && component < 3)
				return 0;
			component = 0;
		} else if (c != '.') {
			component = 3;
		} else if (component < 3) {
			component++;
		}
	}
	return component == 0 || component == 3;
}
