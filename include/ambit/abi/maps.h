/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Keys and values of the maps that both halves touch. */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

/* What the daemon has decided of an image (map `images`, key: image id). */
#define AMBIT_IMAGE_UNDECIDED 0 /* everything it does is sent, in order */
#define AMBIT_IMAGE_WATCHED 1   /* belongs to a workload: everything is sent */
#define AMBIT_IMAGE_IGNORED 2   /* only protected objects, exec, fork, exit, credentials are sent */
#define AMBIT_IMAGE_SELF 3      /* the daemon and its helpers: nothing is sent but exec, fork, exit */
struct ambit_image {
	__u32 state;      /* AMBIT_IMAGE_* */
	__u32 owner;      /* scope index + 1; 0 = none */
	__u32 generation; /* of the decision */
	__u32 pad;
};

/* Per process (map `procs`, key: tgid of the initial pid namespace). */
struct ambit_proc {
	__u64 image_id;
	__u64 start_ns;
	__u64 cgroup_id;  /* cgroup v2 the process was last seen to enter */
	__u32 state;      /* cached AMBIT_IMAGE_* */
	__u32 generation; /* of the cache: valid while it equals the object's `decision_generation` */
	__u64 credentials; /* a number that stands for those that were told last; 0 = none since exec */
};

/* What the sys_exit dispatcher does with one system call (read-only tables by number). Members named *_arg hold the
 * argument's index + 1; 0 = the call has none. */
struct ambit_call {
	__u32 match_mask, match_value; /* only calls whose argument `match_arg` has these bits so; mask 0 = all */
	__u8 slot;        /* AMBIT_SLOT_*; 0 = not watched */
	__u8 op;          /* AMBIT_NAME_* or AMBIT_CRED_*, else what the slot's program makes of it */
	__u8 dir_arg, path_arg;
	__u8 dir2_arg, path2_arg;
	__u8 fd_arg;      /* acts on an open file */
	__u8 flags_arg;   /* open flags, unshare flags, ptrace request */
	__u8 mode_arg;
	__u8 uid_arg, gid_arg;
	__u8 moves_paths; /* AMBIT_MOVES_*: a success can change the paths of other objects */
	__u8 pid_arg, pid2_arg; /* acts on these processes, numbers of the caller's pid namespace */
	__u8 flags;       /* AMBIT_CALL_* */
	__u8 ret_below;   /* only calls that return 0 .. ret_below - 1; 0 = all */
	__u8 match_arg;   /* 2 or 3 */
	__u8 pad[3];
};
#define AMBIT_OPEN_FLAGS_IN_ARGUMENT 0 /* op of AMBIT_SLOT_OPEN: where the flags are */
#define AMBIT_OPEN_CREAT 1
#define AMBIT_OPEN_FLAGS_IN_MEMORY 2 /* openat2 */
#define AMBIT_OPEN_BY_HANDLE 3
#define AMBIT_MOVES_NOTHING 0
#define AMBIT_MOVES_PATHS 1
#define AMBIT_MOVES_REMOVED_DIR 2 /* only with AT_REMOVEDIR in the third argument */
#define AMBIT_CALL_BY_ALL 1 /* told whoever calls it: it changes the host */
#define AMBIT_SLOT_NONE 0
#define AMBIT_SLOT_OPEN 1
#define AMBIT_SLOT_NAME_CHANGE 2
#define AMBIT_SLOT_CRED 3
#define AMBIT_SLOT_PTRACE 4
#define AMBIT_SLOT_ACCEPT 5
#define AMBIT_SLOT_BIND 6
#define AMBIT_SLOT_LISTEN 7
#define AMBIT_SLOT_CONNECT 8
#define AMBIT_SLOT_ACT 14
#define AMBIT_SLOT_SOCKET 15
#define AMBIT_SLOT_STDIO 16
#define AMBIT_SLOT_LIMIT 17
#define AMBIT_SLOT_SEND_UNIX 18
#define AMBIT_SLOT_SOCKETCALL 19
#define AMBIT_SLOT_RECEIVE 20
#define AMBIT_SLOT_COPY 21
#define AMBIT_SLOT_MOUNT 22
#define AMBIT_SLOT_MAP 23
#define AMBIT_SLOT_MOVES_ONLY 24 /* no program: the dispatcher notes `moves_paths` */
#define AMBIT_SLOT_PROTECT 25 /* mprotect */
#define AMBIT_SLOTS 26
#define AMBIT_CALL_NUMBERS 512 /* x86: 64-bit numbers end at 470, i386 at 470 */

/* Protected objects (maps `protected_files`, `protected_dirs`). */
#define AMBIT_PROTECT_MODEL (1u << 0)
#define AMBIT_PROTECT_SECRET (1u << 1)
#define AMBIT_PROTECT_OTHER (1u << 2)
#define AMBIT_PROTECT_SELF (1u << 3) /* the daemon's own files */
struct ambit_file_key {
	__u64 ino;
	__u32 dev; /* kernel encoding */
	__u32 pad;
};

/* Beginnings of names below which failed opens are told (longest-prefix map `watched_names`). Longer ones are cut, which
 * tells more. Zero bits match every name. */
#define AMBIT_NAME_PREFIX_MAX 252
struct ambit_name_prefix {
	__u32 bits; /* of `name` that count */
	char name[AMBIT_NAME_PREFIX_MAX];
};

/* What user space knows of a process image (map `known`), for the daemon after it, that has to judge what the image did while
 * none lived. Written and read by user space alone; an entry goes once the end of the image is judged and durable. */
struct ambit_known_key {
	__u64 start_ns; /* of the process's leader */
	__u64 image_id;
	__u32 tgid;
	__u32 pad;
};
#define AMBIT_KNOWN_SERVING (1u << 0) /* its workload's load phase is over */
#define AMBIT_KNOWN_ENTERED (1u << 1)
#define AMBIT_KNOWN_LAUNCHER (1u << 2)
#define AMBIT_KNOWN_SERVER (1u << 3)
#define AMBIT_KNOWN_UNDER_SERVER (1u << 4)
#define AMBIT_KNOWN_DAEMON (1u << 5) /* the daemon that wrote the entry */
#define AMBIT_KNOWN_CANARY (1u << 6) /* its helper that tries the signals */
#define AMBIT_KNOWN_RECORD_BYTES 912
#define AMBIT_KNOWN_CGROUP_BYTES 320
struct ambit_known {
	__u64 scope;	       /* hash of the name of the scope that owns it; 0 = none */
	__u64 phase_started_ns;
	__u64 last_weights_ns; /* 0 = none read */
	__u32 standing;	       /* AMBIT_KNOWN_* */
	__u16 record_len, cgroup_len;
	__u8 record[AMBIT_KNOWN_RECORD_BYTES]; /* struct ambit_rec_exec, its arguments cut to what fits */
	char cgroup[AMBIT_KNOWN_CGROUP_BYTES]; /* path below the cgroup2 root */
};

/* Why a record did not reach user space whole (array `losses`, per CPU, index: reason). */
#define AMBIT_LOSS_RING_FULL 0      /* no room at all */
#define AMBIT_LOSS_RING_RESERVE 1   /* ordinary record refused to keep the reserve */
#define AMBIT_LOSS_PROCS_FULL 2     /* process table full: attribution by lineage lost */
#define AMBIT_LOSS_IMAGES_FULL 3
#define AMBIT_LOSS_READ_FAILED 4    /* kernel or user memory not readable */
/* 5 is retired: `dns_sockets` lets the oldest go, which is counted there. */
#define AMBIT_LOSS_RECURSION 6      /* scratch busy */
#define AMBIT_LOSS_NO_DAEMON 7      /* ordinary act of an undecided process while no daemon lived */
#define AMBIT_LOSS_SOCKETS_FULL 8   /* bytes of a socket are not counted */
#define AMBIT_LOSS_TRAFFIC_FULL 9   /* bytes of a peer were not counted */
#define AMBIT_LOSS_THROTTLED 10     /* ordinary record of an image that held its share of the ring already */
#define AMBIT_LOSS_REASONS 11

/* Loss by whom and why (hash `lost_by_image`, value: count). */
struct ambit_lost_key {
	__u64 image_id; /* 0 = nobody's */
	__u32 reason;   /* AMBIT_LOSS_* */
	__u32 pad;
};

/* Counters of the kernel half (array `counters`, per CPU). */
#define AMBIT_COUNT_SENT 0
#define AMBIT_COUNT_FILTERED 1      /* judged IGNORED and not protected */
#define AMBIT_COUNT_OPEN_ENOENT 2   /* failed opens of names that nobody asked for */
/* Entries made in tables that let the least recently used go; those that are not there any more made room. */
#define AMBIT_COUNT_NEW_TOLD 3
#define AMBIT_COUNT_NEW_DNS 4
#define AMBIT_COUNT_NEW_LOSER 5
#define AMBIT_COUNT_NEW_WRITER 6
#define AMBIT_COUNT_NEW_COPY 7
#define AMBIT_COUNT_NEW_FORKER 8
#define AMBIT_COUNT_NEW_CHANGE 9
#define AMBIT_COUNT_NEW_MULTISHOT 10
#define AMBIT_COUNTERS 11
