// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "alert/builders.h"
#include "ledger/ledger.h"

namespace ambit::test {

/// A folder that goes away with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ambit-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp";
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A valid alert id for a number.
inline std::string alert_id(int n) {
  std::string digits = std::to_string(n);
  return "01M60DN9E8" + std::string(16 - digits.size(), '0') + digits;
}

inline AlertRef numbered_alert(int n, std::uint32_t revision = 0) {
  return std::make_shared<const Alert>(an_alert(alert_id(n), revision));
}

inline ledger::Batch batch_of(std::vector<AlertRef> alerts, std::uint64_t position = 0) {
  ledger::Batch batch;
  batch.alerts = std::move(alerts);
  batch.position = position;
  return batch;
}

}  // namespace ambit::test
