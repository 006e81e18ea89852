// SPDX-License-Identifier: Apache-2.0
#include "table_sizes.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <bit>

namespace ambit::kernel {
namespace {

constexpr auto kRefuses = WhenFull::refuses;
constexpr auto kRefusesUs = WhenFull::refuses_us;
constexpr auto kEvicts = WhenFull::evicts;

constexpr std::array kTables = {
    TableSpec{"procs", &Options::max_processes, 1, kRefuses, AMBIT_LOSS_PROCS_FULL, "max_processes",
              "processes that live", "a process is attributed by itself, not by lineage: loss `procs_full`"},
    TableSpec{"images", &Options::max_images, 1, kRefusesUs, 0, "max_images", "decisions on process images",
              "the image stays undecided: all that it does is sent"},
    TableSpec{"known", &Options::max_known, 1, kRefusesUs, 0, "max_known", "processes remembered for the next daemon",
              "the next daemon takes the process from its inventory"},
    TableSpec{"protected_files", &Options::max_protected, 1, kRefusesUs, 0, "max_protected", "protected files",
              "the file is watched by its directory alone: loss `protect_refused`"},
    TableSpec{"protected_dirs", &Options::max_protected, 1, kRefusesUs, 0, "max_protected", "protected directories",
              "files that are made in it later are not watched: loss `protect_refused`"},
    TableSpec{"watched_names", &Options::max_watched_names, 2, kRefusesUs, 0, "max_watched_names",
              "paths below which failed opens are told", "every failed open is told: loss `names_refused`"},
    TableSpec{"seen", &Options::seen_entries, 1, kRefusesUs, 0, "seen_table.entries",
              "accesses that are counted instead of told", "the oldest is told again; more records, never fewer"},
    TableSpec{"told_acts", &Options::max_told_acts, 1, kEvicts, AMBIT_COUNT_NEW_TOLD, "max_told_acts",
              "acts whose repeats within a second are one record", "a repeat is told; more records, never fewer"},
    TableSpec{"copies", &Options::max_copies, 1, kEvicts, AMBIT_COUNT_NEW_COPY, "max_copies",
              "copies whose repeats within a second are one record", "a repeat is told; more records, never fewer"},
    TableSpec{"fork_rates", &Options::max_forkers, 1, kEvicts, AMBIT_COUNT_NEW_FORKER, "max_forkers",
              "workloads whose forks of a second are counted", "a workload's forks are counted from 0 again"},
    TableSpec{"changes", &Options::max_name_changes, 1, kEvicts, AMBIT_COUNT_NEW_CHANGE, "max_name_changes",
              "changes of names that have not ended",
              "a member's change is told by what the call passed, a stranger's is not told"},
    TableSpec{"multishots", &Options::max_multishots, 1, kEvicts, AMBIT_COUNT_NEW_MULTISHOT, "max_multishots",
              "requests of io_uring that accept many connections", "the connections after the first are not told"},
    TableSpec{"dns_sockets", &Options::max_dns_sockets, 1, kEvicts, AMBIT_COUNT_NEW_DNS, "max_dns_sockets",
              "sockets that talk to port 53", "what the socket asks later has no name: its peers are `unknown`"},
    TableSpec{"tcp_sockets", &Options::max_sockets, 1, kRefuses, AMBIT_LOSS_SOCKETS_FULL, "max_sockets",
              "TCP sockets of workloads", "the socket's bytes are not counted: loss `sockets_full`"},
    TableSpec{"udp_sockets", &Options::max_sockets, 1, kRefuses, AMBIT_LOSS_SOCKETS_FULL, "max_sockets",
              "datagram sockets of workloads", "the socket's bytes are not counted: loss `sockets_full`"},
    TableSpec{"traffic", &Options::max_peers, 1, kRefuses, AMBIT_LOSS_TRAFFIC_FULL, "max_peers",
              "processes and peers with bytes to be told", "the peer's bytes are not counted: loss `traffic_full`"},
    TableSpec{"lost_by_image", &Options::max_losers, 1, kEvicts, AMBIT_COUNT_NEW_LOSER, "max_losers",
              "whose records were lost, and why", "an old loss is told as nobody's"},
    TableSpec{"unread_by_image", &Options::max_writers, 1, kEvicts, AMBIT_COUNT_NEW_WRITER, "flood_control.images",
              "who holds how much of the ring", "the image may write its share once more"},
};

constexpr std::uint64_t kElementHeader = 48;  // sizeof(struct htab_elem) without key and value
constexpr std::uint64_t kBucket = 16;         // struct bucket
constexpr std::uint64_t kTrieNode = 40;       // sizeof(struct lpm_trie_node)
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMapHeader = 1024;  // struct bpf_htab, bpf_array, bpf_ringbuf ... are smaller

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

/// kmalloc and bpf_mem_alloc hand out these sizes.
std::uint64_t size_class(std::uint64_t bytes) {
  if (bytes <= 8) return 8;
  if (bytes > 64 && bytes <= 96) return 96;
  if (bytes > 128 && bytes <= 192) return 192;
  return std::bit_ceil(bytes);
}

std::uint64_t hash_bytes(const bpf_map* map, std::uint64_t entries, std::uint64_t cpus) {
  const auto element = kElementHeader + round_up(bpf_map__key_size(map), 8) + round_up(bpf_map__value_size(map), 8);
  const bool is_preallocated = (bpf_map__map_flags(map) & BPF_F_NO_PREALLOC) == 0;
  // Preallocated: each processor keeps an element more, and a pointer to it.
  const auto elements =
      is_preallocated ? (entries + cpus) * element + cpus * sizeof(void*) : entries * size_class(element);
  return std::bit_ceil(entries) * kBucket + elements;
}

std::uint64_t contents(const bpf_map* map, std::uint64_t cpus) {
  const std::uint64_t entries = bpf_map__max_entries(map);
  const std::uint64_t value = round_up(bpf_map__value_size(map), 8);
  switch (bpf_map__type(map)) {
    case BPF_MAP_TYPE_RINGBUF:
      // Its pages with positions and descriptor, and each page's place in two page tables (the data is mapped twice).
      return entries + 4 * kPage + 2 * (entries / kPage) * sizeof(void*);
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
      return hash_bytes(map, entries, cpus);
    case BPF_MAP_TYPE_LPM_TRIE:
      // For every entry one more node in between at most.
      return 2 * entries * size_class(kTrieNode + bpf_map__key_size(map) + bpf_map__value_size(map));
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return entries * (value * cpus + sizeof(void*));
    default:
      return round_up(entries * std::max<std::uint64_t>(value, sizeof(void*)), kPage) + kPage;  // may be mapped
  }
}

}  // namespace

std::span<const TableSpec> table_specs() {
  return kTables;
}

std::uint32_t entries_of(const TableSpec& spec, const Options& options) {
  return std::max(options.*spec.entries * spec.factor, 1U);
}

std::uint64_t most_bytes(const bpf_map* map) {
  return kMapHeader + contents(map, static_cast<std::uint64_t>(std::max(libbpf_num_possible_cpus(), 1)));
}

}  // namespace ambit::kernel
