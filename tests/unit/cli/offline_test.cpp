// SPDX-License-Identifier: Apache-2.0
// Commands that need no daemon: their exit codes and what they say of bad input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli_run.h"
#include "engine/fields.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using test::run;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kGoodScope = R"(apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: chat}
spec:
  owner: {team: ml}
  select: {systemdUnit: llama.service}
  files: {read: ["/srv/**"]}
)";

constexpr const char* kGoodRule = R"(- rule: Shell
  id: TST-1
  desc: A shell was started.
  condition: evt.type = exec and proc.name = sh
  output: "%proc.name"
  priority: warning
  examples:
    fires:
      - {evt.type: exec, proc.name: sh}
    silent:
      - {evt.type: exec, proc.name: ls}
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  return at == std::string::npos ? "no '" + what + "' in the sample" : text.replace(at, what.size(), by);
}

struct Usage {
  const char* description;
  std::vector<std::string> arguments;
  int code;
};

TEST(Cli, EndsByTheDocumentedCodes) {
  const Usage cases[] = {
      {"help", {"--help"}, kFine},
      {"help of a subcommand", {"rules", "check", "--help"}, kFine},
      {"no subcommand", {}, kUsage},
      {"unknown subcommand", {"frobnicate"}, kUsage},
      {"unknown option", {"status", "--frobnicate"}, kUsage},
      {"group without a subcommand", {"rules"}, kUsage},
      {"missing argument", {"explain"}, kUsage},
      {"configuration that is missing", {"--config", "/nonexistent.yaml", "status"}, kUsage},
      {"version", {"version"}, kFine},
      {"option before the subcommand", {"--json", "version"}, kFine},
      {"option after the subcommand", {"version", "--json"}, kFine},
  };
  for (const auto& c : cases) EXPECT_EQ(run(c.arguments).code, c.code) << c.description;
}

TEST(Cli, PrintsTheVersion) {
  EXPECT_THAT(run({"version"}).out, HasSubstr("ambit " AMBIT_VERSION));
  EXPECT_EQ(nlohmann::json::parse(run({"version", "--json"}).out)["version"], AMBIT_VERSION);
}

TEST(Cli, NamesFileLineAndNearestKeyOfABadConfiguration) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("ambit.yaml", "http:\n  prot: 1\n");
  const auto r = run({"--config", file, "status"});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, AllOf(HasSubstr(file + ":2"), HasSubstr("did you mean 'port'")));
}

TEST(ScopeCheck, AcceptsAGoodScope) {
  const ambit::test::TempDir dir;
  const auto r = run({"scope", "check", dir.write("chat.yaml", kGoodScope)});
  EXPECT_EQ(r.code, kFine) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("chat"), HasSubstr("1 scope is fine")));
}

TEST(ScopeCheck, NamesFileLineAndNearestKey) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("chat.yaml", replaced(kGoodScope, "owner", "ownr"));
  const auto r = run({"scope", "check", file});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, AllOf(HasSubstr(file + ":5"), HasSubstr("did you mean 'owner'")));
  EXPECT_THAT(r.out, Not(HasSubstr("fine")));
}

TEST(ScopeCheck, RefusesBadScopes) {
  const ambit::test::TempDir dir;
  const auto relative = dir.write("relative.yaml", replaced(kGoodScope, "/srv/**", "srv/**"));
  EXPECT_EQ(run({"scope", "check", relative}).code, kUsage);
  const auto one = dir.write("twins/one.yaml", kGoodScope);
  const auto two = dir.write("twins/two.yaml", replaced(kGoodScope, "chat", "other"));
  const auto twins = run({"scope", "check", dir.path("twins")});
  EXPECT_EQ(twins.code, kUsage);
  EXPECT_THAT(twins.err, HasSubstr("two.yaml"));
  EXPECT_EQ(run({"scope", "check", "/nonexistent"}).code, kUsage);
}

TEST(ScopeCheck, GivesDiagnosticsAsJson) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("chat.yaml", replaced(kGoodScope, "owner", "ownr"));
  const auto r = run({"scope", "check", "--json", file});
  EXPECT_EQ(r.code, kUsage);
  const auto j = nlohmann::json::parse(r.out);
  EXPECT_EQ(j["ok"], false);
  EXPECT_EQ(j["diagnostics"][0]["file"], file);
  EXPECT_EQ(j["diagnostics"][0]["line"], 5);
}

TEST(RulesCheck, AcceptsGoodRulesAndTheBuiltInOnes) {
  const ambit::test::TempDir dir;
  const auto r = run({"rules", "check", dir.write("r.yaml", kGoodRule)});
  EXPECT_EQ(r.code, kFine) << r.err;
  EXPECT_THAT(r.out, HasSubstr("1 rule is fine"));
  const auto config = dir.write("empty.yaml", "");
  const auto built_in = run({"--config", config, "rules", "check"});
  EXPECT_EQ(built_in.code, kFine) << built_in.err;
}

TEST(RulesCheck, RefusesBadRules) {
  struct Case {
    const char* description;
    std::string text;
    const char* line;
    const char* message;
  };
  const Case cases[] = {
      {"unknown field", replaced(kGoodRule, "proc.name = sh", "proc.nam = sh"), ":4", "proc.name"},
      {"unclosed parenthesis", replaced(kGoodRule, "condition: evt", "condition: (evt"), ":4", "never closed"},
      {"unknown key", replaced(kGoodRule, "priority", "prioriti"), ":6", "priority"},
      {"macro cycle",
       "- macro: a\n  condition: b\n- macro: b\n  condition: a\n" + replaced(kGoodRule, "proc.name = sh", "a"),
       "r.yaml:", "a"},
      {"no YAML", "- rule: [\n", "r.yaml:", "YAML"},
  };
  for (const auto& c : cases) {
    const ambit::test::TempDir dir;
    const auto r = run({"rules", "check", dir.write("r.yaml", c.text)});
    EXPECT_EQ(r.code, kUsage) << c.description;
    EXPECT_THAT(r.err, AllOf(HasSubstr(c.line), HasSubstr(c.message))) << c.description;
  }
}

TEST(RulesCheck, NamesTheConfigurationLineOfAMissingFolder) {
  const ambit::test::TempDir dir;
  const auto config = dir.write("ambit.yaml", "\nrules:\n  paths: [/nonexistent/rules]\n");
  const auto r = run({"--config", config, "rules", "check"});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, AllOf(HasSubstr(config + ":3"), HasSubstr("/nonexistent/rules")));
}

TEST(RulesTest, PassesWhenExamplesComeOutAsDeclared) {
  const ambit::test::TempDir dir;
  const auto r = run({"rules", "test", dir.write("r.yaml", kGoodRule)});
  EXPECT_EQ(r.code, kFine) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("2 examples: all as they should be"));
}

TEST(RulesTest, FindsAnExampleThatDoesNot) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("r.yaml", replaced(kGoodRule, "proc.name: ls", "proc.name: sh"));
  const auto r = run({"rules", "test", file});
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.out, AllOf(HasSubstr("FAIL"), HasSubstr("should stay silent and fires")));
  const auto j = nlohmann::json::parse(run({"rules", "test", "--json", file}).out);
  EXPECT_EQ(j["ok"], false);
}

TEST(RulesShow, PrintsARuleWithItsText) {
  const auto r = run({"rules", "show", "AMB-1113"});
  EXPECT_EQ(r.code, kFine);
  EXPECT_THAT(r.out,
              AllOf(HasSubstr("AMB-1113 Git repository read by the workload"), HasSubstr("T1213.003 Code Repositories"),
                    HasSubstr("\n- rule: Git repository read by the workload\n")));
  EXPECT_EQ(run({"rules", "show", "Git repository read by the workload"}).out, r.out);
  const auto json = nlohmann::json::parse(run({"rules", "show", "AMB-1113", "--json"}).out);
  EXPECT_EQ(json["id"], "AMB-1113");
  EXPECT_THAT(json["source"].get<std::string>(), HasSubstr("git_object"));
  EXPECT_THAT(json["source"].get<std::string>(), Not(HasSubstr("- macro")));
}

TEST(RulesShow, NamesTheNearestRule) {
  const auto r = run({"rules", "show", "AMB-111"});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, HasSubstr("no rule 'AMB-111'; did you mean 'AMB-1"));
}

TEST(RulesList, ListsRulesAndFields) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("r.yaml", kGoodRule);
  const auto r = run({"rules", "list", file});
  EXPECT_EQ(r.code, kFine);
  EXPECT_THAT(r.out, AllOf(HasSubstr("TST-1"), HasSubstr("Shell"), HasSubstr("exec")));
  EXPECT_EQ(nlohmann::json::parse(run({"rules", "list", "--json", file}).out)[0]["id"], "TST-1");
  EXPECT_THAT(run({"rules", "fields"}).out, HasSubstr("proc.name"));
}

TEST(RulesFields, PageIsWhatTheCommandWrites) {
  std::ifstream in(std::string(AMBIT_SOURCE_DIR) + "/rules/fields.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(page, "# Fields of the rule language\n\nWritten by `ambit rules fields --markdown`.\n\n" +
                      run({"rules", "fields", "--markdown"}).out);
}

TEST(RulesFields, JsonHasFieldsRefusalsAndNamesOfEvents) {
  const auto all = nlohmann::json::parse(run({"rules", "fields", "--json"}).out);
  EXPECT_EQ(all["fields"].size(), engine::fields().size());
  EXPECT_EQ(all["refused"].size(), engine::refused_fields().size());
  EXPECT_EQ(all["event_names"].size(), engine::event_names().size());
}

TEST(Cli, WritesNoColourCodesIntoAPipe) {
  EXPECT_THAT(run({"rules", "fields"}).out, Not(HasSubstr("\x1b[")));
}

}  // namespace
}  // namespace ambit::cli
