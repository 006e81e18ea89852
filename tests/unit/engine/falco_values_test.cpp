// SPDX-License-Identifier: Apache-2.0
// Values of fields that Falco's rules lean on, where something else would be as natural.
#include <gtest/gtest.h>

#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

bool holds(const std::string& condition, const JudgedEvent& event) {
  const auto result = compile("- rule: r\n  desc: d\n  condition: evt.type exists and (" + condition +
                              ")\n  output: o\n  priority: info\n");
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  std::vector<Match> matches;
  if (result.set) result.set->evaluate(event, matches);
  return !matches.empty();
}

TEST(UserFields, AreOfTheEffectiveIdsAndTheRealOnesHaveTheirOwn) {
  auto program = std::make_shared<Process>(*process("sudo", "/usr/bin/sudo", {"sudo", "-s"}, server()));
  program->uid = program->gid = 1000;
  program->euid = program->egid = 0;
  program->user = program->group = "root";
  const auto event = exec(program);
  EXPECT_TRUE(holds("user.uid = 0 and user.euid = 0 and user.name = root", event));
  EXPECT_TRUE(holds("group.gid = 0 and group.name = root", event));
  EXPECT_TRUE(holds("user.ruid = 1000 and group.rgid = 1000", event));
  EXPECT_FALSE(holds("user.uid = 1000 or group.gid = 1000 or user.ruid = 0 or group.rgid = 0", event));
}

TEST(DescriptorTypes, ADeviceIsAFileByItsLetterAndADeviceByItsWord) {
  auto event = open("/dev/null");
  std::get<OpenFacts>(event.event->facts).object.mode = S_IFCHR | 0666;
  EXPECT_TRUE(holds("fd.typechar = f and fd.type = device", event));
  EXPECT_FALSE(holds("fd.typechar = v or fd.type = file", event));
  std::get<OpenFacts>(event.event->facts).object.mode = S_IFDIR | 0755;
  EXPECT_FALSE(holds("fd.typechar = f or fd.type = device", event));
}

TEST(Arguments, AreAnEmptyTextWhereThereAreNone) {
  const auto event = exec(process("id", "/usr/bin/id", {"id"}, server()));
  EXPECT_TRUE(holds("proc.args exists and proc.args = '' and proc.args != x and len(proc.args) = 0", event));
  EXPECT_TRUE(holds("not proc.args contains x and proc.args in ('', y)", event));
  EXPECT_FALSE(holds("proc.args startswith x or proc.args != ''", event));
}

TEST(Arguments, AreMissingWhereTheyAreNotKnown) {
  const auto event = exec(process("kworker", "", {}, server()));
  EXPECT_FALSE(holds("proc.args exists or proc.args = '' or proc.args != x", event));
}

}  // namespace
}  // namespace ambit::engine
