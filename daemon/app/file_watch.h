// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ambit/result.h"

namespace ambit::app {

/// Tells when files that a configuration was read from may have changed: written and closed, renamed over, made,
/// removed, or behind a symbolic link that leads elsewhere now (a ConfigMap's `..data`). On the io thread.
class FileWatch {
 public:
  struct Timing {
    std::chrono::milliseconds quiet{500};     ///< after the last change
    std::chrono::milliseconds longest{5000};  ///< after the first, however many follow
  };

  FileWatch(boost::asio::io_context& io, std::function<void()> on_change)
      : FileWatch(io, std::move(on_change), Timing{}) {}
  FileWatch(boost::asio::io_context& io, std::function<void()> on_change, Timing timing);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// In place of what was watched. Files and folders, which need not be there yet; of a folder every entry counts.
  /// Fails where the kernel refuses a watch, naming it; the others stand.
  Status watch(const std::vector<std::string>& paths);

 private:
  /// In one directory: the names that matter; empty = all of them.
  struct Names {
    bool are_all = false;
    std::set<std::string> some;
  };
  using Directories = std::map<std::string, Names>;
  static void add_path(Directories& wanted, const std::string& path, int links);

  void read();
  /// What the descriptor still holds when it is given up.
  [[nodiscard]] bool has_more();
  [[nodiscard]] bool any_matters(std::size_t size) const;
  [[nodiscard]] bool matters(int descriptor, std::string_view name, std::uint32_t mask) const;
  void note_change();

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  std::function<void()> on_change_;
  Timing timing_;
  std::chrono::steady_clock::time_point first_{};  ///< of the changes that are not told yet; zero = none
  Directories directories_;
  std::map<int, std::string> watches_;  ///< path by watch descriptor
  alignas(8) std::array<char, 16384> buffer_{};
};

}  // namespace ambit::app
