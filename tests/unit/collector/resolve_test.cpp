// SPDX-License-Identifier: Apache-2.0
#include "collector/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temp_tree.h"

namespace ambit::collector {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Resolve : public testing::Test {
 protected:
  std::vector<ResolvedObject> find(const std::string& pattern, const ResolveLimits& limits = {}) {
    const std::vector<std::string> patterns{pattern};
    auto found = resolve_objects(tree_.root(), patterns, identify_by_stat, limits);
    EXPECT_TRUE(found.ok()) << found.error().message;
    if (!found.ok()) return {};
    notes_ = found->notes;
    return found->objects;
  }
  std::vector<std::string> paths(const std::string& pattern, const ResolveLimits& limits = {}) {
    std::vector<std::string> out;
    for (const auto& o : find(pattern, limits)) out.push_back(o.path);
    return out;
  }
  TempTree tree_;
  std::vector<std::string> notes_;
};

TEST_F(Resolve, FindsALiteral) {
  tree_.file("/srv/m.gguf");
  const auto found = find("/srv/m.gguf");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pattern, "/srv/m.gguf");
  EXPECT_EQ(found[0].path, "/srv/m.gguf");
  EXPECT_EQ(found[0].real_path, "/srv/m.gguf");
  EXPECT_EQ(found[0].id, tree_.id("/srv/m.gguf"));
  EXPECT_FALSE(found[0].is_directory);
}

TEST_F(Resolve, FindsNothingWhereNothingIs) {
  EXPECT_THAT(paths("/srv/m.gguf"), IsEmpty());
  EXPECT_THAT(paths("/srv/**"), IsEmpty());
  EXPECT_THAT(paths("/srv/*.gguf"), IsEmpty());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(Resolve, MatchesWildcardsInOneComponent) {
  tree_.file("/srv/a/m.gguf");
  tree_.file("/srv/b/m.gguf");
  tree_.file("/srv/b/m.txt");
  tree_.file("/srv/b/c/m.gguf");
  EXPECT_THAT(paths("/srv/*/*.gguf"), UnorderedElementsAre("/srv/a/m.gguf", "/srv/b/m.gguf"));
}

TEST_F(Resolve, TakesATreeWithItsDirectories) {
  tree_.file("/srv/m/a");
  tree_.file("/srv/m/d/b");
  tree_.file("/srv/n");
  EXPECT_THAT(paths("/srv/m/**"), UnorderedElementsAre("/srv/m", "/srv/m/a", "/srv/m/d", "/srv/m/d/b"));
}

TEST_F(Resolve, MatchesBelowAnyDepth) {
  tree_.file("/srv/config.json");
  tree_.file("/srv/a/b/config.json");
  tree_.file("/srv/a/b/x.gguf");
  EXPECT_THAT(paths("/srv/**/config.json"), UnorderedElementsAre("/srv/config.json", "/srv/a/b/config.json"));
  EXPECT_THAT(paths("/srv/**/*.gguf"), UnorderedElementsAre("/srv/a/b/x.gguf"));
  EXPECT_THAT(paths("/srv/**/b/**"), UnorderedElementsAre("/srv/a/b", "/srv/a/b/config.json", "/srv/a/b/x.gguf"));
}

TEST_F(Resolve, FollowsLinksOfAHubCache) {
  tree_.file("/hub/blobs/0123");
  tree_.link("/hub/snapshots/c/model.safetensors", "../../blobs/0123");
  const auto found = find("/hub/snapshots/**");
  ASSERT_EQ(found.size(), 3U);
  const auto it =
      std::find_if(found.begin(), found.end(), [](const auto& o) { return o.path.ends_with("safetensors"); });
  ASSERT_NE(it, found.end());
  EXPECT_EQ(it->id, tree_.id("/hub/blobs/0123"));
  EXPECT_EQ(it->real_path, "/hub/blobs/0123");
}

TEST_F(Resolve, FollowsAKubernetesDataVolume) {
  tree_.file("/secret/..2026/token");
  tree_.link("/secret/..data", "..2026");
  tree_.link("/secret/token", "..data/token");
  const auto found = find("/secret/token");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].real_path, "/secret/..2026/token");
  EXPECT_EQ(found[0].id, tree_.id("/secret/..2026/token"));
}

TEST_F(Resolve, EntersALinkedDirectoryOnceAndEndsInALoop) {
  tree_.file("/data/v3/m.gguf");
  tree_.link("/srv/models/current", "/data/v3");
  tree_.link("/srv/models/loop", ".");
  const auto found = paths("/srv/models/**");
  EXPECT_THAT(found, testing::Contains("/srv/models/current/m.gguf"));
  EXPECT_LE(found.size(), 5U);
}

TEST_F(Resolve, AbsoluteLinksStayBelowTheRoot) {
  tree_.file("/etc/passwd", "inside");
  tree_.link("/srv/absolute", "/etc/passwd");
  tree_.link("/srv/climbing", "../../../../../../../../etc/passwd");
  for (const auto* name : {"/srv/absolute", "/srv/climbing"}) {
    const auto found = find(name);
    ASSERT_EQ(found.size(), 1U) << name;
    EXPECT_EQ(found[0].id, tree_.id("/etc/passwd")) << name;
    EXPECT_EQ(found[0].real_path, "/etc/passwd") << name;
  }
}

TEST_F(Resolve, SkipsADanglingLink) {
  tree_.link("/srv/gone", "/nowhere");
  EXPECT_THAT(paths("/srv/gone"), IsEmpty());
  EXPECT_THAT(paths("/srv/**"), ElementsAre("/srv"));
}

TEST_F(Resolve, SaysWhenTheNumberIsCut) {
  for (int i = 0; i < 20; ++i) tree_.file("/srv/f" + std::to_string(i));
  EXPECT_EQ(paths("/srv/**", {.max_objects = 5}).size(), 5U);
  ASSERT_EQ(notes_.size(), 1U);
  EXPECT_THAT(notes_[0], testing::HasSubstr("more than 5 objects"));
}

TEST_F(Resolve, SaysWhenTheDepthIsCut) {
  tree_.file("/srv/1/2/3/4/f");
  EXPECT_THAT(paths("/srv/**", {.max_depth = 2}), UnorderedElementsAre("/srv", "/srv/1", "/srv/1/2"));
  ASSERT_FALSE(notes_.empty());
  EXPECT_THAT(notes_[0], testing::HasSubstr("deeper than 2"));
}

TEST_F(Resolve, TakesMoreObjectsThanItHoldsOpenAtOnce) {
  for (int i = 0; i < 600; ++i) tree_.file("/srv/f" + std::to_string(i));
  EXPECT_EQ(paths("/srv/**").size(), 601U);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(Resolve, FailsOnABadPatternAMissingRootAndAFailedIdentify) {
  tree_.file("/srv/f");
  const std::vector<std::string> relative{"srv"};
  EXPECT_FALSE(resolve_objects(tree_.root(), relative, identify_by_stat).ok());
  const std::vector<std::string> good{"/srv/f"};
  EXPECT_FALSE(resolve_objects(tree_.path("/none"), good, identify_by_stat).ok());
  const Identify broken = [](std::span<const int>) -> Result<std::vector<FoundObject>> { return Error{"iter: EPERM"}; };
  const auto failed = resolve_objects(tree_.root(), good, broken);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "iter: EPERM");
}

TEST_F(Resolve, AnswersAScope) {
  tree_.file("/srv/f");
  const auto event = objects_event("gemma", {1, 2}, {find("/srv/f"), {}}, BootTime(9));
  EXPECT_EQ(event.kind, EventKind::objects);
  const auto& f = std::get<ObjectsFacts>(event.facts);
  EXPECT_EQ(f.scope, "gemma");
  EXPECT_EQ(f.root, (FileId{1, 2}));
  EXPECT_EQ(f.objects.size(), 1U);
}

}  // namespace
}  // namespace ambit::collector
