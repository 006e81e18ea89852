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

TEST(RulesTest, NamesRulesThatAreLeftOutAndNotTested) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("r.yaml", std::string(kGoodRule) + replaced(replaced(kGoodRule, "TST-1", "TST-2"),
                                                                          "rule: Shell", "source: aws\n  rule: Other"));
  const auto r = run({"rules", "test", file});
  EXPECT_EQ(r.code, kFine);
  EXPECT_THAT(r.out, AllOf(HasSubstr(file + ":12: rule 'Other' is left out and its examples are not run: Ambit has no"),
                           HasSubstr("1 rules, 2 examples, 1 left out: all as they should be")));
  EXPECT_EQ(nlohmann::json::parse(run({"rules", "test", "--json", file}).out)["left_out"][0]["rule"], "Other");
}

TEST(RulesTest, OfNothingIsNotGood) {
  const ambit::test::TempDir dir;
  dir.write("empty/x.txt", "");
  const auto r = run({"rules", "test", dir.path("empty")});
  EXPECT_EQ(r.code, kFinding);
  EXPECT_THAT(r.out, AllOf(HasSubstr("nothing was tested"), Not(HasSubstr("as they should be"))));
  EXPECT_EQ(run({"rules", "check", dir.path("empty")}).code, kFinding);
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

TEST(RulesShow, PrintsEveryItemThatMadeTheRule) {
  const ambit::test::TempDir dir;
  const auto base = dir.write("a.yaml", std::string("- rule: Shell\n  desc: replaced\n  condition: evt.type = open\n"
                                                    "  output: x\n  priority: info\n") +
                                            kGoodRule);
  const auto site = dir.write("b.yaml",
                              "# of the site\n- rule: Shell\n  append: true\n  condition: and proc.pid > 1\n\n# next\n"
                              "- list: l\n  items: [a]\n- rule: Shell\n  override: {tags: replace}\n  tags: [t]\n"
                              "---\n- rule: Shell\n  enabled: false\n");
  const auto items = nlohmann::json::parse(run({"rules", "show", "TST-1", base, site, "--json"}).out)["items"];
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0]["text"], kGoodRule);
  EXPECT_EQ(items[0]["line"], 6);
  EXPECT_EQ(items[1]["text"], "- rule: Shell\n  append: true\n  condition: and proc.pid > 1\n");
  EXPECT_EQ(items[1]["file"], site);
  EXPECT_EQ(items[2]["text"], "- rule: Shell\n  override: {tags: replace}\n  tags: [t]\n");
  EXPECT_EQ(items[3]["text"], "- rule: Shell\n  enabled: false\n");
  EXPECT_THAT(run({"rules", "show", "TST-1", base, site}).out,
              AllOf(HasSubstr(base + ":6\n"), HasSubstr(site + ":2\n"), HasSubstr(site + ":9\n"),
                    HasSubstr(site + ":13\n"), Not(HasSubstr("replaced")), Not(HasSubstr("# next"))));
}

TEST(RulesShow, EndsAnItemWhereItEndsHoweverItIsWritten) {
  const std::string other =
      "rule: Other\n    id: TST-2\n    desc: d\n    condition: evt.type = exec\n    output: x\n    priority: info\n";
  const std::pair<const char*, std::string> cases[] = {
      {"indented",
       "  - rule: One\n    id: TST-1\n    desc: d\n    condition: evt.type = exec and proc.name = a\n    output: x\n   "
       " priority: info\n"},
      {"a dash alone",
       "  -\n    rule: One\n    id: TST-1\n    desc: d\n    condition: evt.type = exec and proc.name = a\n    output: "
       "x\n    priority: info\n"},
      {"flow style",
       "  - {rule: One, id: TST-1, desc: d, condition: evt.type = exec and proc.name = a, output: x, priority: "
       "info}\n"},
  };
  for (const auto& [what, item] : cases) {
    const ambit::test::TempDir dir;
    const auto file = dir.write("r.yaml", item + "  # of the other\n  - " + other);
    EXPECT_EQ(nlohmann::json::parse(run({"rules", "show", "TST-1", file, "--json"}).out)["source"], item) << what;
    EXPECT_EQ(nlohmann::json::parse(run({"rules", "show", "TST-2", file, "--json"}).out)["source"], "  - " + other);
  }
}

TEST(RulesShow, NamesTheNearestRule) {
  const auto r = run({"rules", "show", "AMB-111"});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, HasSubstr("no rule 'AMB-111'; did you mean 'AMB-1"));
}

TEST(RuleOptions, ComeFromTheConfigurationAndTheCommandLineGoesBefore) {
  const ambit::test::TempDir dir;
  const auto file = dir.write("r.yaml", kGoodRule);
  const auto config = dir.write("ambit.yaml", "rules: {paths: [" + file + "], minimum_priority: error}\n");
  EXPECT_THAT(run({"--config", config, "rules", "list"}).out, Not(HasSubstr("TST-1")));
  EXPECT_THAT(run({"--config", config, "rules", "list", "--minimum-priority", "warning"}).out, HasSubstr("TST-1"));
  EXPECT_THAT(run({"--config", config, "rules", "list", file}).out, HasSubstr("TST-1")) << "named: not configured";
  EXPECT_THAT(run({"rules", "list", file, "--minimum-priority", "error"}).out, Not(HasSubstr("TST-1")));
  EXPECT_EQ(run({"rules", "list", "--minimum-priority", "warn"}).code, kUsage);
  EXPECT_EQ(run({"rules", "check", "--matching", "some"}).code, kUsage);
}

TEST(RuleOptions, SecondRulesAreNeverReportedWhereTheFirstHolds) {
  const ambit::test::TempDir dir;
  const auto file = dir.write(
      "r.yaml", std::string(kGoodRule) + replaced(replaced(kGoodRule, "TST-1", "TST-2"), "rule: Shell", "rule: Other"));
  EXPECT_THAT(run({"rules", "check", file, "--matching", "first"}).err, HasSubstr("never reported"));
  EXPECT_THAT(run({"rules", "check", file, "--matching", "all"}).err, HasSubstr("one event is reported twice"));
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

TEST(Cli, FaultsAreJsonWhereJsonIsAskedFor) {
  const ambit::test::TempDir dir;
  const auto bad = dir.write("r.yaml", replaced(kGoodRule, "proc.name = sh", "proc.nam = sh"));
  const std::vector<std::string> commands[] = {
      {"rules", "list", bad},     {"rules", "show", "TST-1", bad}, {"rules", "explain", "TST-1", bad},
      {"rules", "coverage", bad}, {"rules", "test", bad},          {"rules", "check", bad},
      {"rules", "show", "TST-1"},
  };
  for (auto arguments : commands) {
    arguments.push_back("--json");
    const auto r = run(arguments);
    EXPECT_EQ(r.code, kUsage) << arguments[1];
    const auto told = nlohmann::json::parse(r.out, nullptr, false);
    ASSERT_FALSE(told.is_discarded()) << arguments[1] << r.out;
    EXPECT_EQ(told["ok"], false);
    EXPECT_FALSE(told["diagnostics"].empty()) << arguments[1];
    EXPECT_EQ(r.err, "") << arguments[1];
  }
}

TEST(Cli, WritesNoColourCodesIntoAPipe) {
  EXPECT_THAT(run({"rules", "fields"}).out, Not(HasSubstr("\x1b[")));
}

}  // namespace
}  // namespace ambit::cli
