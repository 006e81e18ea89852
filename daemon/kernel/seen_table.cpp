// SPDX-License-Identifier: Apache-2.0
#include "seen_table.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace ambit::kernel {
SeenTable::SeenTable(const Object& object) : map_(object.map_fd("seen")), globals_(object.globals()) {}

Status SeenTable::put(const ambit_seen_key& key, const ambit_seen& entry) {
  if (bpf_map_update_elem(map_, &key, &entry, BPF_ANY) == 0) return Ok{};
  ++refused_;
  return Error{fmt::format("enter an access of image {}: {}", key.image_id, std::strerror(errno))};
}

std::optional<ambit_seen> SeenTable::take(const ambit_seen_key& key) {
  ambit_seen entry{};
  // In one step since 5.14; before, hits between the two are lost to the count.
  if (bpf_map_lookup_and_delete_elem(map_, &key, &entry) != 0) {
    if (bpf_map_lookup_elem(map_, &key, &entry) != 0) return std::nullopt;
    bpf_map_delete_elem(map_, &key);
  }
  return entry;
}

std::vector<SeenRow> SeenTable::next(std::size_t limit) {
  keys_.resize(limit);
  entries_.resize(limit);
  auto count = static_cast<std::uint32_t>(limit);
  std::uint32_t after = 0;
  const int rc = bpf_map_lookup_batch(map_, is_within_ ? &cursor_ : nullptr, &after, keys_.data(), entries_.data(),
                                      &count, nullptr);
  // ENOENT: the end was reached, and what was found before it counts.
  const bool is_end = rc != 0;
  if (is_end && errno != ENOENT) count = 0;
  is_within_ = !is_end;
  cursor_ = after;

  std::vector<SeenRow> rows;
  rows.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) rows.emplace_back(keys_[i], entries_[i]);
  return rows;
}

void SeenTable::set_generation(std::size_t place, std::uint32_t generation) {
  __atomic_store_n(&globals_.seen_generations[place % AMBIT_SEEN_GENERATIONS], generation, __ATOMIC_RELEASE);
}

void SeenTable::set_time(BootTime now) {
  __atomic_store_n(globals_.daemon_tick_ns, static_cast<unsigned long long>(now.count()), __ATOMIC_RELAXED);
}

}  // namespace ambit::kernel
