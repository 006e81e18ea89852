// SPDX-License-Identifier: Apache-2.0
#include "sensor_fixture.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdlib>
#include <sstream>

namespace ambit::test {

using namespace std::chrono_literals;

std::unique_ptr<kernel::Sensor> SensorTest::sensor_;

std::vector<const Record*> Trace::of(std::uint16_t type, pid_t who) const {
  std::vector<const Record*> found;
  for (const auto& record : records) {
    if (record.header().type == type && record.header().tgid == static_cast<std::uint32_t>(who))
      found.push_back(&record);
  }
  return found;
}

const Record* Trace::open_of(const std::string& path) const {
  for (const auto* record : of(AMBIT_REC_OPEN)) {
    if (path_of(*record) == path) return record;
  }
  return nullptr;
}

std::vector<std::string> denied_hooks() {
  const char* words = std::getenv("AMBIT_TEST_DENY");
  std::vector<std::string> denied;
  std::istringstream in(words == nullptr ? "" : words);
  for (std::string word; std::getline(in, word, ',');) denied.push_back(word);
  return denied;
}

kernel::Options own_options() {
  kernel::Options options;
  options.denied_hooks = denied_hooks();
  options.denied_hooks.emplace_back("fexit/*");
  return options;
}

void SensorTest::SetUpTestSuite() {
  if (::geteuid() != 0 || sensor_ != nullptr) return;
  kernel::Options options;
  options.ring_bytes = 4U << 20;
  options.ring_reserve_bytes = 512U << 10;
  options.denied_hooks = denied_hooks();
  auto loaded = kernel::Sensor::load(options);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  sensor_ = std::move(*loaded);
  const auto status = sensor_->attach();
  ASSERT_TRUE(status.ok()) << status.error().message;
}

void SensorTest::close() {
  sensor_.reset();
}

void SensorTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  ASSERT_NE(sensor_, nullptr);
  dir_ = std::filesystem::path("/dev/shm") / fmt::format("ambit-bpf-{}", ::getpid());
  std::filesystem::create_directories(dir_);
  drain();
}

void SensorTest::TearDown() {
  if (!dir_.empty()) std::filesystem::remove_all(dir_);
}

std::string SensorTest::make_file(const std::string& name, const std::string& content) const {
  const auto path = dir_ / name;
  std::ofstream(path) << content;
  return path.string();
}

std::vector<Record> SensorTest::drain() {
  std::vector<Record> records;
  std::uint64_t end = 0;
  sensor_->ring().drain(
      [&](std::span<const std::byte> bytes, std::uint64_t position) {
        records.emplace_back(bytes);
        end = position;
      },
      1U << 20);
  if (end != 0) sensor_->ring().release(end);
  return records;
}

Trace SensorTest::finish(pid_t pid) {
  Trace trace;
  trace.pid = pid;
  Actor::go();
  trace.status = Actor::wait();
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < deadline) {
    for (auto& record : drain()) trace.records.push_back(std::move(record));
    if (!trace.of(AMBIT_REC_EXIT).empty()) return trace;
    sensor_->ring().wait(5ms);
  }
  ADD_FAILURE() << "no exit record of process " << pid;
  return trace;
}

Trace SensorTest::trace(Act act, const std::string& argument) {
  return finish(Actor::hold(act, argument));
}

Trace SensorTest::trace_as(std::uint32_t state, Act act, const std::string& argument) {
  const pid_t pid = Actor::hold(act, argument);
  const ImageId image = image_of(pid);
  decide(image, state);
  Trace trace = finish(pid);
  decide(image, AMBIT_IMAGE_UNDECIDED);
  sensor_->forget_image(image);
  return trace;
}

ImageId SensorTest::image_of(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < deadline) {
    for (const auto& record : drain()) {
      if (record.header().type != AMBIT_REC_FORK) continue;
      const auto& fork = record.as<ambit_rec_fork>();
      if (fork.child_tgid == static_cast<std::uint32_t>(pid)) return fork.child_image_id;
    }
    sensor_->ring().wait(5ms);
  }
  ADD_FAILURE() << "no fork record of process " << pid;
  return 0;
}

void SensorTest::decide(ImageId image, std::uint32_t state) {
  const auto status = sensor_->set_image(image, ambit_image{.state = state, .owner = 0, .generation = 0, .pad = 0});
  ASSERT_TRUE(status.ok()) << status.error().message;
}

std::string SensorTest::hook_of(const std::string& signal) {
  for (const auto& state : sensor_->signals()) {
    if (state.signal == signal && state.state == kernel::HookState::active) return state.hook;
  }
  return "";
}

bool SensorTest::has_signal(const std::string& signal) {
  return !hook_of(signal).empty();
}

FileId identity_by_stat(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return {};
  return {static_cast<std::uint32_t>(major(st.st_dev) << 20 | minor(st.st_dev)), st.st_ino};
}

}  // namespace ambit::test
