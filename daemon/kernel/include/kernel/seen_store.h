// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ambit/abi/seen.h"
#include "ambit/identity.h"
#include "ambit/result.h"

namespace ambit::kernel {

/// Keys are compared as bytes, by both halves.
struct SeenKeyHash {
  std::size_t operator()(const ambit_seen_key& key) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&key), sizeof(key)});
  }
};
struct SeenKeyEqual {
  bool operator()(const ambit_seen_key& a, const ambit_seen_key& b) const noexcept {
    return std::memcmp(&a, &b, sizeof(a)) == 0;
  }
};

using SeenRow = std::pair<ambit_seen_key, ambit_seen>;

/// The seen-table as user space writes and reads it (ambit/abi/seen.h): the kernel's, or a model of it in tests.
class SeenStore {
 public:
  virtual ~SeenStore() = default;

  /// Adds an entry or replaces the one of this key, counts included. Fails when the table is full.
  virtual Status put(const ambit_seen_key& key, const ambit_seen& entry) = 0;
  /// Takes an entry out and tells what it had counted.
  virtual std::optional<ambit_seen> take(const ambit_seen_key& key) = 0;
  /// The next entries, at most `limit`; goes round, so that calling it again and again meets every one.
  virtual std::vector<SeenRow> next(std::size_t limit) = 0;
  /// `place` 0 is for all; entries of other generations are hit no more.
  virtual void set_generation(std::size_t place, std::uint32_t generation) = 0;
  /// The time that hits are stamped with from now on.
  virtual void set_time(BootTime now) = 0;
};

}  // namespace ambit::kernel
