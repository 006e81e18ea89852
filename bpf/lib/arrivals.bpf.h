/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Descriptors that the current process has without having opened a name: received, taken, inherited. */
#pragma once

#include "lib/kernel.bpf.h"

/* arrivals.bpf.c. All are global functions, so that the verifier looks at them once per program and not once per
 * descriptor and state. `way`: AMBIT_ACCESS_RECEIVED or TAKEN. `hook`: AMBIT_HOOK_*. */
__u64 tell_arrival(__u32 fd, __u32 way, __u32 hook);

/* Descriptors of a message that recvmsg has filled in. `message`: user address of a struct msghdr, of 32 bits where
 * `is_compat`. */
__u64 receive_message(__u64 message, __u32 is_compat, __u32 hook);

/* Open descriptors 64 * `word` .. 64 * `word` + 63 of protected objects. 0: the table ends before. */
__u64 tell_inherited(__u32 word);

/* Words of the table that are looked at: 65,536 descriptors. */
#define INHERITED_WORDS 1024
