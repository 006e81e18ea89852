// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sensor_fixture.h"

namespace ambit::test {

/// A record of a change of names and its tail.
struct Change {
  const ambit_rec_name_change* r = nullptr;
  std::string path, path2, dir, dir2;

  /// Both names as paths, however the record tells them: a string and the directory that it starts from, or the
  /// kernel's path.
  [[nodiscard]] std::string first() const { return path.starts_with('/') ? path : dir + "/" + path; }
  [[nodiscard]] std::string second() const {
    return path2.starts_with('/') ? path2 : (dir2.empty() ? dir : dir2) + "/" + path2;
  }
};

inline std::vector<Change> changes_of(const Trace& trace, std::uint32_t op) {
  std::vector<Change> found;
  for (const auto* record : trace.of(AMBIT_REC_NAME_CHANGE)) {
    const auto& r = record->as<ambit_rec_name_change>();
    if (r.op != op) continue;
    std::size_t at = sizeof(r);
    const auto take = [&](std::size_t length) {
      at += length;
      return record->text(at - length, length);
    };
    Change change{&r, take(r.path_len), take(r.path2_len), "", ""};
    change.dir = take(r.dir_path_len);
    change.dir2 = take(r.dir2_path_len);
    found.push_back(std::move(change));
  }
  return found;
}

}  // namespace ambit::test
