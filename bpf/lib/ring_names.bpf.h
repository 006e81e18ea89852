/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names in requests of io_uring: the kernel has copied them when the request is submitted. */
#pragma once

#include "lib/failed_open.bpf.h"
#include "lib/io_uring.bpf.h"

/* Since 7.0 a structure around the same pointer. */
struct delayed_filename___later {
	struct filename *__incomplete_filename;
} __attribute__((preserve_access_index));
struct io_rename___later {
	struct delayed_filename___later oldpath, newpath;
} __attribute__((preserve_access_index));
struct io_link___later {
	struct delayed_filename___later oldpath, newpath;
} __attribute__((preserve_access_index));
struct io_unlink___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
struct io_mkdir___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
struct io_open___later {
	struct delayed_filename___later filename;
} __attribute__((preserve_access_index));
/* Up to 5.18; then both are struct io_link. */
struct io_hardlink___before {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
} __attribute__((preserve_access_index));
struct io_symlink___before {
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
} __attribute__((preserve_access_index));

/* A name of the request, as the kernel copied it. */
#define NAME_OF_REQUEST(type, req, member)                                                                             \
	({                                                                                                             \
		struct type *now_ = (struct type *)(req);                                                              \
		struct type##___later *later_ = (struct type##___later *)(req);                                        \
		struct filename *name_ = bpf_core_field_exists(now_->member)                                           \
						 ? BPF_CORE_READ(now_, member)                                         \
						 : BPF_CORE_READ(later_, member.__incomplete_filename);                \
		BPF_CORE_READ(name_, name);                                                                            \
	})

/* Kernel string and the descriptor that it starts from. */
struct ring_name {
	const char *text; /* NULL: the request has none */
	__s32 dfd;
	__u32 pad;
};

/* Directory that a relative name starts from. False: the name is absolute, or there is none. */
ALWAYS_INLINE bool start_of_ring_name(struct place *at, struct task_struct *owner, const struct ring_name *name)
{
	char first = '/';

	if (!name->text)
		return false;
	bpf_probe_read_kernel(&first, 1, name->text);
	return first != '/' && place_of_start(at, owner, name->dfd);
}

ALWAYS_INLINE __u32 append_ring_name(struct scratch *s, __u32 at, const struct ring_name *name, const __u32 max,
				     __u32 *quality)
{
	__u32 where = at;
	long len;

	if (!name->text)
		return 0;
	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	len = bpf_probe_read_kernel_str(s->record + where, max, name->text);
	if (len == max)
		*quality |= AMBIT_Q_PATH_CUT;
	return len > 0 ? (len - 1) & (PATH_BUFFER - 1) : 0;
}
