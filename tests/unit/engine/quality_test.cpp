// SPDX-License-Identifier: Apache-2.0
// Every AMBIT_Q_* of the ABI is a field of the rule language and a word in events.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ambit/abi/record.h"
#include "engine/filter.h"
#include "engine/render.h"
#include "support/quality_flags.h"

namespace ambit::engine {
namespace {

using test::flags_of_the_header;

JudgedEvent judged_with(const Event& event) {
  JudgedEvent judged;
  judged.enriched.event = &event;
  return judged;
}

TEST(QualityFlags, AreFieldsOfTheRuleLanguage) {
  const auto flags = flags_of_the_header();
  ASSERT_GE(flags.size(), 14U) << "the header is not read";
  for (const auto& flag : flags) {
    const auto filter = Filter::compile("quality." + flag.name + " = true");
    ASSERT_TRUE(filter.ok()) << flag.name << ": " << filter.error().message;
    Event event;
    event.kind = EventKind::open;
    event.facts = OpenFacts{};
    event.quality = flag.bit;
    EXPECT_TRUE(filter->matches(judged_with(event))) << flag.name;
    event.quality = ~flag.bit;
    EXPECT_FALSE(filter->matches(judged_with(event))) << flag.name;
  }
}

TEST(QualityFlags, AreWordsInEvents) {
  for (const auto& flag : flags_of_the_header()) {
    Event event;
    event.kind = EventKind::open;
    event.facts = OpenFacts{};
    event.quality = flag.bit;
    EXPECT_EQ(event_json(judged_with(event))["quality"], nlohmann::json::array({flag.name}));
  }
}

TEST(QualityFlags, TellTheFamilyOfTheHook) {
  const auto family = [](std::uint16_t hook, const char* name) {
    Event event;
    event.kind = EventKind::open;
    event.facts = OpenFacts{};
    event.hook = hook;
    return Filter::compile(std::string("quality.family = ") + name)->matches(judged_with(event));
  };
  EXPECT_TRUE(family(AMBIT_HOOK_TP_BTF_SYS_EXIT, "base"));
  EXPECT_TRUE(family(AMBIT_HOOK_CGROUP_ADDR, "base"));
  EXPECT_TRUE(family(AMBIT_HOOK_FANOTIFY, "user"));
  EXPECT_FALSE(family(AMBIT_HOOK_FANOTIFY, "base"));
}

}  // namespace
}  // namespace ambit::engine
