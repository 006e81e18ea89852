// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "collector/resolve.h"

namespace ambit::collector {

/// A directory that is gone with the object.
class TempTree {
 public:
  TempTree() {
    std::string name = std::filesystem::temp_directory_path() / "ambit-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~TempTree() { std::filesystem::remove_all(root_); }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] std::string path(const std::string& name) const { return root_ + name; }

  void file(const std::string& name, const std::string& text = "x") const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }
  void directory(const std::string& name) const { std::filesystem::create_directories(path(name)); }
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::filesystem::create_symlink(target, path(name));
  }
  [[nodiscard]] FileId id(const std::string& name) const {
    struct stat st {};
    EXPECT_EQ(stat(path(name).c_str(), &st), 0) << name;
    return {static_cast<std::uint32_t>(st.st_dev), st.st_ino};
  }

 private:
  std::string root_;
};

/// Stands in for the kernel where a test's filesystem gives the same answers to fstat.
inline Result<std::vector<FoundObject>> identify_by_stat(std::span<const int> fds) {
  std::vector<FoundObject> out;
  for (const int fd : fds) {
    struct stat st {};
    FoundObject o{};
    if (fstat(fd, &st) == 0) {
      o.ino = st.st_ino;
      o.dev = static_cast<__u32>(st.st_dev);
      o.mode = st.st_mode;
      o.nlink = static_cast<__u32>(st.st_nlink);
    }
    out.push_back(o);
  }
  return out;
}

}  // namespace ambit::collector
