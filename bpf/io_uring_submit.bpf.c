// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests of io_uring when they are submitted: what is not there any more, or never, when they complete. Names of
 * renameat, unlinkat, linkat, symlinkat and mkdirat; opens that will not complete visibly; accepts of many connections.
 */
#include "lib/changes.bpf.h"
#include "lib/multishot.bpf.h"
#include "lib/ring_names.bpf.h"
#include "lib/seen.bpf.h"

/* IOSQE_CQE_SKIP_SUCCESS (5.17) among the request's flags: where it succeeds, nobody is told that it completed. */
#define REQUEST_SKIPS_COMPLETION (1U << 6)
#define ACCEPT_MULTISHOT 1U

/* Whether io_uring_complete will show the request. */
enum visibility { COMPLETES, COMPLETES_UNSEEN };

struct named_request {
	struct ring_name first, second;
	__u32 op; /* AMBIT_NAME_*; 0: another request */
	__u32 mode;
};

ALWAYS_INLINE void read_names(struct named_request *n, struct io_kiocb *req, __u8 opcode)
{
	struct io_hardlink___before *hard = (void *)req;
	struct io_symlink___before *soft = (void *)req;
	struct io_rename *rename = (void *)req;
	struct io_unlink *unlink = (void *)req;
	struct io_mkdir *mkdir = (void *)req;
	struct io_link *link = (void *)req;

	if (opcode == IORING_OP_RENAMEAT_NR) {
		n->op = AMBIT_NAME_RENAME;
		n->first.text = NAME_OF_REQUEST(io_rename, req, oldpath);
		n->first.dfd = BPF_CORE_READ(rename, old_dfd);
		n->second.text = NAME_OF_REQUEST(io_rename, req, newpath);
		n->second.dfd = BPF_CORE_READ(rename, new_dfd);
	} else if (opcode == IORING_OP_UNLINKAT_NR) {
		n->op = BPF_CORE_READ(unlink, flags) & AT_REMOVEDIR ? AMBIT_NAME_RMDIR : AMBIT_NAME_UNLINK;
		n->first.text = NAME_OF_REQUEST(io_unlink, req, filename);
		n->first.dfd = BPF_CORE_READ(unlink, dfd);
	} else if (opcode == IORING_OP_MKDIRAT_NR) {
		n->op = AMBIT_NAME_MKDIR;
		n->first.text = NAME_OF_REQUEST(io_mkdir, req, filename);
		n->first.dfd = BPF_CORE_READ(mkdir, dfd);
		n->mode = BPF_CORE_READ(mkdir, mode);
	} else if (opcode == IORING_OP_SYMLINKAT_NR && bpf_core_type_exists(struct io_symlink___before)) {
		n->op = AMBIT_NAME_SYMLINK;
		n->first.text = BPF_CORE_READ(soft, oldpath, name);
		n->second.text = BPF_CORE_READ(soft, newpath, name);
		n->second.dfd = BPF_CORE_READ(soft, new_dfd);
	} else if (opcode == IORING_OP_LINKAT_NR && bpf_core_type_exists(struct io_hardlink___before)) {
		n->op = AMBIT_NAME_LINK;
		n->first.text = BPF_CORE_READ(hard, oldpath, name);
		n->first.dfd = BPF_CORE_READ(hard, old_dfd);
		n->second.text = BPF_CORE_READ(hard, newpath, name);
		n->second.dfd = BPF_CORE_READ(hard, new_dfd);
	} else if ((opcode == IORING_OP_SYMLINKAT_NR || opcode == IORING_OP_LINKAT_NR) &&
		   bpf_core_type_exists(struct io_link)) {
		n->op = opcode == IORING_OP_LINKAT_NR ? AMBIT_NAME_LINK : AMBIT_NAME_SYMLINK;
		n->first.text = NAME_OF_REQUEST(io_link, req, oldpath);
		n->first.dfd = BPF_CORE_READ(link, old_dfd);
		n->second.text = NAME_OF_REQUEST(io_link, req, newpath);
		n->second.dfd = BPF_CORE_READ(link, new_dfd);
	}
}

/* As a stranger's absolute name in a call (names.bpf.c): of those acts that fanotify does not tell. */
ALWAYS_INLINE bool is_watched_link(struct scratch *s, const struct named_request *n)
{
	const __u32 at = sizeof(struct ambit_rec_name_change);
	__u32 quality = 0, len;

	if (n->op != AMBIT_NAME_LINK || !watched_name_count)
		return false;
	len = append_ring_name(s, at, &n->first, NAME_MAX_BYTES, &quality);
	return len && is_watched_name(s, at, len);
}

/* The record, in the scratch; its size, or 0 where nothing is to be told. */
ALWAYS_INLINE __u32 put_names(struct scratch *s, struct subject *who, struct named_request *n)
{
	struct ambit_rec_name_change *r = (struct ambit_rec_name_change *)s->record;
	__u32 quality = AMBIT_Q_USER_PATH, end = sizeof(*r), flags = 0;
	struct place dir = {}, dir2 = {}, root = {};
	bool has_dir = false, has_dir2;

	if (n->op != AMBIT_NAME_SYMLINK) /* its first string is the target: a text */
		has_dir = start_of_ring_name(&dir, who->task, &n->first);
	has_dir2 = start_of_ring_name(&dir2, who->task, &n->second);
	if (protected_dir_count) {
		if (has_dir)
			flags |= protected_above(&dir);
		if (has_dir2)
			flags |= protected_above(&dir2);
	}
	if (!is_of_interest(who) && !flags && (has_dir || !is_watched_link(s, n))) {
		count(AMBIT_COUNT_FILTERED);
		return 0;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->op = n->op;
	r->mode = n->mode;
	root_of(&root, who->task);
	r->path_len = append_ring_name(s, end, &n->first, NAME_MAX_BYTES, &quality);
	end += r->path_len;
	r->path2_len = append_ring_name(s, end, &n->second, NAME_MAX_BYTES, &quality);
	end += r->path2_len;
	if (has_dir) {
		r->dir_ino = dir_ino(&dir, &r->dir_dev);
		r->dir_path_len = append_path(s, end, &dir, &root, DIR_MAX_BYTES, &quality);
		end += r->dir_path_len;
	}
	if (has_dir2) {
		r->dir2_ino = dir_ino(&dir2, &r->dir2_dev);
		r->dir2_path_len = append_path(s, end, &dir2, &root, DIR_MAX_BYTES, &quality);
		end += r->dir2_path_len;
	}
	r->obj.protected_flags = flags;
	r->h.quality = quality | (flags ? AMBIT_Q_PROTECTED : 0);
	r->h.hook = AMBIT_HOOK_TP_BTF_IO_URING;
	r->h.size = end;
	return end;
}

ALWAYS_INLINE void names_submitted(struct io_kiocb *req, struct subject *who, __u8 opcode, enum visibility completion)
{
	struct named_request names = {};
	struct scratch *s;
	__u32 size;

	if (!bpf_core_type_exists(struct io_rename))
		return;
	read_names(&names, req, opcode);
	if (!names.op)
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	size = put_names(s, who, &names);
	if (size && completion == COMPLETES)
		keep_change(s, (__u64)req, size, AMBIT_HOOK_TP_BTF_IO_URING);
	else if (size)
		tell_change((struct ambit_rec_name_change *)s->record, who, 0, 0);
	give_back(s);
}

/* The file is not to be had: its name is told, and the open may still fail. */
ALWAYS_INLINE void open_submitted(struct io_kiocb *req, struct subject *who)
{
	struct io_open *open = (void *)req;
	struct ring_name name = {NAME_OF_REQUEST(io_open, req, filename), BPF_CORE_READ(open, dfd)};
	__u64 asked = BPF_CORE_READ(open, how.flags);
	__u32 end = sizeof(struct ambit_rec_open), flags = 0, quality = AMBIT_Q_USER_PATH;
	struct place dir = {};
	struct ambit_rec_open *r;
	struct scratch *s;

	if (opens_by_object && !(asked & O_PATH)) /* told there */
		return;
	s = take_scratch(who->image_id);
	if (!s)
		return;
	r = (struct ambit_rec_open *)s->record;
	__builtin_memset(r, 0, sizeof(*r));
	if (start_of_ring_name(&dir, who->task, &name)) {
		if (protected_dir_count)
			flags = protected_above(&dir);
		end = append_start(s, end, &dir, who->task, &quality);
	}
	end += append_ring_name(s, end, &name, PATH_BUFFER, &quality);
	r->path_len = end - sizeof(*r);
	if (is_of_interest(who) || flags || is_watched_name(s, sizeof(*r), end - sizeof(*r))) {
		r->access = access_asked(asked);
		r->flags = asked;
		r->obj.protected_flags = flags;
		fill_header(&r->h, who, AMBIT_REC_OPEN, AMBIT_HOOK_TP_BTF_IO_URING,
			    quality | (flags ? AMBIT_Q_PROTECTED : 0));
		send_of_object(&r->h, end, who, flags, text_end(s, end));
	}
	give_back(s);
}

ALWAYS_INLINE void request_submitted(struct io_kiocb *req, __u8 opcode, enum visibility completion)
{
	struct io_accept *accept = (void *)req;
	struct subject who;
	bool is_open = opcode == IORING_OP_OPENAT_NR || opcode == IORING_OP_OPENAT2_NR;
	bool is_change = opcode >= IORING_OP_RENAMEAT_NR && opcode <= IORING_OP_LINKAT_NR;
	bool is_multishot = opcode == IORING_OP_ACCEPT_NR && bpf_core_field_exists(req->cqe);

	if (!is_open && !is_change && !is_multishot) /* nearly all: by the opcode alone */
		return;
	/* Before 6.3 nothing tells them apart, and each is remembered until it completes. */
	if (is_multishot && bpf_core_field_exists(accept->iou_flags))
		is_multishot = BPF_CORE_READ(accept, iou_flags) & ACCEPT_MULTISHOT;

	if (BPF_CORE_READ(req, flags) & REQUEST_SKIPS_COMPLETION)
		completion = COMPLETES_UNSEEN;
	if (!is_change && !is_multishot && !(is_open && completion == COMPLETES_UNSEEN))
		return;
	if (completion == COMPLETES_UNSEEN && (opcode == IORING_OP_RENAMEAT_NR || opcode == IORING_OP_UNLINKAT_NR))
		note_moves_to_come();
	subject_of(&who, owner_of(req));
	if (who.state == AMBIT_IMAGE_SELF)
		return;
	if (is_multishot)
		remember_multishot(req);
	else if (is_change)
		names_submitted(req, &who, opcode, completion);
	else
		open_submitted(req, &who);
}

/* 6.3. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(tp_btf__io_uring_submit_req, struct io_kiocb *req)
{
	request_submitted(req, req->opcode, COMPLETES);
	return 0;
}

/* 6.0 to 6.2: the read by type is what a kernel refuses that passes something else first. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(tp_btf__io_uring_submit_sqe, struct io_kiocb *req)
{
	request_submitted(req, req->opcode, COMPLETES);
	return 0;
}

/* 5.10 (as maintained) to 5.18: io_uring_complete does not know the request. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(tp_btf__io_uring_submit_sqe__second, void *ring, void *request)
{
	struct io_kiocb *req = request;

	request_submitted(req, BPF_CORE_READ(req, opcode), COMPLETES_UNSEEN);
	return 0;
}
