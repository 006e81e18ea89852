// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

namespace ambit::kernel {

/// All rows of a hash table that may change meanwhile: by whole buckets, since a walk from key to key begins again
/// where its key was deleted.
template <class Key, class Value>
std::vector<std::pair<Key, Value>> rows_of(int map) {
  constexpr std::uint32_t kRows = 4096;
  std::vector<std::pair<Key, Value>> rows;
  std::vector<Key> keys(kRows);
  std::vector<Value> values(kRows);
  std::uint32_t bucket = 0;
  for (bool is_first = true, is_over = false; !is_over; is_first = false) {
    std::uint32_t count = kRows;
    is_over = bpf_map_lookup_batch(map, is_first ? nullptr : &bucket, &bucket, keys.data(), values.data(), &count,
                                   nullptr) != 0;
    if (is_over && errno != ENOENT) break;  // ENOENT: the last ones
    for (std::uint32_t i = 0; i < count; ++i) rows.emplace_back(keys[i], values[i]);
  }
  return rows;
}

/// How many rows there are, in the same way; for tables of any key and value.
inline std::uint64_t count_rows(int map, std::size_t key_size, std::size_t value_size) {
  constexpr std::uint32_t kRows = 4096;
  std::vector<std::byte> keys(kRows * key_size);
  std::vector<std::byte> values(kRows * value_size);
  std::uint64_t rows = 0;
  std::uint32_t bucket = 0;
  for (bool is_first = true, is_over = false; !is_over; is_first = false) {
    std::uint32_t count = kRows;
    is_over = bpf_map_lookup_batch(map, is_first ? nullptr : &bucket, &bucket, keys.data(), values.data(), &count,
                                   nullptr) != 0;
    if (is_over && errno != ENOENT) break;
    rows += count;
  }
  return rows;
}

}  // namespace ambit::kernel
