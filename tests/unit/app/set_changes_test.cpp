// SPDX-License-Identifier: Apache-2.0
#include "set_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorded_host.h"

namespace ambit::app {
namespace {

std::vector<std::string> words(const std::vector<SetChange>& changes) {
  std::vector<std::string> out;
  for (const auto& each : changes) out.push_back(each.kind + " " + each.name + " " + each.change);
  return out;
}

class SetChangesTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<SetChange> changes() const {
    return changes_between(test::sets_of(before), test::sets_of(after));
  }
  std::shared_ptr<SetTexts> before = test::sample_texts(), after = test::sample_texts();
};

TEST_F(SetChangesTest, CommentsAndLayoutAreNoChange) {
  after->rules[0].text += "# a comment\n\n";
  after->scopes[0].text += "# a comment\n";
  EXPECT_THAT(words(changes()), testing::IsEmpty());
  EXPECT_EQ(describe(changes()), "nothing changed");
}

TEST_F(SetChangesTest, RulesMacrosAndListsAreNamed) {
  auto& text = after->rules[0].text;
  text.replace(text.find("evt.type = loss"), 15, "evt.type = loss and loss.count > 9");
  text += "- macro: m\n  condition: evt.type = open\n- list: l\n  items: [a]\n";
  EXPECT_THAT(words(changes()), testing::ElementsAre("list l added", "macro m added", "rule lost changed"));
  EXPECT_EQ(describe(changes()), "lists: 1 added (l); macros: 1 added (m); rules: 1 changed (lost)");
}

TEST_F(SetChangesTest, ScopesAreComparedByWhatIsInForce) {
  auto& text = after->scopes[0].text;
  text.replace(text.find("name: chat"), 10, "name: talk");
  EXPECT_THAT(words(changes()), testing::ElementsAre("scope chat removed", "scope talk added"));
  text = before->scopes[0].text;
  text.replace(text.find("max: 10s"), 8, "max: 11s");
  EXPECT_THAT(words(changes()), testing::ElementsAre("scope chat changed"));
}

TEST_F(SetChangesTest, HowRulesWorkTogetherIsASetting) {
  after->options.matching = engine::Matching::first;
  EXPECT_EQ(describe(changes()), "settings: 1 changed (rules.matching)");
}

TEST_F(SetChangesTest, ALongListIsCut) {
  for (int i = 0; i < 20; ++i) after->rules[0].text += "- list: l" + std::to_string(i) + "\n  items: [a]\n";
  EXPECT_THAT(describe(changes()),
              testing::AllOf(testing::HasSubstr("lists: 20 added (l0, l1,"), testing::EndsWith(", ...)")));
}

}  // namespace
}  // namespace ambit::app
