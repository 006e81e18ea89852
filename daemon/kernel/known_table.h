// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "kernel/known_store.h"
#include "object.h"

namespace ambit::kernel {

/// The kernel's own table of known processes. One thread at a time.
class KnownTable final : public KnownStore {
 public:
  explicit KnownTable(const Object& object) : map_(object.map_fd("known")) {}

  Status put(const ambit_known_key& key, const ambit_known& value) override;
  void erase(const ambit_known_key& key) override;
  std::vector<KnownRow> rows() override;
  /// [any thread] Entries that found no room.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }

 private:
  std::atomic<std::uint64_t> refused_{0};
  int map_ = -1;
};

}  // namespace ambit::kernel
