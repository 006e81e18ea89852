// SPDX-License-Identifier: Apache-2.0
#include "path_index.h"

#include <gtest/gtest.h>

#include <set>

namespace ambit::scope {
namespace {

std::set<std::uint32_t> all(const PathIndex& index, std::string_view path) {
  std::set<std::uint32_t> out;
  index.find(path, [&](std::uint32_t value) {
    out.insert(value);
    return false;
  });
  return out;
}

TEST(PathIndex, AgreesWithThePatternsOneByOne) {
  const std::vector<std::string> patterns = {"/",    "/**",     "/a",      "/a/**",        "/a/b",
                                             "/a/*", "/a/*/c",  "/a/**/c", "/dev/nvidia*", "/dev/shm/sem.*",
                                             "/*",   "/*/b/**", "/abc/**"};
  const std::vector<std::string> paths = {
      "/",      "/a",           "/a/b",          "/a/b/c",         "/a/c", "/ab",    "/abc",
      "/abc/d", "/dev/nvidia0", "/dev/nvidia/x", "/dev/shm/sem.1", "/x/b", "/x/b/y", "relative",
      ""};
  PathIndex index;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) index.add(*util::PathPattern::make(patterns[i]), i);
  index.seal();
  for (const auto& path : paths) {
    std::set<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) {
      if (util::PathPattern::make(patterns[i])->matches(path)) expected.insert(i);
    }
    EXPECT_EQ(all(index, path), expected) << path;
  }
}

TEST(PathIndex, FindsNothingWhenEmpty) {
  PathIndex index;
  EXPECT_TRUE(all(index, "/a").empty());
  index.seal();
  EXPECT_TRUE(all(index, "/a").empty());
  EXPECT_TRUE(index.empty());
}

TEST(PathIndex, StopsWhenTold) {
  PathIndex index;
  index.add(*util::PathPattern::make("/a/**"), 1);
  index.add(*util::PathPattern::make("/a/b"), 2);
  index.seal();
  int calls = 0;
  EXPECT_TRUE(index.find("/a/b", [&](std::uint32_t) {
    ++calls;
    return true;
  }));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace ambit::scope
