// SPDX-License-Identifier: Apache-2.0
// Completion scripts, asked by real shells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli_run.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using test::run;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

struct Ran {
  int status = 0;
  std::string out;
};

Ran shell(const std::string& command) {
  Ran ran;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                             [](std::FILE*) { return 0; });
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) ran.out += buffer.data();
  ran.status = ::pclose(pipe.get());
  return ran;
}

/// What bash offers for the last of these words.
class BashCompletion : public testing::Test {
 protected:
  std::vector<std::string> offered(const std::vector<std::string>& words) const {
    std::string command =
        "cd " + dir_.path() +
        " && bash -c 'ambit() { printf \"    \\\"id\\\": \\\"AMB-1001\\\",\\n\"; }; . ./ambit.bash; "
        "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ambit; printf \"%s\\n\" \"${COMPREPLY[@]}\"' bash";
    for (const auto& word : words) command += " '" + word + "'";
    std::vector<std::string> out;
    std::istringstream lines(shell(command).out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) out.push_back(line);
    }
    return out;
  }

  void SetUp() override {
    const auto r = run({"completion", "bash"});
    ASSERT_EQ(r.code, kFine);
    dir_.write("ambit.bash", r.out);
    dir_.write("my-rules.yaml", "");
  }

  ambit::test::TempDir dir_;
};

TEST_F(BashCompletion, OffersSubcommands) {
  EXPECT_THAT(offered({"ambit", ""}), IsSupersetOf({"rules", "scope", "doctor", "completion"}));
  EXPECT_THAT(offered({"ambit", "do"}), UnorderedElementsAre("doctor"));
  EXPECT_THAT(offered({"ambit", "rules", ""}), IsSupersetOf({"check", "test", "list", "fmt", "coverage"}));
  EXPECT_THAT(offered({"ambit", "rules", "cov"}), UnorderedElementsAre("coverage"));
}

TEST_F(BashCompletion, KnowsWhereItIsBehindOptionsAndTheirValues) {
  EXPECT_THAT(offered({"ambit", "--json", "--config", "rules", "sco"}), UnorderedElementsAre("scope"));
  EXPECT_THAT(offered({"ambit", "rules", "--json", "cov"}), UnorderedElementsAre("coverage"));
}

TEST_F(BashCompletion, OffersOptionsOfTheSubcommandAndOfTheProgram) {
  EXPECT_THAT(offered({"ambit", "rules", "fmt", "--"}), IsSupersetOf({"--check", "--json", "--config"}));
  EXPECT_THAT(offered({"ambit", "rules", "list", "--"}), Not(Contains("--check")));
}

TEST_F(BashCompletion, OffersFilesWhereFilesAreMeant) {
  EXPECT_THAT(offered({"ambit", "rules", "check", "my"}), UnorderedElementsAre("my-rules.yaml"));
  EXPECT_THAT(offered({"ambit", "--config", "my"}), UnorderedElementsAre("my-rules.yaml"));
  EXPECT_THAT(offered({"ambit", "status", "my"}), IsEmpty());
}

TEST_F(BashCompletion, OffersChoicesAndRules) {
  EXPECT_THAT(offered({"ambit", "completion", ""}), UnorderedElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(offered({"ambit", "rules", "show", "AMB"}), UnorderedElementsAre("AMB-1001"));
}

TEST_F(BashCompletion, OffersNothingForWhatIsUnknown) {
  EXPECT_THAT(offered({"ambit", "frobnicate-me"}), IsEmpty());
  EXPECT_EQ(run({"completion", "tcsh"}).code, kUsage);
}

Command add_hidden(CLI::App& app, Context& /*context*/) {
  auto* command = app.add_subcommand("not-for-people", "Started by programs")->group("");
  return {[] { return kFine; }, command};
}

TEST(Completion, HidesWhatHelpHides) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const char* const arguments[] = {"ambit", "completion", shell};
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run_cli(3, arguments, {{add_hidden}, {}}), kFine);
    const auto script = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(script.find("not-for-people"), std::string::npos) << shell;
    EXPECT_NE(script.find("doctor"), std::string::npos) << shell;
  }
}

/// The other shells read their scripts without complaint, where they are installed.
class OtherShells : public testing::TestWithParam<const char*> {};

TEST_P(OtherShells, ReadTheirScript) {
  const std::string name = GetParam();
  if (shell("command -v " + name).status != 0) GTEST_SKIP() << name << " is not installed";
  const ambit::test::TempDir dir;
  const auto file = dir.write("script", run({"completion", name}).out);
  const auto ran = shell(name + " -n " + file);
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_EQ(ran.out, "");
}

TEST(FishCompletion, OffersWhatFits) {
  if (shell("command -v fish").status != 0) GTEST_SKIP() << "fish is not installed";
  const ambit::test::TempDir dir;
  const auto file = dir.write("ambit.fish", run({"completion", "fish"}).out);
  const auto ran =
      shell("fish -c 'source " + file + "; complete -C \"ambit rules cov\"; complete -C \"ambit completion f\"'");
  EXPECT_THAT(ran.out, testing::StartsWith("coverage\t"));
  EXPECT_THAT(ran.out, testing::EndsWith("\nfish\n"));
}

INSTANTIATE_TEST_SUITE_P(All, OtherShells, testing::Values("bash", "zsh", "fish"));

}  // namespace
}  // namespace ambit::cli
