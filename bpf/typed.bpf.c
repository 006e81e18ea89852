// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs behind the most frequent acts, once more with typed reads (lib/read.bpf.h). In one file, because
 * libbpf's static linker (1.1) fails on a kernel function that two objects name. Every program and global function of
 * the files below needs another name here, and a program a row in daemon/kernel/plan.cpp.
 */
#define TYPED_READS

#define call__connect call__connect_typed
#define call__open call__open_typed
#define cgroup__connect4 cgroup__connect4_typed
#define cgroup__connect6 cgroup__connect6_typed
#define cgroup__post_bind4 cgroup__post_bind4_typed
#define cgroup__post_bind6 cgroup__post_bind6_typed
#define cgroup__sendmsg4 cgroup__sendmsg4_typed
#define cgroup__sendmsg6 cgroup__sendmsg6_typed
#define fentry__security_file_open fentry__security_file_open_typed
#define lsm__file_open lsm__file_open_typed
#define optional_call__connect optional_call__connect_typed
#define path_chain path_chain_typed
#define protected_dirs_above protected_dirs_above_typed
#define walk_path walk_path_typed
#define tp_btf__inet_sock_set_state tp_btf__inet_sock_set_state_typed
#define tp_btf__sys_exit tp_btf__sys_exit_typed
#define tp_btf__tcp_state tp_btf__tcp_state_typed
#define walk_step walk_step_typed

#include "connect.bpf.c"
#include "file_open.bpf.c"
#include "network.bpf.c"
#include "open.bpf.c"
#include "path.bpf.c"
#include "syscalls.bpf.c"
#include "tcp_state.bpf.c"
