/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Members of kernel objects. BPF_CORE_READ calls a helper for each pointer on the way (some 12 ns). A pointer that is
 * known to be of a kernel type is read by one load instead (1 to 2 ns), and as safely: the load may fault, and gives 0
 * then. What makes any address such a pointer is bpf_rdonly_cast() (6.2), which is no call either: the verifier
 * replaces it by a move.
 *
 * Programs that every open passes are compiled twice (typed.bpf.c): NAME reads by helpers, NAME_typed by loads. The
 * loader takes NAME_typed for NAME where the kernel accepts it.
 */
#pragma once

#include "lib/kernel.bpf.h"

#ifdef TYPED_READS

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak __attribute__((const));

#define TYPED(object) ((typeof(object))bpf_rdonly_cast(object, bpf_core_type_id_kernel(typeof(*(object)))))
/* The eight bytes at an address. Any structure of the kernel that begins with a number will do. */
#define TYPED_NUMBER(address) (TYPED((const struct timespec64 *)(address))->tv_sec)

/* READ(file, f_inode, i_ino): file->f_inode->i_ino. As with BPF_CORE_READ, `object` is a local of a kernel type. */
#define READ(object, ...) ___arrow(TYPED(object), __VA_ARGS__)

/* A pointer that is to be an argument of a global function, for which the verifier takes numbers only. */
#define READ_POINTER(object, member)                                                                                   \
	((typeof((object)->member))TYPED_NUMBER((const void *)(object) +                                               \
						bpf_core_field_offset(typeof(*(object)), member)))

/* Entry `index` of an array of pointers. */
ALWAYS_INLINE void *read_slot(const void *array, __u32 index)
{
	return (void *)TYPED_NUMBER(array + index * sizeof(void *));
}

#else

#define READ(object, ...) BPF_CORE_READ(object, __VA_ARGS__)
#define READ_POINTER(object, member) BPF_CORE_READ(object, member)

ALWAYS_INLINE void *read_slot(const void *array, __u32 index)
{
	void *entry = NULL;

	bpf_probe_read_kernel(&entry, sizeof(entry), array + index * sizeof(void *));
	return entry;
}

#endif
