/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens that failed. There is no object, only the name that the caller passed. Refused ones are told; of those that
 * found nothing (a Python start makes 576) only names below a protected or a denied path.
 */
#pragma once

#include "lib/names.bpf.h"

ALWAYS_INLINE __u32 access_asked(__u64 flags)
{
	__u32 access = 0;

	if (flags & O_PATH)
		return AMBIT_ACCESS_PATH;
	if ((flags & O_ACCMODE) != O_WRONLY)
		access |= AMBIT_ACCESS_READ;
	if (flags & (O_WRONLY | O_RDWR))
		access |= AMBIT_ACCESS_WRITE;
	if (flags & O_TRUNC)
		access |= AMBIT_ACCESS_TRUNC;
	return access;
}

/* plain_name.bpf.c: whether the name of `len` bytes at s->record + `at` holds nothing that makes it another name once
 * it is read component by component, and is short enough to be looked at. */
__u64 is_plain_name(__u32 at, __u32 len);

/* Names that are not plain count as watched: user space folds and judges them. */
ALWAYS_INLINE bool is_watched_name(struct scratch *s, __u32 at, __u32 len)
{
	__u32 where = at;

	if (!watched_name_count)
		return false;
	if (!is_plain_name(at, len))
		return true;
	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	s->prefix.bits = at_most(len, AMBIT_NAME_PREFIX_MAX) * 8;
	if (bpf_probe_read_kernel(s->prefix.name, sizeof(s->prefix.name), s->record + where))
		return true;
	return bpf_map_lookup_elem(&watched_names, &s->prefix) != NULL;
}

/* The directory that a relative name starts from, and what parts it from the name; returns the new end of the record.
 */
ALWAYS_INLINE __u32 append_start(struct scratch *s, __u32 at, struct place *dir, struct task_struct *task,
				 __u32 *quality)
{
	struct place root = {};
	__u32 end;

	root_of(&root, task);
	end = at + append_path(s, at, dir, &root, DIR_MAX_BYTES, quality);
	return end > at + 1 ? append(s, end, "/", 1) : end; /* the root ends in one */
}

/* `call_flags`: O_* as asked. `quality`: what is known already (AMBIT_Q_COMPAT). */
ALWAYS_INLINE void handle_failed_open(struct scratch *s, struct subject *who, __s32 ret, __u64 call_flags, __u16 hook,
				      __u32 quality)
{
	struct ambit_rec_open *r = (struct ambit_rec_open *)s->record;
	__u32 end = sizeof(*r), flags = 0;
	struct place dir = {};

	quality |= AMBIT_Q_USER_PATH;
	if (!is_refused(ret) && !watched_name_count && !protected_dir_count) {
		count(AMBIT_COUNT_OPEN_ENOENT);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	if (start_of_name(&dir, s, who->task, s->call.dir_arg, s->call.path_arg)) {
		if (protected_dir_count)
			flags = protected_above(&dir);
		end = append_start(s, end, &dir, who->task, &quality);
	}
	end += append_user_string(s, end, call_arg(s, s->call.path_arg), PATH_BUFFER, &quality, who->image_id);
	r->path_len = end - sizeof(*r);
	if (!is_refused(ret) && !flags && !is_watched_name(s, sizeof(*r), end - sizeof(*r))) {
		count(AMBIT_COUNT_OPEN_ENOENT);
		return;
	}
	r->ret = ret;
	r->access = access_asked(call_flags);
	r->flags = call_flags;
	r->obj.protected_flags = flags;
	fill_header(&r->h, who, AMBIT_REC_OPEN, hook, quality);
	send_record(&r->h, end, who, ROOM_ORDINARY);
}
