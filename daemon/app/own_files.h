// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ambit/event.h"
#include "collector/fanotify_watch.h"
#include "collector/resolve.h"
#include "config/config.h"
#include "kernel/sensor.h"

namespace ambit::app {

/// AMBIT_PROTECT_* of what a running Ambit is made of, and of what it judges by.
inline constexpr std::uint32_t kOwnParts = AMBIT_PROTECT_SELF;
inline constexpr std::uint32_t kOwnRules = AMBIT_PROTECT_SELF | AMBIT_PROTECT_OTHER;

/// Paths of Ambit's own, as the daemon sees them. Immutable.
struct OwnPaths {
  std::set<std::string> parts;    ///< ledger, program, control socket
  std::set<std::string> rules;    ///< configuration, scopes, rules, packs, catalogue: files
  std::set<std::string> folders;  ///< what lies in them is rules
  std::string pins;               ///< what lies there are parts; empty = nothing is pinned

  /// AMBIT_PROTECT_* of a path; 0 = nobody's here.
  [[nodiscard]] std::uint32_t flags_of(const std::string& path) const;
  /// Marks an event that changes names: fanotify and the calls themselves tell paths only.
  void mark(NameFacts& facts) const;
};
OwnPaths own_paths(const config::Config& config, const std::string& program);

/// Has Ambit's own files watched for every process of the host. Not for the pipeline thread.
class OwnFiles {
 public:
  OwnFiles(kernel::Sensor& sensor, collector::Identify identify, collector::FanotifyWatch* watch)
      : sensor_(sensor), identify_(std::move(identify)), watch_(watch) {}

  /// Looks the paths up and protects what is there; what is there no more, or is no path of ours now, is let go.
  void protect(const OwnPaths& paths);

 private:
  void protect_pins(const std::string& folder);

  kernel::Sensor& sensor_;
  collector::Identify identify_;
  collector::FanotifyWatch* watch_;
  std::mutex mutex_;
  std::set<FileId> protected_;
  FileId pins_;
};

}  // namespace ambit::app
