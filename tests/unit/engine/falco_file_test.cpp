// SPDX-License-Identifier: Apache-2.0
// A rule set as a team that comes from Falco brings it (tests/fixtures/rules/falco): it loads, and means what it meant
// there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detection_files.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

util::Document file(const std::string& name) {
  return {name, read_file(std::string(AMBIT_SOURCE_DIR) + "/tests/fixtures/rules/falco/" + name)};
}

class FalcoFile : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<util::Document> files = {file("rules.yaml"), file("site.yaml")};
    result_ = RuleSet::compile(files);
    ASSERT_NE(result_.set, nullptr) << util::to_string(result_.diagnostics);
  }

  std::vector<std::string> fired(const JudgedEvent& event) const {
    std::vector<Match> matches;
    result_.set->evaluate(event, matches);
    std::vector<std::string> out;
    for (const auto& match : matches) out.push_back(match.rule->name);
    return out;
  }

  CompileResult result_;
};

/// `comm` started by `parent`, in a container or on the host.
Sample started(const std::string& comm, const std::string& exe, std::vector<std::string> argv,
               const std::string& parent, bool in_container = true) {
  const auto above = process(parent, "/usr/bin/" + parent, {parent}, server(), 200);
  auto image = std::make_shared<Process>(*process(comm, exe, std::move(argv), above, 201));
  if (in_container) {
    image->container.emplace();
    image->container->id = std::string(64, 'c');
  }
  return exec(image);
}

/// `comm` opens a file.
Sample opened(const std::string& comm, const std::string& path, std::uint32_t access = AMBIT_ACCESS_READ) {
  auto sample = open(path, access);
  sample.judged.enriched.process = process(comm, "/usr/bin/" + comm, {comm}, server(), 202);
  return sample;
}

Sample connected(const std::string& comm, const char* address, std::uint16_t port, bool in_container = false) {
  auto sample = net(EventKind::connect, endpoint("10.0.0.2", 40000), endpoint(address, port));
  sample.judged.enriched.process =
      started(comm, "/usr/bin/" + comm, {comm}, "init", in_container).judged.enriched.process;
  return sample;
}

TEST_F(FalcoFile, LoadsWithoutWhatAmbitCannotKnow) {
  EXPECT_EQ(result_.set->rules().size(), 9U);
  for (const auto& diagnostic : result_.diagnostics) {
    EXPECT_TRUE(diagnostic.is_warning) << util::to_string(diagnostic);
    EXPECT_THAT(diagnostic.message, HasSubstr("'Image outside of the registry' is left out"));
    EXPECT_THAT(diagnostic.message, HasSubstr("container.image.repository"));
  }
  EXPECT_FALSE(result_.diagnostics.empty());
}

TEST_F(FalcoFile, ListsGrowAndHooksAreFilled) {
  EXPECT_THAT(fired(started("bash", "/usr/bin/bash", {"bash"}, "python3")), ElementsAre("Shell in a container"));
  EXPECT_THAT(fired(started("fish", "/usr/bin/fish", {"fish"}, "python3")), ElementsAre("Shell in a container"))
      << "appended to the list";
  EXPECT_THAT(fired(started("bash", "/usr/bin/bash", {"bash"}, "supervisord")), IsEmpty())
      << "by the macro put in its place";
  EXPECT_THAT(fired(started("bash", "/usr/bin/bash", {"bash"}, "zsh")), IsEmpty()) << "started by a shell";
  EXPECT_THAT(fired(started("bash", "/usr/bin/bash", {"bash"}, "python3", false)), IsEmpty()) << "container.id is host";
}

TEST_F(FalcoFile, ExceptionsGrowByTheirName) {
  EXPECT_THAT(fired(opened("cat", "/etc/shadow")), ElementsAre("Password file read"));
  EXPECT_THAT(fired(opened("sudo", "/etc/shadow")), IsEmpty()) << "a list in a list";
  EXPECT_THAT(fired(opened("my backup", "/etc/shadow")), IsEmpty()) << "an item with a blank";
  EXPECT_THAT(fired(opened("lynis", "/etc/shadow")), IsEmpty()) << "excepted by the base file";
  EXPECT_THAT(fired(opened("ossec", "/etc/gshadow")), IsEmpty()) << "excepted by the site";
  EXPECT_THAT(fired(opened("ossec", "/etc/shadow")), ElementsAre("Password file read"))
      << "excepted for the other file only";
  EXPECT_THAT(fired(opened("cat", "/etc/shadowed")), IsEmpty());
}

TEST_F(FalcoFile, EmptyExceptionIsASlotAndPriorityIsReplaced) {
  const auto write = [&](const std::string& comm, const std::string& path) {
    return fired(opened(comm, path, AMBIT_ACCESS_WRITE));
  };
  EXPECT_THAT(write("vim", "/etc/hosts"), ElementsAre("Write below etc"));
  EXPECT_THAT(write("dpkg", "/etc/hosts"), IsEmpty());
  EXPECT_THAT(write("editor", "/etc/a.conf"), IsEmpty()) << "the slot that the site filled";
  EXPECT_THAT(write("editor", "/etc/a"), ElementsAre("Write below etc"));
  EXPECT_THAT(write("vim", "/etcetera"), IsEmpty());
  for (const auto& rule : result_.set->rules()) {
    if (rule.info->name == "Write below etc") {
      EXPECT_EQ(rule.priority, "warning");
    }
  }
}

TEST_F(FalcoFile, ConnectionsAreKnownByTheirServer) {
  EXPECT_THAT(fired(connected("curl", "169.254.169.254", 80, true)), ElementsAre("Metadata service from a container"));
  EXPECT_THAT(fired(connected("curl", "169.254.169.254", 80)), IsEmpty()) << "on the host";
  EXPECT_THAT(fired(connected("x", "192.0.2.1", 4444)), ElementsAre("Connection to an odd port"));
  EXPECT_THAT(fired(connected("x", "127.0.0.1", 4444)), IsEmpty()) << "in the network that is left out";
  EXPECT_THAT(fired(connected("ircd", "192.0.2.1", 6667)), IsEmpty()) << "appended to the condition";
}

TEST_F(FalcoFile, TheRestFiresAndStaysSilent) {
  EXPECT_THAT(fired(started("x", "/tmp/x", {"/tmp/x"}, "python3")), ElementsAre("Program from a temporary folder"));
  EXPECT_THAT(fired(started("x", "/tmpx/x", {"/tmpx/x"}, "python3")), IsEmpty());
  EXPECT_THAT(fired(names(EventKind::unlink, "/var/log/auth.log")), ElementsAre("Log removed"));
  EXPECT_THAT(fired(names(EventKind::unlink, "/var/log/auth.log", "", -13)), IsEmpty());
  EXPECT_THAT(fired(started("grep", "/usr/bin/grep", {"grep", "-r", "BEGIN RSA PRIVATE", "/"}, "python3")),
              ElementsAre("Search for keys"));
  EXPECT_THAT(fired(started("grep", "/usr/bin/grep", {"grep", "-r", "BEGIN CERTIFICATE", "/"}, "python3")), IsEmpty());
}

TEST_F(FalcoFile, DisabledByTheSite) {
  auto attach = of_kind(EventKind::ptrace);
  PtraceFacts facts;
  facts.request = 16;
  facts.target = {77, 9};
  attach.event->facts = facts;
  EXPECT_THAT(fired(attach), IsEmpty());
  for (const auto& rule : result_.set->rules()) EXPECT_EQ(rule.is_enabled, rule.info->name != "Debugger attached");
}

}  // namespace
}  // namespace ambit::engine
