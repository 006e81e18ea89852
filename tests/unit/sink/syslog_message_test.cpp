// SPDX-License-Identifier: Apache-2.0
#include "syslog_message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "alert/builders.h"

namespace ambit::sink {
namespace {

/// RFC 5424 read back, written from its grammar and not from our writer. Strict: nullopt on any deviation.
struct Parsed {
  int priority = -1;
  std::string time, host, app, process, message_id, sd_id, text;
  std::map<std::string, std::string> parameters;
};

bool is_word(const std::string& s, std::size_t max) {
  return !s.empty() && s.size() <= max && std::all_of(s.begin(), s.end(), [](char c) { return c > 32 && c < 127; });
}

std::optional<Parsed> parse(std::string s) {
  Parsed out;
  if (s.empty() || s[0] != '<') return {};
  const auto close = s.find('>');
  if (close == std::string::npos || close > 4 || s.substr(close, 3) != ">1 ") return {};
  out.priority = std::stoi(s.substr(1, close - 1));
  if (out.priority > 191) return {};
  s = s.substr(close + 3);
  for (auto [field, max] :
       {std::pair{&out.time, 32U}, {&out.host, 255U}, {&out.app, 48U}, {&out.process, 128U}, {&out.message_id, 32U}}) {
    const auto space = s.find(' ');
    if (space == std::string::npos) return {};
    *field = s.substr(0, space);
    if (!is_word(*field, max)) return {};
    s = s.substr(space + 1);
  }
  if (s.empty() || s[0] != '[') return {};
  std::size_t i = 1;
  while (i < s.size() && s[i] != ' ' && s[i] != ']') out.sd_id += s[i++];
  while (i < s.size() && s[i] == ' ') {
    std::string name, value;
    for (++i; i < s.size() && s[i] != '='; ++i) name += s[i];
    if (i + 1 >= s.size() || s[i + 1] != '"') return {};
    for (i += 2; i < s.size() && s[i] != '"'; ++i) {
      if (s[i] == ']') return {};  // must be escaped
      if (s[i] == '\\' && (s[i + 1] == '"' || s[i + 1] == '\\' || s[i + 1] == ']')) ++i;
      value += s[i];
    }
    ++i;
    out.parameters[name] = value;
  }
  if (i >= s.size() || s[i] != ']') return {};
  if (i + 1 < s.size()) {
    if (s[i + 1] != ' ') return {};
    out.text = s.substr(i + 2);
  }
  return out;
}

ledger::OutboxMessage a_message() {
  ledger::OutboxMessage m;
  m.alert_id = "01M60DN9E8000000000000TEST";
  m.severity = Severity::critical;
  m.rule = "AMB-1001";
  m.workload = "chat-llama";
  m.queued = test::kWall + std::chrono::nanoseconds(123'456'789);
  return m;
}

TEST(SyslogMessage, ReadsBackByTheGrammar) {
  const auto parsed = parse(syslog_message(a_message(), "{\"a\":1}", {}, "gpu-07"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->priority, 13 * 8 + 2);
  EXPECT_EQ(parsed->time, "2026-09-21T14:13:20.123456Z");
  EXPECT_EQ(parsed->host, "gpu-07");
  EXPECT_EQ(parsed->app, "ambit");
  EXPECT_EQ(parsed->message_id, "AMB-1001");
  EXPECT_EQ(parsed->sd_id, "ambit@32473");
  EXPECT_EQ(parsed->parameters.at("id"), "01M60DN9E8000000000000TEST");
  EXPECT_EQ(parsed->parameters.at("rule"), "AMB-1001");
  EXPECT_EQ(parsed->parameters.at("severity"), "critical");
  EXPECT_EQ(parsed->parameters.at("workload"), "chat-llama");
  EXPECT_EQ(parsed->text, "{\"a\":1}");
}

TEST(SyslogMessage, EscapesWhatEndsAValue) {
  ledger::OutboxMessage m = a_message();
  m.workload = R"(a"b\c]d)";
  const auto parsed = parse(syslog_message(m, "x", {}, "h"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->parameters.at("workload"), m.workload);
  EXPECT_EQ(parsed->text, "x");
}

TEST(SyslogMessage, KeepsHeaderFieldsWithinTheirGrammar) {
  ledger::OutboxMessage m = a_message();
  m.rule = "rule with spaces\n" + std::string(60, 'r');
  const auto parsed = parse(syslog_message(m, "x", {}, "host name \xc3\xa4"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->message_id.size(), 32U);
  EXPECT_EQ(parsed->host, "host_name___");
  m.rule.clear();
  EXPECT_EQ(parse(syslog_message(m, "x", {}, ""))->host, "-");
  EXPECT_EQ(parse(syslog_message(m, "x", {}, ""))->message_id, "-");
}

TEST(SyslogMessage, MapsEachSeverity) {
  ledger::OutboxMessage m = a_message();
  const std::array<std::pair<Severity, int>, 5> table = {
      {{Severity::info, 6}, {Severity::low, 5}, {Severity::medium, 4}, {Severity::high, 3}, {Severity::critical, 2}}};
  for (const auto& [severity, number] : table) {
    m.severity = severity;
    EXPECT_EQ(parse(syslog_message(m, "x", {}, "h"))->priority % 8, number) << name_of(severity);
  }
}

TEST(SyslogMessage, TakesNumberFacilityAndMarkFromTheSettings) {
  SyslogConfig config;
  config.facility = 16;
  config.enterprise_number = 99;
  config.byte_order_mark = true;
  const auto parsed = parse(syslog_message(a_message(), "x", config, "h"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->priority / 8, 16);
  EXPECT_EQ(parsed->sd_id, "ambit@99");
  EXPECT_EQ(parsed->text, "\xef\xbb\xbfx");
}

TEST(SyslogMessage, IsTheSameWhenSentAgain) {
  EXPECT_EQ(syslog_message(a_message(), "x", {}, "h"), syslog_message(a_message(), "x", {}, "h"));
}

TEST(OctetCounting, CountsOctetsNotCharacters) {
  EXPECT_EQ(octet_counted("\xc3\xa4"
                          "b"),
            "3 \xc3\xa4"
            "b");
}

}  // namespace
}  // namespace ambit::sink
