/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many processes a workload makes within a second, by control group. A storm of them is told once a second, beside
 * the records of the forks themselves.
 */
#pragma once

#include "lib/emit.bpf.h"

#define FORK_WINDOW_NS 1000000000ULL

struct fork_rate {
	__u64 window_ns; /* when this second began */
	__u32 count;
	__u32 before; /* in the second before; 0 where there was a pause */
	__u32 is_told;
	__u32 pad;
};
/* By workload in a control group, and who is not judged yet by itself: a build in the same group is not the workload's.
 */
struct fork_source {
	__u64 cgroup_id;
	__u32 owner; /* as in struct ambit_image */
	__u32 pad;
};
/* Those that made none for the longest time fall out first, and then count from 0. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024); /* set by the loader */
	__type(key, struct fork_source);
	__type(value, struct fork_rate);
} fork_rates SEC(".maps") __weak;

ALWAYS_INLINE void begin_window(struct fork_rate *rate, __u64 now)
{
	rate->before = now - rate->window_ns < 2 * FORK_WINDOW_NS ? rate->count : 0;
	rate->window_ns = now;
	rate->count = 1;
	rate->is_told = 0;
}

/* `who->cgroup_id` must be known. Two processors that fork at once may count one for two: a storm is thousands. */
ALWAYS_INLINE void count_fork(struct subject *who)
{
	struct ambit_image *image = bpf_map_lookup_elem(&images, &who->image_id);
	struct fork_source source = {who->cgroup_id, image ? image->owner : 0, 0};
	struct fork_rate fresh = {}, *rate;
	__u64 now = bpf_ktime_get_boot_ns();
	struct ambit_rec_act r = {};

	rate = bpf_map_lookup_elem(&fork_rates, &source);
	if (!rate) {
		fresh.window_ns = now;
		fresh.count = 1;
		count(AMBIT_COUNT_NEW_FORKER);
		bpf_map_update_elem(&fork_rates, &source, &fresh, BPF_ANY);
		return;
	}
	if (now - rate->window_ns >= FORK_WINDOW_NS) {
		begin_window(rate, now);
		return;
	}
	if (++rate->count < fork_storm || rate->is_told)
		return;
	rate->is_told = 1;
	r.act = AMBIT_ACT_FORKS;
	r.number = rate->count;
	r.repeats = rate->before;
	fill_header(&r.h, who, AMBIT_REC_ACT, AMBIT_HOOK_TP_BTF_SCHED, 0);
	send_record(&r.h, sizeof(r), who, ROOM_ORDINARY);
}
