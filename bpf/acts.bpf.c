// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that matter by themselves: into other processes' memory, keyrings, userfaultfd, performance counters, bpf(),
 * kernel modules, kexec.
 */
#include "lib/names.bpf.h"
#include "lib/target.bpf.h"

#define TEXT_MAX 256 /* of the caller, each, NUL included */

#define BPF_PROG_LOAD_NR 5

#define PERF_FLAGS_ARG 5 /* the fifth argument of perf_event_open */
#define PERF_FLAG_PID_CGROUP 4

ALWAYS_INLINE __u32 append_kernel_text(struct scratch *s, __u32 at, const void *text)
{
	__u32 where = at;
	long len;

	barrier_var(where);
	where &= AMBIT_REC_MAX - 1;
	len = bpf_probe_read_kernel_str(s->record + where, TEXT_MAX, text);
	return len > 0 ? (len - 1) & (TEXT_MAX - 1) : 0;
}

/* Name of the program that the call has loaded, from the object behind the new descriptor. */
ALWAYS_INLINE __u32 append_program_name(struct scratch *s, __u32 at, struct task_struct *task, __s32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct bpf_prog_aux *aux;
	struct bpf_prog *prog;

	if (!file)
		return 0;
	prog = (struct bpf_prog *)BPF_CORE_READ(file, private_data);
	aux = BPF_CORE_READ(prog, aux);
	return append_kernel_text(s, at, (void *)aux + bpf_core_field_offset(struct bpf_prog_aux, name));
}

/* Path of the file behind an argument (finit_module, kexec_file_load). */
ALWAYS_INLINE __u32 append_file_path(struct scratch *s, __u32 at, struct task_struct *task, __s32 fd, __u32 *quality)
{
	struct file *file = file_of_fd(task, fd);
	struct place place, root;

	if (!file)
		return 0;
	place_of_file(&place, file);
	root_of(&root, task);
	return append_path(s, at, &place, &root, PATH_BUFFER - 1, quality);
}

/* A kernel without the call says so to everybody: told, or a canary could not tell that from a blind hook. */
ALWAYS_INLINE bool is_refusal(long ret)
{
	return ret == -EPERM || ret == -EACCES || ret == -ENOSYS;
}

/* perf_event_open() of a control group: the number is a descriptor, of no process. */
ALWAYS_INLINE bool names_cgroup(struct scratch *s)
{
	return s->call.op == AMBIT_ACT_PERF_EVENT && call_arg(s, PERF_FLAGS_ARG) & PERF_FLAG_PID_CGROUP;
}

ALWAYS_INLINE void tell_act(struct scratch *s, struct subject *who, long ret, __u16 hook)
{
	struct ambit_rec_act *r = (struct ambit_rec_act *)s->record;
	__u32 quality = call_quality(s), end = sizeof(*r), repeats = 0;
	bool is_by_all = s->call.flags & AMBIT_CALL_BY_ALL, has_texts;
	__u64 number = call_arg(s, s->call.flags_arg);
	struct target target = {};

	if (ret < 0 && !is_refusal(ret) && !is_by_all)
		return;
	if (s->call.pid_arg && !names_cgroup(s))
		set_target_by_number(&target, who, (__s32)call_arg(s, s->call.pid_arg), &quality);
	if (s->call.pid2_arg && !target.tgid)
		set_target_by_number(&target, who, (__s32)call_arg(s, s->call.pid2_arg), &quality);
	if (!is_of_interest(who) && !is_target_of_interest(&target) && !is_by_all)
		return;
	if (!target.tgid && ret >= 0 && s->call.op <= AMBIT_ACT_KCMP)
		return;				  /* its own memory and descriptors */
	if (s->call.op == AMBIT_ACT_PERF_EVENT) { /* the first word of the attributes is the type */
		__u32 type = ~0U;

		bpf_probe_read_user(&type, sizeof(type), (const void *)number);
		number = type;
	} else {
		number = (__u32)number;
	}
	has_texts = s->call.path_arg || s->call.fd_arg;
	if (!has_texts && is_repeated(who, &target, s->call.op | (ret < 0) << 8, number, &repeats))
		return;

	__builtin_memset(r, 0, sizeof(*r));
	r->act = s->call.op;
	r->number = number;
	r->ret = ret;
	r->repeats = repeats;
	r->target_tgid = target.tgid;
	r->target_start_ns = target.start_ns;
	if (s->call.op == AMBIT_ACT_BPF && number == BPF_PROG_LOAD_NR && ret >= 0) {
		r->text_len = append_program_name(s, end, who->task, ret);
		end += r->text_len;
	} else if (s->call.fd_arg) {
		r->text_len = append_file_path(s, end, who->task, (__s32)call_arg(s, s->call.fd_arg), &quality);
		end += r->text_len;
	} else if (s->call.path_arg) {
		quality |= AMBIT_Q_USER_PATH;
		r->text_len =
			append_user_string(s, end, call_arg(s, s->call.path_arg), TEXT_MAX, &quality, who->image_id);
		end += r->text_len;
		r->text2_len =
			append_user_string(s, end, call_arg(s, s->call.path2_arg), TEXT_MAX, &quality, who->image_id);
		end += r->text2_len;
	}
	fill_header(&r->h, who, AMBIT_REC_ACT, hook, quality | target_quality(&target));
	send_record(&r->h, end, who, ROOM_ORDINARY);
}

ALWAYS_INLINE void act_returned(struct pt_regs *regs, long ret, __u16 hook)
{
	struct subject who;
	struct scratch *s = begin_call(&who, regs, CALLERS_ALL);

	if (!s)
		return;
	tell_act(s, &who, ret, hook);
	give_back(s);
}
CALL_PROGRAM(act)
