// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::engine::sample {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The shipped detections in load order.
inline std::vector<util::Document> detection_files() {
  std::vector<util::Document> out;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(AMBIT_SOURCE_DIR) + "/rules/detections")) {
    if (entry.path().extension() == ".yaml") out.push_back({entry.path().filename(), read_file(entry.path())});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  return out;
}

}  // namespace ambit::engine::sample
