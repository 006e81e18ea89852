// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ambit::bench {

/// Kernel records as a busy host that serves models would write them, in ring order: long-lived servers and daemons,
/// short-lived commands with their forks, execs and exits, opens of libraries, code, weights, configuration, caches and
/// secrets, connections, names and look-ups. The same for the same numbers.
class RecordLoad {
 public:
  explicit RecordLoad(std::size_t records, std::uint64_t seed = 1);

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] std::span<const std::byte> operator[](std::size_t i) const noexcept {
    const auto begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(bytes_).subspan(begin, ends_[i] - begin);
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  /// Share of each kind of record, by name.
  [[nodiscard]] const std::map<std::string, std::size_t>& mix() const noexcept { return mix_; }

 private:
  friend class LoadWriter;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> ends_;
  std::map<std::string, std::size_t> mix_;
};

}  // namespace ambit::bench
