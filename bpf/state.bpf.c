// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Globals that user space writes; see maps.bpf.h. */
#include "maps.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile unsigned int ring_bytes = 1 << 24;
const volatile unsigned int ring_reserve_bytes = 2 << 20;
const volatile unsigned int wake_bytes = 4 << 20;
const volatile unsigned int flood_share_percent = 50;
const volatile unsigned int self_tgid = 0;
const volatile unsigned int seen_enabled = 0;
const volatile unsigned int fork_storm = 1000;
const volatile struct ambit_call calls_64[AMBIT_CALL_NUMBERS] = {};
const volatile struct ambit_call calls_32[AMBIT_CALL_NUMBERS] = {};

volatile unsigned int decision_generation = 1;
volatile unsigned int seen_generations[AMBIT_SEEN_GENERATIONS] = {};
volatile unsigned long long daemon_tick_ns = 0;
volatile unsigned long long next_look_ns = 0;
volatile unsigned int protected_dir_count = 0;
volatile unsigned int protected_generation = 0;
volatile unsigned int watched_name_count = 0;
volatile unsigned int init_mnt_ns = 0;
volatile unsigned int init_root_dev = 0;
volatile unsigned long long init_root_ino = 0;
volatile unsigned int iter_tgid = 0;
volatile unsigned char calls_at_functions[AMBIT_CALL_NUMBERS] = {};
volatile unsigned int changes_by_object = 0;
volatile unsigned int opens_by_object = 0;
volatile unsigned int connect_unix_by_calls = 0;
volatile unsigned int iter_facts = 0;
volatile unsigned long long protected_bits[PROTECTED_BITS / 64] = {};
volatile unsigned long long path_generation = 1;
volatile unsigned long long paths_unsettled_ns = 0;
volatile unsigned long long plain_dirs[1 << PLAIN_DIR_BITS] = {};
