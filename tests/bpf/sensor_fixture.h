// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "actor.h"
#include "kernel/sensor.h"

namespace ambit::test {

/// A copy of one record.
class Record {
 public:
  explicit Record(std::span<const std::byte> bytes) : bytes_(bytes.begin(), bytes.end()) {}
  [[nodiscard]] const ambit_rec_header& header() const { return as<ambit_rec_header>(); }
  template <class T>
  [[nodiscard]] const T& as() const {
    return *reinterpret_cast<const T*>(bytes_.data());
  }
  [[nodiscard]] std::string text(std::size_t offset, std::size_t length) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, length};
  }

 private:
  std::vector<std::byte> bytes_;
};

inline std::string path_of(const Record& open) {
  return open.text(sizeof(ambit_rec_open), open.as<ambit_rec_open>().path_len);
}

/// What a held act left in the ring.
struct Trace {
  pid_t pid = -1;
  int status = -1;
  std::vector<Record> records;  ///< of everybody, in order

  [[nodiscard]] std::vector<const Record*> of(std::uint16_t type) const { return of(type, pid); }
  [[nodiscard]] std::vector<const Record*> of(std::uint16_t type, pid_t who) const;
  /// The act's open of `path`; nullptr where it was not sent.
  [[nodiscard]] const Record* open_of(const std::string& path) const;
};

/// One sensor for all suites: it is slow to attach and slower to let go. Skips without root.
class SensorTest : public testing::Test {
 public:
  /// Lets the sensor go; the next suite has one again. Before the program ends.
  static void close();

 protected:
  static void SetUpTestSuite();
  void SetUp() override;
  void TearDown() override;

  static kernel::Sensor& sensor() { return *sensor_; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  /// A file in dir() with this content.
  [[nodiscard]] std::string make_file(const std::string& name, const std::string& content = "x") const;

  /// Runs the act and collects until its exit record (at most 5 s).
  static Trace trace(Act act, const std::string& argument = "");
  /// The same for an act that is held already.
  static Trace finish(pid_t pid);
  /// Runs the act with its image decided; undecided again afterwards, because the image is the actor's.
  static Trace trace_as(std::uint32_t state, Act act, const std::string& argument = "");
  /// Image of a held act: the actor's, which it inherited.
  static ImageId image_of(pid_t pid);
  /// All that is in the ring now.
  static std::vector<Record> drain();
  static void decide(ImageId image, std::uint32_t state);
  /// Skips where the plan has no hook for the signal.
  static bool has_signal(const std::string& signal);
  /// The hook in use; empty where the signal is not active.
  static std::string hook_of(const std::string& signal);

 private:
  static std::unique_ptr<kernel::Sensor> sensor_;
  std::filesystem::path dir_;
};

/// Hooks that must not be used: the words of AMBIT_TEST_DENY, with commas between them.
std::vector<std::string> denied_hooks();
/// For a sensor of the test's own where hooks are not what it is about: without the functions of calls, a hundred and
/// more that take seconds to attach and to let go.
kernel::Options own_options();

/// Kernel identity by stat: true on plain file systems only (the tests' directory is on tmpfs).
FileId identity_by_stat(const std::string& path);

}  // namespace ambit::test
