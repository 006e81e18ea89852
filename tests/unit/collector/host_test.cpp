// SPDX-License-Identifier: Apache-2.0
#include "collector/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "temp_tree.h"

namespace ambit::collector {
namespace {

TEST(Host, NamesCgroupsByTheirInode) {
  TempTree tree;
  tree.directory("/a.slice/b.service");
  tree.file("/a.slice/cgroup.procs");
  const auto found = cgroup_names(tree.root());
  ASSERT_TRUE(found.ok());
  std::vector<std::pair<std::string, std::uint64_t>> names;
  for (const auto& e : *found) {
    EXPECT_EQ(e.kind, EventKind::cgroup_name);
    const auto& f = std::get<CgroupFacts>(e.facts);
    names.emplace_back(f.path, f.id);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre(std::pair("/", tree.id("").ino),
                                                   std::pair("/a.slice", tree.id("/a.slice").ino),
                                                   std::pair("/a.slice/b.service", tree.id("/a.slice/b.service").ino)));
  EXPECT_EQ(cgroup_names(tree.root(), 2)->size(), 2U);
  EXPECT_FALSE(cgroup_names(tree.path("/none")).ok());
}

TEST(Host, ReadsUsers) {
  const auto event = read_users();
  const auto& f = std::get<UsersFacts>(event.facts);
  EXPECT_THAT(f.users, testing::Contains(std::pair<std::uint32_t, std::string>(0, "root")));
  EXPECT_THAT(f.groups, testing::Contains(std::pair<std::uint32_t, std::string>(0, "root")));
}

TEST(Host, ReadsResolvers) {
  TempTree tree;
  tree.file("/resolv.conf",
            "# x\nsearch a\nnameserver 10.0.0.53\nnameserver fe80::1%eth0\n nameserver\n;nameserver 1.1.1.1\n");
  EXPECT_THAT(read_resolvers(tree.path("/resolv.conf")), testing::ElementsAre("10.0.0.53", "fe80::1"));
  EXPECT_THAT(read_resolvers(tree.path("/none")), testing::IsEmpty());
}

TEST(Host, KnowsItselfByStartTime) {
  const auto self = process_key(static_cast<std::uint32_t>(getpid()));
  EXPECT_GT(self.start_ns, 0U);
  EXPECT_LE(BootTime(self.start_ns), boot_now());
  EXPECT_EQ(self, process_key(static_cast<std::uint32_t>(getpid())));
}

TEST(Host, AProcessThatIsGoneHasNoStart) {
  EXPECT_EQ(process_key(0x7fffffff).start_ns, 0U);
}

TEST(Host, TicksCarryBothClocks) {
  const auto tick = make_tick();
  EXPECT_EQ(tick.kind, EventKind::tick);
  EXPECT_GT(tick.time, BootTime(0));
  EXPECT_GT(std::get<TickFacts>(tick.facts).wall, tick.time);
}

}  // namespace
}  // namespace ambit::collector
