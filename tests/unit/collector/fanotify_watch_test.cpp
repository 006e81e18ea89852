// SPDX-License-Identifier: Apache-2.0
// Against the real kernel. Needs CAP_SYS_ADMIN and a filesystem with file handles; says so where it skips.
#include "collector/fanotify_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "temp_tree.h"

namespace ambit::collector {
namespace {

class FanotifyWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = FanotifyWatch::start([this](Event e) { take(std::move(e)); }, identify_by_stat);
    if (!started.ok()) GTEST_SKIP() << "missing: fanotify with directory names (" << started.error().message << ")";
    watch_ = std::move(*started);
    tree_.directory("/d");
    tree_.directory("/e");
    const auto status = watch_->add(tree_.path("/d"), "/seen");
    if (!status.ok()) GTEST_SKIP() << "missing: fanotify marks on this filesystem (" << status.error().message << ")";
  }
  void TearDown() override { watch_.reset(); }

  /// Acts as another process: one's own acts are not reported.
  static void as_other(const std::function<void()>& act) {
    const pid_t pid = fork();
    if (pid == 0) {
      act();
      _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }

  void take(Event e) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(e));
    changed_.notify_all();
  }
  std::vector<Event> wait_for(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return events_.size() >= n; });
    return std::exchange(events_, {});
  }

  TempTree tree_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::unique_ptr<FanotifyWatch> watch_;
};

TEST_F(FanotifyWatchTest, TellsRenamesWithBothNames) {
  if (!watch_->reports_targets()) GTEST_SKIP() << "missing: FAN_RENAME";
  tree_.file("/d/m.gguf");
  tree_.file("/e/other");
  ASSERT_TRUE(watch_->add(tree_.path("/e")).ok());
  const auto id = tree_.id("/e/other");
  as_other([&] { rename(tree_.path("/e/other").c_str(), tree_.path("/d/m.gguf").c_str()); });
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::rename);
  EXPECT_EQ(events[0].hook, AMBIT_HOOK_FANOTIFY);
  EXPECT_NE(events[0].subject.tgid, static_cast<std::uint32_t>(getpid()));
  const auto& f = std::get<NameFacts>(events[0].facts);
  EXPECT_EQ(f.path, tree_.path("/e/other"));
  EXPECT_EQ(f.path2, "/seen/m.gguf");
  EXPECT_EQ(f.dir2, tree_.id("/d"));
  EXPECT_EQ(f.object.id, id);
}

TEST_F(FanotifyWatchTest, TellsChangedAttributesOfWhatLiesInADirectory) {
  tree_.file("/d/m.gguf");
  tree_.file("/e/other");
  const auto id = tree_.id("/d/m.gguf");
  as_other([&] {
    if (::chdir(tree_.path("/d").c_str()) != 0 || ::chmod(tree_.path("/e/other").c_str(), 0666) != 0) _exit(1);
    if (::chmod("m.gguf", 0666) != 0) _exit(1);
  });
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U) << "not what lies elsewhere";
  EXPECT_EQ(events[0].kind, EventKind::chmod);
  const auto& f = std::get<NameFacts>(events[0].facts);
  EXPECT_EQ(f.path, "/seen/m.gguf");
  EXPECT_EQ(f.object.id, id);
  EXPECT_EQ(f.mode, 0666U);
  as_other([&] {
    if (::chown(tree_.path("/d/m.gguf").c_str(), 65534, 65534) != 0) _exit(1);
  });
  EXPECT_EQ(wait_for(1).size(), 1U);
}

TEST_F(FanotifyWatchTest, TellsOnlyTheWatchedSideOfARename) {
  if (!watch_->reports_targets()) GTEST_SKIP() << "missing: FAN_RENAME";
  tree_.file("/d/a");
  tree_.file("/e/b");
  as_other([&] {
    rename(tree_.path("/d/a").c_str(), tree_.path("/e/a").c_str());
    rename(tree_.path("/e/b").c_str(), tree_.path("/d/b").c_str());
  });
  const auto events = wait_for(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(std::get<NameFacts>(events[0].facts).path, "/seen/a");
  EXPECT_EQ(std::get<NameFacts>(events[0].facts).path2, "");
  EXPECT_EQ(std::get<NameFacts>(events[1].facts).path, "");
  EXPECT_EQ(std::get<NameFacts>(events[1].facts).path2, "/seen/b");
}

TEST_F(FanotifyWatchTest, TellsUnlinkLinkSymlinkAndDirectories) {
  tree_.file("/d/a");
  as_other([&] {
    if (link(tree_.path("/d/a").c_str(), tree_.path("/d/hard").c_str()) != 0) return;
    if (symlink("a", tree_.path("/d/soft").c_str()) != 0) return;
    mkdir(tree_.path("/d/sub").c_str(), 0700);
    rmdir(tree_.path("/d/sub").c_str());
  });
  std::vector<std::pair<EventKind, std::string>> seen;
  const auto take = [&](std::size_t n) {
    for (const auto& e : wait_for(n)) {
      const auto& f = std::get<NameFacts>(e.facts);
      seen.emplace_back(e.kind, f.path.empty() ? f.path2 : f.path);
    }
  };
  take(4);
  // Only now: a new hard link is known by its link count, which the removal of the first name would take back.
  as_other([&] { unlink(tree_.path("/d/a").c_str()); });
  take(1);
  EXPECT_THAT(seen, testing::UnorderedElementsAre(
                        std::pair(EventKind::link, "/seen/hard"), std::pair(EventKind::symlink, "/seen/soft"),
                        std::pair(EventKind::mkdir, "/seen/sub"), std::pair(EventKind::rmdir, "/seen/sub"),
                        std::pair(EventKind::unlink, "/seen/a")));
}

TEST_F(FanotifyWatchTest, TellsWhereAWatchedDirectoryWent) {
  as_other([&] { rename(tree_.path("/d").c_str(), tree_.path("/e/moved").c_str()); });
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U);
  const auto& f = std::get<NameFacts>(events[0].facts);
  EXPECT_EQ(f.path, "/seen");
  EXPECT_EQ(f.path2, tree_.path("/e/moved"));
}

TEST_F(FanotifyWatchTest, LeavesOwnActsOtherDirectoriesAndPlainFilesOut) {
  tree_.file("/d/own");
  std::filesystem::remove(tree_.path("/d/own"));
  as_other([&] {
    rename(tree_.path("/e").c_str(), tree_.path("/f").c_str());
    std::ofstream(tree_.path("/d/plain")) << "x";
    unlink(tree_.path("/d/plain").c_str());
  });
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<NameFacts>(events[0].facts).path, "/seen/plain");
}

TEST_F(FanotifyWatchTest, StopsWatchingWhatIsRemoved) {
  EXPECT_EQ(watch_->marks(), 1U);
  ASSERT_TRUE(watch_->add(tree_.path("/d"), "/seen").ok());
  EXPECT_EQ(watch_->marks(), 1U);
  ASSERT_TRUE(watch_->add(tree_.path("/e")).ok());
  watch_->remove(tree_.path("/d"));
  EXPECT_EQ(watch_->marks(), 1U);
  as_other([&] {
    mkdir(tree_.path("/d/x").c_str(), 0700);
    mkdir(tree_.path("/e/y").c_str(), 0700);
  });
  const auto events = wait_for(1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(std::get<NameFacts>(events[0].facts).path, tree_.path("/e/y"));
}

TEST_F(FanotifyWatchTest, FailsOnWhatIsNoDirectory) {
  tree_.file("/file");
  EXPECT_FALSE(watch_->add(tree_.path("/file")).ok());
  EXPECT_FALSE(watch_->add(tree_.path("/none")).ok());
}

}  // namespace
}  // namespace ambit::collector
