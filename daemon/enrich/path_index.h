// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "util/path_pattern.h"
#include "util/text_hash.h"

namespace ambit::enrich {

/// Many path patterns, found by what is literal in them: the last name, its extension, or a directory on the way. A
/// look-up tries only the patterns whose literal part occurs in the path.
class PathIndex {
 public:
  /// `owner`: what find() reports; smaller ones win.
  void add(util::PathPattern pattern, std::uint32_t owner);

  /// The smallest owner with a matching pattern that `accept` takes; kNone when there is none.
  static constexpr std::uint32_t kNone = ~0U;
  [[nodiscard]] std::uint32_t find(std::string_view path, const std::function<bool(std::uint32_t)>& accept) const;

  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
  /// Patterns without any literal part to be found by; they are tried on every path.
  [[nodiscard]] std::size_t unindexed() const noexcept { return rest_.size(); }

 private:
  struct Rule {
    util::PathPattern pattern;
    std::uint32_t owner = 0;
  };
  using Bucket = std::vector<std::uint32_t>;  ///< indexes of rules_

  std::vector<Rule> rules_;
  util::TextMap<Bucket> by_name_, by_extension_, by_directory_;
  Bucket rest_;
};

}  // namespace ambit::enrich
