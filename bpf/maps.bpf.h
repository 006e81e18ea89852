/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map and global of the kernel half. Maps are weak: each object carries the definition, the linker keeps one.
 * Globals live in state.bpf.c. Sizes marked `set by the loader` are replaced before load.
 */
#pragma once

#include "lib/read.bpf.h"

/* The one way to user space. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24); /* set by the loader */
} records SEC(".maps") __weak;

/* tgid -> who that is. Filled at fork and exec, on first sight and by the inventory; emptied at exit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ambit_proc);
} procs SEC(".maps") __weak;

/* image id -> decision. Written by user space (and for the daemon itself on first sight). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ambit_image);
} images SEC(".maps") __weak;

/* object -> AMBIT_PROTECT_*. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ambit_file_key);
	__type(value, __u32);
} protected_files SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ambit_file_key);
	__type(value, __u32);
} protected_dirs SEC(".maps") __weak;

/* Where failed opens are told, not only counted: declared and denied paths up to their first wildcard. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ambit_name_prefix);
	__type(value, __u32);
} watched_names SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AMBIT_LOSS_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps") __weak;

/* image and reason -> records lost. Images that lose nothing any more fall out first, so that it is never full. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096); /* set by the loader */
	__type(key, struct ambit_lost_key);
	__type(value, __u64);
} lost_by_image SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, AMBIT_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps") __weak;

/* Accesses that were judged in scope and would be again (lib/seen.bpf.h). Written by user space only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ambit_seen_key);
	__type(value, struct ambit_seen);
} seen SEC(".maps") __weak;

/* Processes as user space knows them, for the daemon after it. No program here reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192); /* set by the loader */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ambit_known_key);
	__type(value, struct ambit_known);
} known SEC(".maps") __weak;

/* Programs behind the sys_exit dispatcher, by AMBIT_SLOT_*. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, AMBIT_SLOTS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} call_programs SEC(".maps") __weak;

/* The same behind fexit of the calls' functions, by prototype (lib/calls.bpf.h). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, AMBIT_SLOTS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} plain_call_programs SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, AMBIT_SLOTS);
	__uint(key_size, 4);
	__uint(value_size, 4);
} optional_call_programs SEC(".maps") __weak;

/* Sockets that talk to port 53: whose they are. */
struct dns_owner {
	__u64 leader_start_ns;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 tid;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384); /* set by the loader */
	__type(key, __u64);	    /* socket cookie */
	__type(value, struct dns_owner);
} dns_sockets SEC(".maps") __weak;

#define PATH_BUFFER 4096
#define PATH_SLACK 256 /* a component of up to 255 bytes is written past the masked offset */

/* Room to put a record together. One per CPU for tracing programs, which cannot be preempted or nest among each other
 * in process context; one for the iterators, of which one runs at a time. */
struct walk {
	__u64 dentry, mount;	       /* where it stands */
	__u64 root_dentry, root_mount; /* where it ends */
	__u64 chain;		       /* of the path in `path`, see path_chain() */
	__u32 off;		       /* of the path's first byte in `path` */
	__u32 flags;		       /* AMBIT_Q_PATH_* */
};
struct scratch {
	__u64 busy;
	__u64 args[8]; /* of the system call; user pointers as passed */
	struct ambit_call call;
	__u32 is_compat;
	__u32 room; /* ROOM_OF_*: which scratch this is */
	struct walk walk;
	__u64 last_mapping; /* iter/task_vma: file and process of the mapping before */
	__u32 last_tgid;
	__u32 pad;
	struct ambit_name_prefix prefix; /* key of a look-up in `watched_names` */
	char path[PATH_BUFFER + PATH_SLACK];
	__u8 record[AMBIT_REC_MAX + PATH_BUFFER]; /* append() masks offset and length separately */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} task_scratch SEC(".maps") __weak;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} iter_scratch SEC(".maps") __weak;

/* Per CPU: numbering of records and images, and when the reader was last woken. */
struct cpu_state {
	__u64 sequence;
	__u64 image_counter;
	__u64 last_wake_ns;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpu_states SEC(".maps") __weak;

/* Fixed before load. */
extern const volatile unsigned int ring_bytes;
extern const volatile unsigned int ring_reserve_bytes;
extern const volatile unsigned int wake_bytes;
extern const volatile unsigned int flood_share_percent; /* of the free ring for one image; 0 = no bound */
extern const volatile unsigned int self_tgid;
extern const volatile unsigned int seen_enabled;
extern const volatile unsigned int fork_storm; /* processes of one control group within a second */
extern const volatile struct ambit_call calls_64[AMBIT_CALL_NUMBERS];
extern const volatile struct ambit_call calls_32[AMBIT_CALL_NUMBERS];

/* Changed by user space while running. */
extern volatile unsigned int decision_generation; /* a decision was changed: cached states are stale */
extern volatile unsigned int seen_generations[AMBIT_SEEN_GENERATIONS];
extern volatile unsigned long long next_look_ns; /* CLOCK_MONOTONIC: until then the reader looks without being woken */
extern volatile unsigned long long daemon_tick_ns; /* CLOCK_BOOTTIME, a few times a second; 0 = never yet */
extern volatile unsigned int protected_dir_count;
extern volatile unsigned int protected_generation; /* the protected directories were changed */
extern volatile unsigned int watched_name_count;
extern volatile unsigned int init_mnt_ns; /* of process 1 */
extern volatile unsigned int init_root_dev;
extern volatile unsigned long long init_root_ino;
extern volatile unsigned int iter_tgid; /* iterators: only this process; 0 = all */
#define AT_FUNCTION_64 1
#define AT_FUNCTION_32 2
extern volatile unsigned char calls_at_functions[AMBIT_CALL_NUMBERS]; /* AT_FUNCTION_*: not for tp_btf/sys_exit */
extern volatile unsigned int changes_by_object; /* bit n: lsm or fentry keeps changes of op n (AMBIT_NAME_*) */
extern volatile unsigned int opens_by_object;	/* lsm or fentry tells opens: calls tell only what never comes there */
extern volatile unsigned int connect_unix_by_calls; /* no cgroup hook tells them */
extern volatile unsigned int iter_facts;	    /* iterators: ITER_* */
#define ITER_WITHOUT_PATHS 1

/* One bit per hashed inode number of all protected objects: keeps the miss, which every open of every process pays,
 * at one load. */
#define PROTECTED_BITS (1 << 18)
extern volatile unsigned long long protected_bits[PROTECTED_BITS / 64];

/* Changed by the kernel half: something was renamed or mounted elsewhere, so that other objects may have new paths. */
extern volatile unsigned long long path_generation;
/* CLOCK_BOOTTIME: until then something may still be moved whose end nobody will be shown. */
extern volatile unsigned long long paths_unsettled_ns;

/* Directories that have no protected one at or above them, as path.bpf.c numbers them: most opens of a host are in one,
 * and look no further. */
#define PLAIN_DIR_BITS 12
extern volatile unsigned long long plain_dirs[1 << PLAIN_DIR_BITS];
