// SPDX-License-Identifier: Apache-2.0
#include "collector/moved_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "temp_tree.h"

namespace ambit::collector {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

class MovedFile : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "open_by_handle_at needs CAP_DAC_READ_SEARCH";
    tree_.file("/model/w.gguf");
    tree_.directory("/elsewhere");
  }
  std::vector<FileId> look_up(const std::vector<std::string>& protected_patterns = {"/model/**"}) {
    const std::vector<std::string> patterns{"/model/**"};
    auto found = resolve_objects(tree_.root(), patterns, identify_by_stat);
    EXPECT_TRUE(found.ok());
    if (!found.ok()) return {};
    files_.complete(tree_.root(), protected_patterns, identify_by_stat, *found);
    std::vector<FileId> out;
    for (const auto& o : found->objects) {
      if (!o.is_directory) out.push_back(o.id);
    }
    return out;
  }
  void rename_to(const std::string& from, const std::string& to) {
    std::filesystem::rename(tree_.path(from), tree_.path(to));
  }
  TempTree tree_;
  MovedFiles files_;
};

TEST_F(MovedFile, StaysProtectedUnderAnotherName) {
  const auto id = tree_.id("/model/w.gguf");
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
  rename_to("/model/w.gguf", "/elsewhere/mine");
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
}

TEST_F(MovedFile, StaysProtectedWhenTheFolderAboveIsMoved) {
  const auto id = tree_.id("/model/w.gguf");
  look_up();
  rename_to("/model", "/elsewhere/model");
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
}

TEST_F(MovedFile, StaysProtectedByItsOtherHardLink) {
  const auto id = tree_.id("/model/w.gguf");
  look_up();
  std::filesystem::create_hard_link(tree_.path("/model/w.gguf"), tree_.path("/elsewhere/hard"));
  std::filesystem::remove(tree_.path("/model/w.gguf"));
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
}

TEST_F(MovedFile, IsNamedOnceWhenItComesBack) {
  const auto id = tree_.id("/model/w.gguf");
  look_up();
  rename_to("/model/w.gguf", "/elsewhere/mine");
  look_up();
  rename_to("/elsewhere/mine", "/model/w.gguf");
  EXPECT_THAT(look_up(), UnorderedElementsAre(id));
}

TEST_F(MovedFile, IsForgottenWhenItIsGone) {
  look_up();
  std::filesystem::remove(tree_.path("/model/w.gguf"));
  EXPECT_THAT(look_up(), IsEmpty());
  // A new file may have its inode number.
  tree_.file("/elsewhere/other");
  EXPECT_THAT(look_up(), IsEmpty());
}

TEST_F(MovedFile, IsForgottenWhenNobodyProtectsItsPatternAnyMore) {
  look_up();
  rename_to("/model/w.gguf", "/elsewhere/mine");
  EXPECT_THAT(look_up({}), IsEmpty());
}

}  // namespace
}  // namespace ambit::collector
