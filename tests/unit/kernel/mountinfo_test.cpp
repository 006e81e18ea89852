// SPDX-License-Identifier: Apache-2.0
#include "mountinfo.h"

#include <gmock/gmock.h>

#include <sstream>

namespace ambit::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> parse(const std::string& text) {
  std::istringstream in(text);
  return cgroup2_mounts(in);
}

TEST(Mountinfo, FindsCgroup2BesideVersionOne) {
  EXPECT_THAT(parse("32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n"),
              ElementsAre("/sys/fs/cgroup/unified"));
}

TEST(Mountinfo, KeepsTheOrderOfSeveral) {
  EXPECT_THAT(parse("1 0 0:1 /a /first rw - cgroup2 none rw\n2 0 0:1 / /second rw - cgroup2 none rw\n"),
              ElementsAre("/first", "/second"));
}

TEST(Mountinfo, UndoesEscapes) {
  EXPECT_THAT(parse("1 0 0:1 / /with\\040space rw - cgroup2 none rw\n"), ElementsAre("/with space"));
}

TEST(Mountinfo, VersionOneAloneIsNone) {
  EXPECT_THAT(parse("32 31 0:29 / /sys/fs/cgroup2 rw - cgroup cgroup rw,cpu\nnonsense\n"), IsEmpty());
}

}  // namespace
}  // namespace ambit::kernel
