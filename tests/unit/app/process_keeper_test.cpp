// SPDX-License-Identifier: Apache-2.0
#include "process_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "ambit/abi/record.h"
#include "known_process.h"

namespace ambit::app {
namespace {

class Store final : public kernel::KnownStore {
 public:
  Status put(const ambit_known_key& key, const ambit_known& value) override {
    if (is_full) return Error{"full"};
    rows_[{key.tgid, key.start_ns, key.image_id}] = value;
    return Ok{};
  }
  void erase(const ambit_known_key& key) override { rows_.erase({key.tgid, key.start_ns, key.image_id}); }
  std::vector<kernel::KnownRow> rows() override {
    std::vector<kernel::KnownRow> out;
    for (const auto& [key, value] : rows_) {
      out.push_back(
          {{.start_ns = std::get<1>(key), .image_id = std::get<2>(key), .tgid = std::get<0>(key), .pad = 0}, value});
    }
    return out;
  }
  [[nodiscard]] std::vector<ImageId> images() const {
    std::vector<ImageId> out;
    for (const auto& [key, value] : rows_) out.push_back(std::get<2>(key));
    return out;
  }
  bool is_full = false;

 private:
  std::map<std::tuple<std::uint32_t, std::uint64_t, ImageId>, ambit_known> rows_;
};

constexpr ImageId kFirst = 1 << 12, kSecond = 2 << 12;

class ProcessKeeperTest : public testing::Test {
 protected:
  ProcessKeeperTest() {
    std::vector<util::Document> none;
    judge = std::make_unique<scope::Judge>(scope::ScopeSet::compile(none, none).set);
  }
  static ProcessRef process(std::uint32_t pid, ImageId image, const std::string& exe = "/bin/server") {
    auto out = std::make_shared<Process>();
    out->key = {pid, pid * 100ULL};
    out->image = image;
    out->exe = exe;
    out->exec_seen = true;
    out->started = BootTime(static_cast<std::int64_t>(image));
    return out;
  }
  void note(EventKind kind, const ProcessRef& subject, std::uint64_t position, const ProcessRef& target = nullptr) {
    Event event;
    event.kind = kind;
    event.subject = subject->key;
    event.image = subject->image;
    event.position = position;
    Enriched enriched;
    enriched.event = &event;
    enriched.process = subject;
    enriched.target = target;
    keeper.note(enriched, *judge);
  }
  Store store;
  std::unique_ptr<scope::Judge> judge;
  ProcessKeeper keeper{store, 4};
};

TEST_F(ProcessKeeperTest, AnImageIsKeptUntilItsEndIsReleased) {
  note(EventKind::exec, process(7, kFirst), 10);
  EXPECT_THAT(store.images(), testing::ElementsAre(kFirst));
  note(EventKind::exit, process(7, kFirst), 20);
  keeper.released(19);
  EXPECT_THAT(store.images(), testing::ElementsAre(kFirst)) << "acts before its end may come again";
  keeper.released(20);
  EXPECT_TRUE(store.images().empty());
}

TEST_F(ProcessKeeperTest, TheImageBeforeAnExecIsKeptUntilThatIsReleased) {
  note(EventKind::exec, process(7, kFirst), 10);
  note(EventKind::exec, process(7, kSecond), 20);
  EXPECT_THAT(store.images(), testing::ElementsAre(kFirst, kSecond));
  keeper.released(20);
  EXPECT_THAT(store.images(), testing::ElementsAre(kSecond));
}

TEST_F(ProcessKeeperTest, ForkedChildrenAreKnown) {
  note(EventKind::fork, process(7, kFirst), 10, process(8, kFirst));
  EXPECT_EQ(store.rows().size(), 1U);
  EXPECT_EQ(store.rows()[0].first.tgid, 8U);
}

TEST_F(ProcessKeeperTest, AFullTableIsCounted) {
  for (std::uint32_t pid = 1; pid <= 6; ++pid) note(EventKind::exec, process(pid, kFirst), pid);
  EXPECT_EQ(keeper.size(), 4U);
  EXPECT_EQ(keeper.refused(), 2U);
  store.is_full = true;
  note(EventKind::exec, process(1, kSecond), 9);
  EXPECT_EQ(keeper.refused(), 3U);
}

TEST_F(ProcessKeeperTest, TheDaemonAndItsHelperAreWrittenDownAsSuch) {
  ProcessKeeper marking(store, 4, [](const ProcessKey& key) {
    return key.tgid == 7 ? AMBIT_KNOWN_DAEMON : key.tgid == 8 ? AMBIT_KNOWN_CANARY : 0U;
  });
  for (const std::uint32_t pid : {7U, 8U, 9U}) {
    Event event;
    event.kind = EventKind::exec;
    Enriched enriched;
    enriched.event = &event;
    enriched.process = process(pid, kFirst);
    marking.note(enriched, *judge);
  }
  for (const auto& row : store.rows()) {
    const auto known = known_process(row);
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ(known->is_daemon, row.first.tgid == 7) << row.first.tgid;
    EXPECT_EQ(known->is_canary, row.first.tgid == 8) << row.first.tgid;
  }
}

TEST_F(ProcessKeeperTest, OffItWritesNothing) {
  ProcessKeeper off(store, 0);
  Event event;
  event.kind = EventKind::exec;
  Enriched enriched;
  enriched.event = &event;
  enriched.process = process(7, kFirst);
  off.note(enriched, *judge);
  EXPECT_TRUE(store.rows().empty());
}

TEST_F(ProcessKeeperTest, TheNextRunBeginsWithTheImageThatTheRingBeginsWith) {
  note(EventKind::exec, process(9, kFirst), 5);
  note(EventKind::exec, process(7, kFirst), 10);
  note(EventKind::exec, process(7, kSecond), 20);
  ProcessKeeper next(store, 4);
  const auto rows = next.take_over(30);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].first.tgid, 7U) << "the elder process first";
  EXPECT_EQ(rows[0].first.image_id, kFirst);
  next.released(30);
  EXPECT_THAT(store.images(), testing::ElementsAre(kFirst, kFirst)) << "the records never came: the other is let go";
}

TEST_F(ProcessKeeperTest, AnImageThatItsRecordBringsBackStays) {
  note(EventKind::exec, process(7, kFirst), 10);
  note(EventKind::exec, process(7, kSecond), 20);
  ProcessKeeper next(store, 4);
  next.take_over(30);
  Event event;
  event.kind = EventKind::exec;
  event.subject = process(7, kSecond)->key;
  event.position = 20;
  Enriched enriched;
  enriched.event = &event;
  enriched.process = process(7, kSecond);
  next.note(enriched, *judge);
  next.released(30);
  EXPECT_THAT(store.images(), testing::ElementsAre(kSecond));
}

TEST(KnownProcess, ComesBackAsItWas) {
  Process process;
  process.key = {7, 700};
  process.image = kSecond;
  process.exe = "/opt/server";
  process.comm = "server";
  process.argv = {"/opt/server", "--port", "80"};
  process.exe_object.id = {8, 99};
  process.root = {8, 2};
  process.mnt_ns = 4000;
  process.euid = 33;
  process.cgroup = 5;
  process.cgroup_path = "/system.slice/llama.service";
  process.started = BootTime(900);
  auto parent = std::make_shared<Process>();
  parent->key = {1, 1};
  process.parent = parent;
  const scope::Standing standing{.scope = 11,
                                 .is_serving = true,
                                 .is_entered = false,
                                 .is_launcher = false,
                                 .is_server = true,
                                 .is_under_server = true,
                                 .phase_started = BootTime(901),
                                 .last_weights = BootTime(902)};
  const auto back = known_process({known_key(process.key, process.image), known_value(process, standing)});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->standing, standing);
  EXPECT_EQ(back->exec.subject, process.key);
  EXPECT_EQ(back->exec.image, kSecond);
  EXPECT_EQ(back->exec.cgroup, 5U);
  EXPECT_EQ(back->exec.time, BootTime(900));
  EXPECT_TRUE(back->exec.quality & AMBIT_Q_INVENTORY);
  const auto& exec = std::get<ExecFacts>(back->exec.facts);
  EXPECT_EQ(exec.path, "/opt/server");
  EXPECT_EQ(exec.argv, process.argv);
  EXPECT_EQ(exec.comm, "server");
  EXPECT_EQ(exec.exe.id, process.exe_object.id);
  EXPECT_EQ(exec.exe.mnt_ns, 4000U);
  EXPECT_EQ(exec.euid, 33U);
  EXPECT_EQ(exec.parent, parent->key);
  ASSERT_TRUE(back->cgroup);
  EXPECT_EQ(std::get<CgroupFacts>(back->cgroup->facts).path, process.cgroup_path);
}

TEST(KnownProcess, WhatDoesNotFitIsCutAndSaysSo) {
  Process process;
  process.key = {7, 700};
  process.image = kFirst;
  process.exe = "/" + std::string(2000, 'x') + "/server";
  process.argv = {std::string(3000, 'y')};
  process.cgroup_path = "/" + std::string(400, 'z');
  const auto back = known_process({known_key(process.key, process.image), known_value(process, {})});
  ASSERT_TRUE(back);
  EXPECT_TRUE(std::get<ExecFacts>(back->exec.facts).path.ends_with("/server"));
  EXPECT_TRUE(back->exec.quality & AMBIT_Q_PATH_CUT);
  EXPECT_TRUE(back->exec.quality & AMBIT_Q_ARGV_CUT);
  EXPECT_FALSE(back->cgroup) << "a part of it would name another group";
}

TEST(KnownProcess, AForeignRowIsLeftOut) {
  EXPECT_FALSE(known_process({}));
  kernel::KnownRow row{};
  row.second.record_len = 60'000;
  EXPECT_FALSE(known_process(row));
}

}  // namespace
}  // namespace ambit::app
