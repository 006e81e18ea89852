// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "kernel/sensor.h"

struct bpf_map;

namespace ambit::kernel {

/// What a table does where it is full.
enum class WhenFull : std::uint8_t {
  refuses,     ///< the kernel half's new entry stays out: a loss of reason `counter`
  refuses_us,  ///< user space's new entry stays out and is counted there
  evicts,      ///< the least recently used one makes room and is counted
};

/// One bounded table of the kernel half, and where its size comes from.
struct TableSpec {
  std::string_view map;
  std::uint32_t Options::*entries = nullptr;
  std::uint32_t factor = 1;  ///< room for old and new entries together while they are exchanged
  WhenFull when_full = WhenFull::refuses;
  std::uint32_t counter = 0;       ///< refuses: AMBIT_LOSS_*; evicts: AMBIT_COUNT_NEW_*, entries made since load
  std::string_view setting;        ///< key of the configuration
  std::string_view holds;          ///< for people
  std::string_view if_it_is_full;  ///< what it means, for people
};
std::span<const TableSpec> table_specs();

/// Entries that the table gets.
std::uint32_t entries_of(const TableSpec& spec, const Options& options);

class Object;
class Tables;
/// How full each table is, and how often it was. Counters are read before the entries are counted and after it: what
/// comes or goes meanwhile is never taken for one that had to make room.
std::vector<TableUse> table_use(const Object& object, const Options& options, const Tables& tables,
                                const Losses& losses, const std::function<Counters()>& read_counters);

/// Most bytes of kernel memory that a map can come to hold: its elements as the kernel's allocators round them, its
/// buckets, and for per-CPU maps all processors. An upper bound from kernel/bpf/{hashtab,lpm_trie,arraymap,ringbuf}.c.
std::uint64_t most_bytes(const bpf_map* map);

}  // namespace ambit::kernel
