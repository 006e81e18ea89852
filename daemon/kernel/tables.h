// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "object.h"
#include "pins.h"

namespace ambit::kernel {

/// Decisions and protected objects, as the kernel half reads them. Thread-safe.
class Tables {
 public:
  /// `pins`: where the decision generation is kept; null = nowhere. What an earlier run protected stays so.
  Tables(const Object& object, std::size_t max_watched_names, Pins* pins);

  Status set_image(ImageId id, const ambit_image& image);
  void forget_image(ImageId id);
  Status protect(FileId id, std::uint32_t flags, bool is_directory);
  void unprotect(FileId id, bool is_directory);
  /// Old names go after new ones are in; until then the table holds both, so it is made twice as large.
  Status watch_names(const std::vector<std::string>& paths);

  /// Entries that a table refused because it was full; by the map's name.
  [[nodiscard]] std::uint64_t refused(const std::string& table) const;
  [[nodiscard]] std::size_t watched_names() const;

  /// See Sensor.
  void drop_stale_protection();
  void sweep_images();

 private:
  void adopt();
  void claim_self();
  void renew_decisions();
  void renew_dirs();
  void let_go(FileId id, bool is_directory);
  void set_bit(std::uint64_t ino, bool on);

  Globals globals_;
  Pins* pins_;
  int images_ = -1;
  int procs_ = -1;
  int files_ = -1;
  int dirs_ = -1;
  int names_ = -1;
  std::size_t max_watched_names_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> refused_;
  std::map<FileId, std::uint32_t> protected_[2];      ///< files, directories
  std::set<std::string> watched_names_;               ///< as entered: without a final slash, cut
  std::set<FileId> stale_[2];                         ///< of an earlier run, not asked for in this one
  std::map<std::uint32_t, std::uint32_t> bit_users_;  ///< objects behind each set bit of `protected_bits`
};

}  // namespace ambit::kernel
