// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace ambit::ledger {

/// A file that holds room on the ledger's file system, to be given back when the disk is full.
class Reserve {
 public:
  Reserve(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  /// Allocates it unless it is there. Leaves at least as much free again: to take the last room would cause what it is
  /// meant against. False where that cannot be.
  bool make();
  /// Gives the room back; false when there was none.
  bool release();
  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

 private:
  std::string path_;
  std::uint64_t bytes_;
  bool is_held_ = false;
};

}  // namespace ambit::ledger
