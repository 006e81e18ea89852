// SPDX-License-Identifier: Apache-2.0
#include "util/path_pattern.h"

#include <gtest/gtest.h>

namespace ambit::util {
namespace {

struct MatchCase {
  const char* description;
  const char* pattern;
  const char* path;
  bool matches;
};

class PathPatternMatch : public testing::TestWithParam<MatchCase> {};

TEST_P(PathPatternMatch, FollowsTheScopeRules) {
  const auto& c = GetParam();
  const auto pattern = PathPattern::make(c.pattern);
  ASSERT_TRUE(pattern.ok()) << pattern.error().message;
  EXPECT_EQ(pattern->matches(c.path), c.matches) << c.description;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PathPatternMatch,
    testing::Values(MatchCase{"literal equals", "/a/b", "/a/b", true},
                    MatchCase{"literal is no prefix", "/a/b", "/a/b/c", false},
                    MatchCase{"literal is no name prefix", "/a/b", "/a/bc", false},
                    MatchCase{"tree includes its root", "/d/**", "/d", true},
                    MatchCase{"tree includes all below", "/d/**", "/d/x/y/z", true},
                    MatchCase{"tree excludes a sibling", "/d/**", "/dd/x", false},
                    MatchCase{"star stays in its component", "/d/*.gguf", "/d/m.gguf", true},
                    MatchCase{"star does not cross a slash", "/d/*.gguf", "/d/s/m.gguf", false},
                    MatchCase{"star may match nothing", "/d/a*", "/d/a", true},
                    MatchCase{"question mark is one byte", "/d/?", "/d/x", true},
                    MatchCase{"question mark is not none", "/d/?", "/d/", false},
                    MatchCase{"double star matches zero components", "/a/**/z", "/a/z", true},
                    MatchCase{"double star matches many", "/a/**/z", "/a/b/c/z", true},
                    MatchCase{"double star needs its end", "/a/**/z", "/a/b/c", false},
                    MatchCase{"two double stars", "/a/**/m/**/z", "/a/x/m/y/m/q/z", true},
                    MatchCase{"two double stars, end missing", "/a/**/m/**/z", "/a/x/m/y/q", false},
                    MatchCase{"star backtracks", "/d/*ab*c", "/d/xabyabzc", true},
                    MatchCase{"trailing slash is dropped", "/d/", "/d", true},
                    MatchCase{"root tree has all", "/**", "/any/thing", true},
                    MatchCase{"root tree has the root", "/**", "/", true},
                    MatchCase{"name anywhere", "/**/m*.gguf", "/srv/a/model.gguf", true},
                    MatchCase{"name anywhere, at the root", "/**/m*.gguf", "/m.gguf", true},
                    MatchCase{"name anywhere, not in the middle", "/**/m*.gguf", "/m.gguf/x", false},
                    MatchCase{"names in a row at the end", "/**/a/b*", "/x/a/bc", true},
                    MatchCase{"names in a row, more than there are", "/**/a/b", "/b", false},
                    MatchCase{"directory anywhere", "/**/.ssh/**", "/home/x/.ssh/id", true},
                    MatchCase{"directory anywhere, itself", "/**/.ssh/**", "/.ssh", true},
                    MatchCase{"directory anywhere is no name prefix", "/**/.ssh/**", "/x/.sshd/id", false},
                    MatchCase{"directory anywhere, the second time", "/**/a/b/**", "/a/bc/a/b/d", true},
                    MatchCase{"directory with a star anywhere", "/**/a*/**", "/x/abc/d", true},
                    MatchCase{"relative paths never match", "/**", "any", false}));

TEST(PathPattern, RefusesWhatIsNotAbsoluteOrNotNormal) {
  for (const char* bad : {"", "a/b", "*/x", "/a/../b", "/a/./b", "/a//b", "/a/b**"}) {
    EXPECT_FALSE(PathPattern::make(bad).ok()) << bad;
  }
}

TEST(PathPattern, KnowsItsLiteralPrefix) {
  EXPECT_EQ(PathPattern::make("/srv/models/**")->literal_prefix(), "/srv/models");
  EXPECT_EQ(PathPattern::make("/srv/m*/x")->literal_prefix(), "/srv");
  EXPECT_EQ(PathPattern::make("/*")->literal_prefix(), "/");
  EXPECT_TRUE(PathPattern::make("/srv/x")->is_literal());
  EXPECT_FALSE(PathPattern::make("/srv/x*")->is_literal());
  EXPECT_TRUE(PathPattern::make("/srv/**")->is_tree());
  EXPECT_FALSE(PathPattern::make("/srv/**/x")->is_tree());
}

}  // namespace
}  // namespace ambit::util
