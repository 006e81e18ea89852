// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "kernel/seen_store.h"
#include "object.h"

namespace ambit::kernel {

/// The kernel's own seen-table. One thread at a time.
class SeenTable final : public SeenStore {
 public:
  explicit SeenTable(const Object& object);

  Status put(const ambit_seen_key& key, const ambit_seen& entry) override;
  std::optional<ambit_seen> take(const ambit_seen_key& key) override;
  std::vector<SeenRow> next(std::size_t limit) override;
  void set_generation(std::size_t place, std::uint32_t generation) override;
  void set_time(BootTime now) override;
  /// [any thread] Entries that found no room.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }

 private:
  std::atomic<std::uint64_t> refused_{0};
  int map_ = -1;
  Globals globals_;
  std::uint32_t cursor_ = 0;  ///< where the next batch begins: a bucket, opaque to us
  bool is_within_ = false;    ///< `cursor_` counts
  std::vector<ambit_seen_key> keys_;
  std::vector<ambit_seen> entries_;
};

}  // namespace ambit::kernel
