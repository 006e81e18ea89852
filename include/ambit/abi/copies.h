/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Copies that were left out because an equal one was told less than a second before, as the iterator over `copies` hands
 * them over once nothing has come for a second. Read by both halves.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

struct ambit_copy_key {
	__u64 image_id;
	__u64 from_ino, to_ino;
	__u32 from_dev, to_dev; /* kernel encoding */
};

struct ambit_copy_row {
	struct ambit_copy_key key;
	__u64 bytes;   /* since the last record of these two */
	__u32 repeats;
	__u32 pad;
};
