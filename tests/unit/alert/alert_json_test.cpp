// SPDX-License-Identifier: Apache-2.0
#include "alert/alert_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "builders.h"

namespace ambit::alert {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AlertJson, SaysEverythingThatAnAlertCarries) {
  const auto json = nlohmann::json::parse(alert_json(test::an_alert()));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["time"], "2026-09-21T14:13:20.123456789Z");
  EXPECT_EQ(json["rule"]["id"], "AMB-1001");
  EXPECT_EQ(json["rule"]["frameworks"]["attack"][0], "T1005");
  EXPECT_EQ(json["severity"], "high");
  EXPECT_EQ(json["workload"]["name"], "chat-llama");
  EXPECT_EQ(json["workload"]["owner_team"], "ml");
  EXPECT_EQ(json["workload"]["scope_hash"], std::string(64, 'a'));
  EXPECT_EQ(json["verdict"]["outcome"], "out_of_scope");
  EXPECT_EQ(json["verdict"]["grant"], "models.gemma.read");
  EXPECT_EQ(json["process"]["key"], "4711:500000004711");
  EXPECT_EQ(json["ancestors"][0]["exe"], "/usr/bin/bash");
  EXPECT_EQ(json["object"]["path"], "/srv/models/m.gguf");
  EXPECT_EQ(json["object"]["ino"], 4242);
  EXPECT_EQ(json["evidence"]["hook"], "tp_btf/sys_exit");
  EXPECT_EQ(json["evidence"]["quality"][0], "protected");
  EXPECT_EQ(json["context"]["losses_total"], 7);
  EXPECT_EQ(json["context"]["blind_signals"][0], "bpf");
}

TEST(AlertJson, TellsWhatLedToACorrelation) {
  Alert alert = test::an_alert();
  auto trail = std::make_shared<Trail>();
  trail->steps.push_back({test::kBoot - std::chrono::seconds(2),
                          EventKind::accept,
                          test::a_rule("T-1"),
                          {42, 7},
                          "/usr/bin/server",
                          "10.0.0.1:80->10.0.0.2:5000"});
  trail->steps.push_back({test::kBoot, EventKind::exec, test::a_rule("T-2"), {}, "", "/bin/sh"});
  trail->more = 3;
  alert.trail = trail;
  const auto line = alert_json(alert);
  const auto json = nlohmann::json::parse(line);
  ASSERT_EQ(json["trail"].size(), 2U);
  EXPECT_EQ(json["trail"][0]["time_ns"], json["time_ns"].get<std::int64_t>() - 2'000'000'000);
  EXPECT_EQ(json["trail"][0]["rule"], "T-1");
  EXPECT_EQ(json["trail"][0]["event"], "accept");
  EXPECT_EQ(json["trail"][0]["key"], "42:7");
  EXPECT_EQ(json["trail"][0]["exe"], "/usr/bin/server");
  EXPECT_FALSE(json["trail"][1].contains("pid"));
  EXPECT_EQ(json["trail"][1]["object"], "/bin/sh");
  EXPECT_EQ(json["trail_more"], 3);
  const auto text = explain_text(line);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("led to by  3 earlier events"));
  EXPECT_THAT(*text, HasSubstr("-2.000 s T-1 accept 10.0.0.1:80->10.0.0.2:5000 by /usr/bin/server [42]"));
  EXPECT_FALSE(nlohmann::json::parse(alert_json(test::an_alert())).contains("trail"));
}

TEST(AlertJson, IsOneLineWhateverNamesHold) {
  Alert alert = test::an_alert();
  alert.object.path = "/tmp/a\nb\x1b[31m\xff\xc3";
  const std::string line = alert_json(alert);
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_EQ(nlohmann::json::parse(line)["object"]["path"], "/tmp/a\nb\x1b[31m\\xff\\xc3");
}

TEST(AlertJson, WorksForAnAlertOfNobody) {
  Alert alert;
  alert.id = "X";
  alert.rule = test::a_rule();
  alert.object.kind = "loss";
  const auto json = nlohmann::json::parse(alert_json(alert));
  EXPECT_FALSE(json.contains("workload"));
  EXPECT_FALSE(json.contains("process"));
}

TEST(ExplainText, TellsWhoDidWhatToWhom) {
  const auto text = explain_text(alert_json(test::an_alert()));
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("high AMB-1001"));
  EXPECT_THAT(*text, HasSubstr("chat-llama (by a process outside it)"));
  EXPECT_THAT(*text, HasSubstr("/usr/bin/cat [4711] user model: cat --fast"));
  EXPECT_THAT(*text, HasSubstr("/usr/bin/bash [4700]"));
  EXPECT_THAT(*text, HasSubstr("nearest grant models.gemma.read: reader is not the workload"));
  EXPECT_THAT(*text, HasSubstr("T1005"));
}

TEST(ExplainText, EscapesWhatCouldMoveTheCursor) {
  Alert alert = test::an_alert();
  alert.object.path = "/tmp/a\nb\x1b[31m\xc2\x9b";
  const auto text = explain_text(alert_json(alert));
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, HasSubstr("/tmp/a\\x0ab\\x1b[31m\\xc2\\x9b"));
}

TEST(ExplainText, RefusesWhatIsNoAlert) {
  EXPECT_FALSE(explain_text("{").ok());
  EXPECT_FALSE(explain_text("[]").ok());
}

TEST(Printable, KeepsTextAndEscapesControls) {
  EXPECT_EQ(printable("modèle 模型 🙂"), "modèle 模型 🙂");
  EXPECT_EQ(printable("a\tb"), "a\\x09b");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "gpj"),
            "\\xe2\\x80\\xaegpj");                          // right-to-left override
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
}

TEST(Rfc3339, CutsTheFraction) {
  const WallTime time = test::kWall + std::chrono::nanoseconds(999'999'999);
  EXPECT_EQ(rfc3339(time, 6), "2026-09-21T14:13:20.999999Z");
  EXPECT_EQ(rfc3339(time, 0), "2026-09-21T14:13:20Z");
  EXPECT_EQ(rfc3339(WallTime(std::chrono::milliseconds(-1)), 3), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace ambit::alert
