/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Records that the kernel half writes into the one ring buffer. Read by both halves, so: plain C,
 * fixed-width members, largest first, explicit zeroed padding, no enum, bool, pointer or packed.
 * Any change of layout or meaning raises AMBIT_ABI; retired type numbers stay reserved.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Flexible array members are C, and an extension in C++ that both compilers take. */
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif

#define AMBIT_ABI 4

/* Record types. */
#define AMBIT_REC_EXEC 1          /* struct ambit_rec_exec; with AMBIT_Q_INVENTORY: was running before us */
#define AMBIT_REC_FORK 2          /* struct ambit_rec_fork; new thread groups only */
#define AMBIT_REC_EXIT 3          /* struct ambit_rec_exit; the last thread of a group left */
#define AMBIT_REC_CRED 4          /* struct ambit_rec_cred */
#define AMBIT_REC_CGROUP_ATTACH 5 /* struct ambit_rec_cgroup; subject moved into cgroup `id` */
#define AMBIT_REC_CGROUP_NAME 6   /* struct ambit_rec_cgroup; cgroup `id` has this path (made, or found) */
#define AMBIT_REC_OPEN 16         /* struct ambit_rec_open; with AMBIT_Q_INVENTORY: already open */
#define AMBIT_REC_NAME_CHANGE 17  /* struct ambit_rec_name_change */
#define AMBIT_REC_COPY 18         /* struct ambit_rec_copy */
#define AMBIT_REC_MOUNT 19        /* struct ambit_rec_mount */
#define AMBIT_REC_MAP 20          /* struct ambit_rec_open; a file without a name was mapped, or its mapping changed, to be run */
#define AMBIT_REC_CONNECT 32      /* 32..36: struct ambit_rec_net */
#define AMBIT_REC_SEND 33         /* datagram to a stated address (unconnected) */
#define AMBIT_REC_BIND 34
#define AMBIT_REC_LISTEN 35
#define AMBIT_REC_ACCEPT 36
#define AMBIT_REC_DNS 37          /* struct ambit_rec_dns */
#define AMBIT_REC_SOCKET 38       /* struct ambit_rec_net; a socket that is not plain TCP, UDP or unix was made */
#define AMBIT_REC_STDIO 39        /* struct ambit_rec_net; a network socket became standard input, output or error */
#define AMBIT_REC_DNS_SEGMENT 40  /* struct ambit_rec_dns; part of a TCP stream of messages */
#define AMBIT_REC_CONNECT_RESULT 41 /* struct ambit_rec_net; how a TCP connect that was told before ended */
#define AMBIT_REC_PTRACE 48       /* struct ambit_rec_ptrace */
#define AMBIT_REC_IO_URING 49     /* struct ambit_rec_io_uring; set-up of a ring */
#define AMBIT_REC_ACT 50          /* struct ambit_rec_act */

/* Which hook wrote the record (ambit_rec_header.hook). */
#define AMBIT_HOOK_NONE 0
#define AMBIT_HOOK_TP_BTF_SCHED 1   /* sched_process_exec, fork, exit */
#define AMBIT_HOOK_TP_BTF_SYS_EXIT 2
#define AMBIT_HOOK_TP_BTF_IO_URING 3
#define AMBIT_HOOK_TP_BTF_CGROUP 4  /* cgroup_attach_task, cgroup_mkdir */
#define AMBIT_HOOK_TP_BTF_SOCK 5    /* inet_sock_set_state */
#define AMBIT_HOOK_CGROUP_ADDR 6    /* cgroup/connect*, sendmsg*, bind* */
#define AMBIT_HOOK_CGROUP_SKB 7
#define AMBIT_HOOK_ITER 8           /* iter/task, iter/task_file */
#define AMBIT_HOOK_FANOTIFY 9       /* user space; never in the ring */
#define AMBIT_HOOK_USER 10          /* made by the daemon; never in the ring */
#define AMBIT_HOOK_TP_BTF_SIGNAL 11 /* signal_generate */
#define AMBIT_HOOK_FEXIT_CALL 12    /* fexit of the system calls' own functions */
#define AMBIT_HOOK_LSM 13
#define AMBIT_HOOK_FENTRY 14        /* fentry of the kernel's security_* functions */

/* Quality of the evidence (ambit_rec_header.quality). */
#define AMBIT_Q_PATH_CUT (1u << 0)    /* path longer than the buffer: the tail is kept */
#define AMBIT_Q_PATH_STEPS (1u << 1)  /* more components than the walk allows: the tail is kept */
#define AMBIT_Q_PATH_DETACHED (1u << 2) /* object not reachable from the process root (unlinked mount, memfd) */
#define AMBIT_Q_USER_PATH (1u << 3)   /* path is what the caller passed, read after the call: racy */
#define AMBIT_Q_ARGV_CUT (1u << 4)
#define AMBIT_Q_INVENTORY (1u << 5)   /* state found at start-up, not an act */
#define AMBIT_Q_UNDECIDED (1u << 6)   /* sent because the image was not judged yet */
#define AMBIT_Q_PROTECTED (1u << 7)   /* object is in a protected map: sent whoever the subject is */
#define AMBIT_Q_COMPAT (1u << 8)      /* 32-bit system call entry */
#define AMBIT_Q_UNATTRIBUTED (1u << 9) /* subject not known from kernel objects */
#define AMBIT_Q_USER_ADDR (1u << 10)  /* address read from user memory: racy */
#define AMBIT_Q_TARGET_NUMBER (1u << 11) /* target found after the call by the number that was passed, in the caller's
					  * pid namespace */
#define AMBIT_Q_ON_AMBIT (1u << 12)   /* the target is the daemon itself */
#define AMBIT_Q_NO_BTF (1u << 13)     /* this kernel's types lack a member that the record tells: it is left empty */

/* 64 bytes. `image_id`: 64-bit, new at exec, credential, namespace or cgroup change, inherited at
 * fork; 0 = none. tgid and tid are numbers of the initial pid namespace. */
struct ambit_rec_header {
	__u64 boot_ns;         /* CLOCK_BOOTTIME */
	__u64 image_id;
	__u64 cgroup_id;       /* cgroup v2, of the subject */
	__u64 leader_start_ns; /* start_boottime of the group leader */
	__u64 cpu_seq;         /* per CPU, no gaps but for counted losses */
	__u32 size;            /* whole record, header included */
	__u32 tgid;
	__u32 tid;
	__u32 quality;         /* AMBIT_Q_* */
	__u16 type;            /* AMBIT_REC_* */
	__u16 hook;            /* AMBIT_HOOK_* */
	__u16 cpu;
	__u16 abi;             /* AMBIT_ABI */
};

/* 64 bytes. What the kernel holds behind a file descriptor or a name. */
struct ambit_object {
	__u64 ino;
	__u64 parent_ino;
	__u64 size;       /* bytes */
	__u64 mnt_id;
	__u32 dev;        /* s_dev, kernel encoding: major << 20 | minor */
	__u32 generation;
	__u32 nlink;
	__u32 mode;       /* S_IFMT | permissions */
	__u32 sb_magic;
	__u32 mnt_ns;     /* inode number of the subject's mount namespace */
	__u32 uid;        /* owner of the object, initial user namespace */
	__u32 protected_flags; /* AMBIT_PROTECT_* that matched */
};

#define AMBIT_EXEC_MEMFD (1u << 0)   /* image lives in a memfd or on an unlinked shmem file */
#define AMBIT_EXEC_DELETED (1u << 1) /* link count 0 at exec */
#define AMBIT_EXEC_FOREIGN_ROOT (1u << 2) /* root or mount namespace differs from init's */

/* Tail: path (executable as the process sees it), filename (as passed to execve), argv (each argument
 * ended by NUL). Lengths do not count a final NUL, and the tail has none. */
struct ambit_rec_exec {
	struct ambit_rec_header h;
	struct ambit_object exe;
	__u64 old_image_id;
	__u64 parent_start_ns;
	__u64 cap_effective;
	__u64 root_ino;
	__u32 root_dev;
	__u32 parent_tgid;
	__u32 uid, gid, euid, egid;
	__u32 loginuid, session_id;
	__u32 pid_ns, user_ns, net_ns;
	__u32 flags;      /* AMBIT_EXEC_* */
	__u32 tty;        /* device number, 0 = none */
	__u16 path_len, filename_len, argv_len;
	__u16 stdio;      /* bit n: descriptor n (0, 1, 2) is a network socket */
	__u32 pad1;
	char comm[16];
	char tail[];
};

struct ambit_rec_fork { /* subject = parent */
	struct ambit_rec_header h;
	__u64 child_start_ns;
	__u64 child_image_id;
	__u64 child_cgroup_id;
	__u32 child_tgid;
	__u32 pad;
};

struct ambit_rec_exit {
	struct ambit_rec_header h;
	__s32 exit_code; /* wait status */
	__u32 pad;
};

#define AMBIT_CRED_IDS 1   /* set*uid, set*gid, setgroups */
#define AMBIT_CRED_CAPS 2  /* capset */
#define AMBIT_CRED_NS 3    /* setns, unshare, chroot, pivot_root */
struct ambit_rec_cred { /* header carries the new image id */
	struct ambit_rec_header h;
	__u64 old_image_id;
	__u64 cap_effective;
	__u64 root_ino;
	__u32 root_dev;
	__u32 what; /* AMBIT_CRED_* */
	__u32 uid, gid, euid, egid;
	__u32 mnt_ns, net_ns;
};

struct ambit_rec_cgroup { /* CGROUP_ATTACH: header carries old cgroup; path relative to the cgroup2 root */
	struct ambit_rec_header h;
	__u64 id;
	__u64 new_image_id; /* CGROUP_ATTACH */
	__u16 path_len, pad0;
	__u32 pad1;
	char path[];
};

#define AMBIT_ACCESS_READ (1u << 0)
#define AMBIT_ACCESS_WRITE (1u << 1)
#define AMBIT_ACCESS_CREATED (1u << 2)
#define AMBIT_ACCESS_PATH (1u << 3)  /* O_PATH: neither read nor write */
#define AMBIT_ACCESS_TRUNC (1u << 4)
/* How the descriptor came to the subject; none of these: it opened the file itself, by a name. */
#define AMBIT_ACCESS_BY_HANDLE (1u << 5) /* open_by_handle_at: no name, only the object */
#define AMBIT_ACCESS_RECEIVED (1u << 6)  /* over a unix socket (SCM_RIGHTS) */
#define AMBIT_ACCESS_TAKEN (1u << 7)     /* out of another process (pidfd_getfd) */
#define AMBIT_ACCESS_INHERITED (1u << 8) /* kept open when the subject became another program; protected objects only */
#define AMBIT_ACCESS_EXECUTE (1u << 9)   /* AMBIT_REC_MAP: mapped with PROT_EXEC */
#define AMBIT_ACCESS_ARRIVED (AMBIT_ACCESS_RECEIVED | AMBIT_ACCESS_TAKEN | AMBIT_ACCESS_INHERITED)
struct ambit_rec_open {
	struct ambit_rec_header h;
	struct ambit_object obj; /* zero where ret < 0 */
	__u64 target_start_ns;   /* /proc/<pid>/...: the process behind the inode */
	__u32 target_tgid;
	__s32 ret;               /* fd, or -errno */
	__u32 access;            /* AMBIT_ACCESS_* */
	__u32 flags;             /* file->f_flags */
	__u16 path_len;
	__u16 seen_generation;   /* low half of the seen-table's generation when the object was looked at */
	__u32 name_hash;         /* of the name in its directory, mixed with the subject's root and mount namespace */
	__u64 chain;             /* of all names and mounts from the object up to the subject's root */
	__u64 real_ino;          /* on an overlay: the file of the layer behind it; else 0 */
	__u32 real_dev;
	__u32 pad;
	char path[];
};

#define AMBIT_NAME_RENAME 1
#define AMBIT_NAME_UNLINK 2
#define AMBIT_NAME_LINK 3
#define AMBIT_NAME_SYMLINK 4
#define AMBIT_NAME_TRUNCATE 5
#define AMBIT_NAME_CHMOD 6
#define AMBIT_NAME_CHOWN 7
#define AMBIT_NAME_MKDIR 8
#define AMBIT_NAME_RMDIR 9
#define AMBIT_NAME_XATTR 10     /* set or removed; path2: name of the attribute */
#define AMBIT_NAME_FALLOCATE 11 /* content changed: holes, zeros, ranges taken out or put in; mode: FALLOC_FL_* */
/* Where only the call shows it (base family, io_uring), strings are the caller's (AMBIT_Q_USER_PATH), dir/dir2 are the
 * directories they start from (dirfd or cwd), with that directory's path as the process sees it, and obj is set for fd-based
 * calls. Where the object shows it (rich family), path and path2 are the kernel's as the process sees them, dir/dir2 the
 * directories that hold the names, without a path, and obj what is renamed, removed, changed, or linked to. Tail: path,
 * path2, dir path, dir2 path. */
struct ambit_rec_name_change {
	struct ambit_rec_header h;
	struct ambit_object obj;
	__u64 dir_ino, dir2_ino;
	__u32 dir_dev, dir2_dev;
	__u32 op;   /* AMBIT_NAME_* */
	__s32 ret;
	__u32 mode; /* chmod, mkdir */
	__u32 uid, gid; /* chown */
	__u16 path_len, path2_len; /* rename, link: old, new; symlink: target, name */
	__u16 dir_path_len, dir2_path_len;
	__u32 pad;
	char tail[];
};

/* Bytes that went from one descriptor to another without passing through the process. Told where either is protected.
 * Equal ones (image, both objects) within a second are one record: `repeats` and `bytes` of the next one tell what was left
 * out before it. Tail: path, path2 (of a unix socket: its peer's name). */
#define AMBIT_COPY_SENDFILE 1
#define AMBIT_COPY_SPLICE 2
#define AMBIT_COPY_FILE_RANGE 3 /* copy_file_range */
#define AMBIT_COPY_CLONE 4      /* FICLONE, FICLONERANGE; bytes: size of the file */
struct ambit_rec_copy {
	struct ambit_rec_header h;
	struct ambit_object from, to; /* file, pipe or socket: sb_magic, mode */
	__u64 bytes;
	__u8 remote[16];   /* peer of a network socket, as in ambit_rec_net */
	__u32 op;          /* AMBIT_COPY_* */
	__u32 repeats;
	__u16 family;      /* of a socket */
	__u16 remote_port;
	__u16 path_len, path2_len;
	char tail[];
};

/* Told of everybody. Base family: what was mounted where comes from the kernel's newest mount of the subject's namespace,
 * or from the descriptor; where there is none (umount, remount, propagation, MS_MOVE), the strings are the caller's
 * (AMBIT_Q_USER_PATH). Tail: path (of the target), path2 (of the source), type. */
#define AMBIT_MOUNT_NEW 1       /* mount */
#define AMBIT_MOUNT_BIND 2      /* mount MS_BIND */
#define AMBIT_MOUNT_MOVE 3      /* mount MS_MOVE */
#define AMBIT_MOUNT_CHANGE 4    /* remount, propagation, mount_setattr */
#define AMBIT_MOUNT_UMOUNT 5
#define AMBIT_MOUNT_DETACHED 6  /* fsmount: hangs nowhere yet */
#define AMBIT_MOUNT_CLONE 7     /* open_tree OPEN_TREE_CLONE: hangs nowhere yet */
#define AMBIT_MOUNT_ATTACH 8    /* move_mount */
struct ambit_rec_mount {
	struct ambit_rec_header h;
	struct ambit_object target; /* what is covered; zero where not known */
	struct ambit_object source; /* root of what was mounted; zero where not known */
	__u64 flags;                /* MS_*, MOUNT_ATTR_* as passed */
	__u32 op;                   /* AMBIT_MOUNT_* */
	__s32 ret;
	__u16 path_len, path2_len, type_len;
	__u16 pad;
	char tail[];
};

struct ambit_rec_net {
	struct ambit_rec_header h;
	__u64 cookie;     /* socket cookie; 0 = unknown */
	__u8 local[16];   /* network order; IPv4 in the first 4 bytes, rest zero. AF_VSOCK: CID and port, __u32 each in host
			   * order, both 0 = not known */
	__u8 remote[16];
	__u32 net_ns;
	__s32 ret;        /* ACCEPT, STDIO: fd; SOCKET: fd or -errno; CONNECT_RESULT, and CONNECT where a system call tells
			   * it: 0 or -errno; else 0 */
	__u16 family;     /* AF_INET 2, AF_INET6 10, AF_UNIX 1, AF_VSOCK 40 */
	__u16 sock_type;  /* SOCK_STREAM 1, SOCK_DGRAM 2, ... */
	__u16 protocol;   /* IPPROTO_* */
	__u16 local_port, remote_port; /* host order; AF_INET, AF_INET6 */
	__u16 path_len;   /* AF_UNIX; abstract names begin with NUL */
	__u32 seen_generation; /* CONNECT, SEND: of the seen-table when the address was looked at */
	char path[112];
};

#define AMBIT_DNS_PAYLOAD_MAX 1232
#define AMBIT_DNS_QUESTION 1
#define AMBIT_DNS_ANSWER 2
struct ambit_rec_dns { /* payload: DNS the raw message, DNS_SEGMENT the bytes of the stream from `seq` on */
	struct ambit_rec_header h;
	__u64 cookie;
	__u8 server[16];
	__u16 family, server_port, local_port, direction;
	__u16 payload_len; /* bytes kept */
	__u16 wire_len;    /* bytes on the wire */
	__u32 seq;         /* DNS_SEGMENT: TCP sequence number of the first byte; else 0 */
	__u8 payload[AMBIT_DNS_PAYLOAD_MAX];
};

struct ambit_rec_ptrace {
	struct ambit_rec_header h;
	__u64 target_start_ns;
	__u32 target_tgid;
	__u32 request; /* PTRACE_ATTACH 16, PTRACE_SEIZE 0x4206, ...; TRACEME 0: the target is the tracer */
	__s32 ret;
	__u32 repeats; /* peeks, pokes, registers: as in ambit_rec_act */
};

struct ambit_rec_io_uring {
	struct ambit_rec_header h;
	__u32 setup_flags; /* IORING_SETUP_* */
	__u32 sq_entries, cq_entries;
	__u32 pad;
};

/* Calls that matter by themselves (ambit_rec_act.act). Where a call failed, only refusals (EPERM, EACCES, ENOSYS) are told; of
 * modules and kexec every try. */
#define AMBIT_ACT_VM_READ 1     /* process_vm_readv; ret: bytes */
#define AMBIT_ACT_VM_WRITE 2    /* process_vm_writev; ret: bytes */
#define AMBIT_ACT_KCMP 3        /* number: what is compared */
#define AMBIT_ACT_PERF_EVENT 4  /* number: PERF_TYPE_* */
#define AMBIT_ACT_USERFAULTFD 5 /* number: flags */
#define AMBIT_ACT_ADD_KEY 6     /* texts: type, description; ret: key */
#define AMBIT_ACT_REQUEST_KEY 7 /* texts: type, description; ret: key */
#define AMBIT_ACT_KEYCTL 8      /* number: KEYCTL_* */
#define AMBIT_ACT_BPF 9         /* number: BPF_*; text: name of the program that was loaded */
#define AMBIT_ACT_MODULE_LOAD 10    /* init_module, finit_module; text: path, where it came from a file */
#define AMBIT_ACT_MODULE_UNLOAD 11  /* text: name */
#define AMBIT_ACT_KEXEC 12      /* kexec_load, kexec_file_load; text: path, where it came from a file */
#define AMBIT_ACT_SIGNAL 13     /* number: signal */
#define AMBIT_ACT_FORKS 14      /* number: processes that the subject's cgroup made within a second; repeats: in the
				 * second before */
#define AMBIT_ACT_LIMIT 15      /* ret: -EMFILE, -ENFILE, or -EAGAIN of a fork */
#define AMBIT_ACT_MEMFD 16      /* memfd_create; number: flags; text: name */
/* Equal acts of one image on one target within a second are one record: `repeats` of the next one tells how many were
 * left out before it. Tail: text, text2. */
struct ambit_rec_act {
	struct ambit_rec_header h;
	__u64 target_start_ns;
	__u64 number;
	__s64 ret;
	__u32 target_tgid; /* process acted on; 0 = none, the subject itself, or not known */
	__u32 act;	   /* AMBIT_ACT_* */
	__u32 repeats;
	__u16 text_len, text2_len;
	char tail[];
};

#define AMBIT_REC_MAX 8192 /* bytes; no record is larger */

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif
