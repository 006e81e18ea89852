// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "set_changes.h"
#include "sets.h"

namespace ambit::app {

/// What a reload would put in force, or why it may not.
struct LoadedConfiguration {
  std::string fault;  ///< empty = all of it is fine
  config::Config config;
  Sets sets;
  std::vector<SetChange> changes;  ///< against what was in force
};

/// Reads all that a reload reads, and knows what was read last. Reads files: one worker thread at a time.
class ConfigurationLoader {
 public:
  explicit ConfigurationLoader(std::vector<std::string> files) : files_(std::move(files)) {}

  /// What is in force from the start.
  void begin(const config::Config& config, const Sets& sets);
  /// What is fine counts as in force from now on.
  LoadedConfiguration load();
  /// Some file's content differs from what was read last, in force or refused.
  [[nodiscard]] bool has_news() const;

 private:
  std::vector<std::string> files_;
  Sets in_force_;
  std::string read_last_;  ///< sum of all texts
};

}  // namespace ambit::app
