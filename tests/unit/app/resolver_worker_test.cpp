// SPDX-License-Identifier: Apache-2.0
#include "resolver_worker.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

class ResolverWorkerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: fanotify";
    dir_ = std::filesystem::path("/dev/shm") / fmt::format("ambit-resolver-{}", ::getpid());
    std::filesystem::create_directories(dir_);
    std::ofstream(weights()) << "old";
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  [[nodiscard]] std::string weights() const { return dir_ / "weights"; }
  static std::uint64_t inode_of(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0 ? st.st_ino : 0;
  }
  /// What stat says, as the kernel half would; then, after `times` looks, lets `act` happen.
  static collector::Identify identify(std::atomic<int>& looks, int times, std::function<void()> act) {
    return [&looks, times, act](std::span<const int> fds) -> Result<std::vector<FoundObject>> {
      std::vector<FoundObject> out;
      for (const int fd : fds) {
        struct stat st {};
        FoundObject object{};
        if (::fstat(fd, &st) == 0) {
          object.ino = st.st_ino;
          object.dev = static_cast<std::uint32_t>(major(st.st_dev) << 20 | minor(st.st_dev));
          object.mode = st.st_mode;
        }
        out.push_back(object);
      }
      if (++looks <= times) act();
      return out;
    };
  }
  /// The objects that the worker found for the weights.
  std::vector<ResolvedObject> resolve(collector::Identify identify, collector::FanotifyWatch* watch) {
    collector::Source source;
    source.drain = [](const auto&, std::size_t) { return std::size_t{0}; };
    source.wait = [](std::chrono::milliseconds) { return false; };
    source.release = [](std::uint64_t) {};
    source.inventory = [](const auto&) { return Status(Ok{}); };
    collector::Collector collector(std::move(source));
    ResolverWorker worker(collector, std::move(identify), watch);
    scope::ResolveRequest request;
    request.scope = "llm";
    request.patterns = {weights()};
    request.protected_patterns = {weights()};
    worker.post({request});
    std::vector<ResolvedObject> found;
    bool is_there = false;
    for (int i = 0; i < 600 && !is_there; ++i) {
      collector.drain([](const auto&) {},
                      [&](Event&& event) {
                        if (auto* facts = std::get_if<ObjectsFacts>(&event.facts)) {
                          found = std::move(facts->objects);
                          is_there = true;
                        }
                      });
      if (!is_there) std::this_thread::sleep_for(50ms);
    }
    EXPECT_TRUE(is_there);
    return found;
  }
  std::unique_ptr<collector::FanotifyWatch> watch() {
    auto started =
        collector::FanotifyWatch::start([](Event) {},
                                        [](std::span<const int> fds) {
                                          return Result<std::vector<FoundObject>>(std::vector<FoundObject>(fds.size()));
                                        });
    return started.ok() ? std::move(*started) : nullptr;
  }
  std::filesystem::path dir_;
};

TEST_F(ResolverWorkerTest, AnObjectThatIsReplacedBeforeItsDirectoryIsWatchedIsFound) {
  const auto watching = watch();
  if (!watching) GTEST_SKIP() << "this kernel refuses fanotify";
  std::atomic<int> looks = 0;
  const auto replace = [this] {
    std::ofstream(dir_ / "new") << "new";
    std::filesystem::rename(dir_ / "new", weights());
  };
  const auto before = inode_of(weights());
  const auto found = resolve(identify(looks, 1, replace), watching.get());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(inode_of(weights()), before);
  EXPECT_EQ(found[0].id.ino, inode_of(weights()));
}

TEST_F(ResolverWorkerTest, ADirectoryThatIsNewToTheWatchIsLookedAtTwice) {
  const auto watching = watch();
  if (!watching) GTEST_SKIP() << "this kernel refuses fanotify";
  std::atomic<int> looks = 0;
  EXPECT_EQ(resolve(identify(looks, 0, [] {}), watching.get()).size(), 1U);
  EXPECT_EQ(looks, 2);
}

TEST_F(ResolverWorkerTest, WithoutAWatchThereIsOneLook) {
  std::atomic<int> looks = 0;
  EXPECT_EQ(resolve(identify(looks, 0, [] {}), nullptr).size(), 1U);
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace ambit::app
