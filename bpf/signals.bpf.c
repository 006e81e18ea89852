// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Signals that one process sends another. Costs nothing but to who sends signals. The hook runs under the target's
 * signal lock, now and then in an interrupt: records are written in place in the ring.
 */
#include "lib/target.bpf.h"

#define SEND_SIG_NOINFO 0UL /* by whoever runs: cgroup.kill, a parent's death, and kill() itself (7.x) */
#define SEND_SIG_PRIV 1UL   /* the kernel itself */
#define SI_TIMER (-2)
#define SI_KERNEL 0x80
#define TRACE_SIGNAL_IGNORED 1

#define SIGINT 2
#define SIGQUIT 3
#define SIGABRT 6
#define SIGKILL 9
#define SIGTERM 15
#define SIGSTOP 19

ALWAYS_INLINE bool stops_or_ends(int sig)
{
	return sig == SIGKILL || sig == SIGSTOP || sig == SIGTERM || sig == SIGINT || sig == SIGQUIT || sig == SIGABRT;
}

/* Codes above 0 are the kernel's: of faults, of children, and of files that are ready, for which the owner of the
 * file has chosen signal and receiver (F_SETSIG). A timer's signal comes while anybody runs, but its code can be forged
 * (rt_sigqueueinfo). Where one of the last two does harm it is told, and its sender is not certain. */
ALWAYS_INLINE bool is_sent(int sig, struct kernel_siginfo *info, __u32 *quality)
{
	int code;

	if ((unsigned long)info == SEND_SIG_NOINFO)
		return true;
	if ((unsigned long)info == SEND_SIG_PRIV)
		return false;
	code = BPF_CORE_READ(info, si_code);
	if (code == SI_TIMER || code > 0) {
		*quality |= AMBIT_Q_UNATTRIBUTED;
		return stops_or_ends(sig) && code != SI_KERNEL;
	}
	return true;
}

ALWAYS_INLINE __u32 owner_of_image(__u64 image_id)
{
	struct ambit_image *image = bpf_map_lookup_elem(&images, &image_id);

	return image ? image->owner : 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(tp_btf__signal_generate, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct target target = {};
	__u32 quality = 0, repeats = 0;
	struct ambit_rec_act *r;
	struct subject who;

	if (result == TRACE_SIGNAL_IGNORED || !is_sent(sig, info, &quality))
		return 0;
	subject_of_current(&who);
	if (who.state == AMBIT_IMAGE_SELF)
		return 0;
	set_target(&target, &who, task);
	if (!is_target_of_interest(&target) || target.image_id == who.image_id)
		return 0;
	if (target.owner && target.owner == owner_of_image(who.image_id))
		return 0; /* within one workload */
	if (is_repeated(&who, &target, AMBIT_ACT_SIGNAL, sig, &repeats))
		return 0;
	r = reserve_record(struct ambit_rec_act, &who);
	if (!r)
		return 0;
	__builtin_memset(r, 0, sizeof(*r));
	r->act = AMBIT_ACT_SIGNAL;
	r->number = sig;
	r->repeats = repeats;
	r->target_tgid = target.tgid;
	r->target_start_ns = target.start_ns;
	fill_header(&r->h, &who, AMBIT_REC_ACT, AMBIT_HOOK_TP_BTF_SIGNAL, quality | target_quality(&target));
	submit_record(&r->h, sizeof(*r), &who);
	return 0;
}
