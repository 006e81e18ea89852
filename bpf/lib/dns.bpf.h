/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets whose packets may be questions to a resolver. */
#pragma once

#include "lib/emit.bpf.h"

#define DNS_PORT 53

ALWAYS_INLINE void remember_dns_socket(struct subject *who, __u64 cookie)
{
	struct dns_owner owner = {};

	owner.tgid = who->tgid;
	owner.tid = who->tid;
	owner.leader_start_ns = who->leader_start_ns;
	owner.cgroup_id = task_cgroup_id(who->task);
	if (!bpf_map_lookup_elem(&dns_sockets, &cookie))
		count(AMBIT_COUNT_NEW_DNS);
	bpf_map_update_elem(&dns_sockets, &cookie, &owner, BPF_ANY);
}
