/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The seen-table: an access that was judged and would be judged the same again is counted and sends nothing. What the
 * judgement rests on beside the key has generations: user space raises those of its own state (`seen_generations`), the
 * kernel half raises `path_generation` wherever paths of other objects can change. An entry whose path generation is
 * old is compared with the path's chain once more, so that a rename elsewhere costs a walk and not a record.
 */
#pragma once

#include "lib/object.bpf.h"

/* Some object may have got another path than the names and mounts above it told before. */
ALWAYS_INLINE void note_moved_paths(void)
{
	__sync_fetch_and_add(&path_generation, 1);
}

/* A request to move something was made, and nothing will tell that it was carried out: for some seconds no path is
 * taken for the one it was. */
#define SETTLE_NS 5000000000ULL

ALWAYS_INLINE void note_moves_to_come(void)
{
	paths_unsettled_ns = bpf_ktime_get_boot_ns() + SETTLE_NS;
	note_moved_paths();
}

/* Low half of what the next record of an open is to carry; read before anything else of the object. */
ALWAYS_INLINE __u32 judge_generation(void)
{
	return seen_generations[0];
}

ALWAYS_INLINE __u32 name_hash_of(struct dentry *d, struct task_struct *task)
{
	__u32 root_ino = (__u32)READ(task, fs, root.dentry, d_inode, i_ino);
	__u32 mnt_ns = READ(task, nsproxy, mnt_ns, ns.inum);

	return READ(d, d_name.hash) ^ root_ino * 0x9e3779b1U ^ mnt_ns * 0x85ebca6bU;
}

ALWAYS_INLINE bool is_judged(const struct ambit_seen *entry)
{
	return entry->judge_generation == judge_generation() &&
	       entry->workload_generation == seen_generations[entry->workload & (AMBIT_SEEN_GENERATIONS - 1)];
}

ALWAYS_INLINE void count_hit(struct ambit_seen *entry)
{
	__sync_fetch_and_add(&entry->count, 1);
	entry->last_ns = daemon_tick_ns; /* a clock costs as much as all the rest */
}

ALWAYS_INLINE void fill_seen_file(struct ambit_seen_key *key, const struct subject *who, struct inode *inode,
				  struct place *at, __u32 access, __u32 hook, __u32 quality)
{
	struct dentry *d = at->dentry;

	key->image_id = who->image_id;
	key->ino = READ(inode, i_ino);
	key->parent_ino = READ(d, d_parent, d_inode, i_ino);
	key->mnt_id = mount_id(at->mount);
	key->dev = READ(inode, i_sb, s_dev);
	key->generation = READ(inode, i_generation);
	key->name_hash = name_hash_of(d, who->task);
	key->how = ambit_seen_how(AMBIT_REC_OPEN, hook, quality, READ(inode, i_mode), access);
}

/* True: this open was judged before and is counted now. */
ALWAYS_INLINE bool is_seen_open(const struct subject *who, struct inode *inode, struct place *at, __u32 access,
				__u32 hook, __u32 quality)
{
	struct ambit_seen_key key;
	struct ambit_seen *entry;
	__u64 generation;

	if (!seen_enabled)
		return false;
	fill_seen_file(&key, who, inode, at, access, hook, quality);
	entry = bpf_map_lookup_elem(&seen, &key);
	if (!entry || !is_judged(entry))
		return false;
	generation = path_generation; /* before the walk: a move during it is noticed by the next access */
	if (entry->path_generation != generation || are_paths_unsettled()) {
		struct place root;

		root_of(&root, who->task);
		if (path_chain((__u64)at->dentry, (__u64)at->mount, (__u64)root.dentry, (__u64)root.mount) !=
		    entry->chain)
			return false;
		entry->path_generation = generation;
	}
	count_hit(entry);
	return true;
}

/* This peer, where it was judged before; else NULL. `type`: AMBIT_REC_CONNECT or SEND. IPv4-mapped addresses are IPv4,
 * as in the record. */
ALWAYS_INLINE struct ambit_seen *find_seen_peer(const struct subject *who, __u32 type, __u32 family,
						const __u32 address[4], __u32 port, __u32 sock_type, __u32 protocol)
{
	struct ambit_seen_key key = {};
	struct ambit_seen *entry;

	if (!seen_enabled || who->state != AMBIT_IMAGE_WATCHED)
		return NULL;
	key.image_id = who->image_id;
	key.ino = (__u64)address[1] << 32 | address[0];
	key.parent_ino = (__u64)address[3] << 32 | address[2];
	key.dev = family << 16 | protocol;
	key.generation = sock_type << 16 | port;
	key.how = ambit_seen_how(type, AMBIT_HOOK_CGROUP_ADDR, 0, 0, 0);
	entry = bpf_map_lookup_elem(&seen, &key);
	return entry && is_judged(entry) ? entry : NULL;
}

/* True: this peer was judged before and is counted now. */
ALWAYS_INLINE bool is_seen_peer(const struct subject *who, __u32 type, __u32 family, const __u32 address[4], __u32 port,
				__u32 sock_type, __u32 protocol)
{
	struct ambit_seen *entry = find_seen_peer(who, type, family, address, port, sock_type, protocol);

	if (!entry)
		return false;
	count_hit(entry);
	return true;
}
