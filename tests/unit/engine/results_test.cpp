// SPDX-License-Identifier: Apache-2.0
// What rules are answered that ask how an act ended, and what is said of rules that ask in vain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/render.h"
#include "rule_faults.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers
using testing::HasSubstr;
using testing::Not;

std::string rule(const std::string& condition) {
  return "- rule: r\n  desc: d\n  condition: " + condition + "\n  output: o\n  priority: warning\n";
}

bool fires(const std::string& condition, const JudgedEvent& event) {
  const auto result = compile(rule(condition));
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  std::vector<Match> matches;
  if (result.set) result.set->evaluate(event, matches);
  return !matches.empty();
}

std::string told(const std::string& condition) {
  return util::to_string(compile(rule(condition)).diagnostics);
}

/// As the hooks of the control group tell it: before the act.
Sample tried(EventKind kind, std::uint16_t type = SOCK_STREAM) {
  auto event = net(kind, {}, endpoint("192.0.2.7", 443), AF_INET, type);
  event.event->hook = AMBIT_HOOK_CGROUP_ADDR;
  return event;
}

/// The stock macro of Falco.
constexpr const char* kOutbound =
    "((evt.type = connect or (evt.type in (sendto, sendmsg) and fd.l4proto != tcp and fd.connected = false and "
    "fd.name_changed = true)) and fd.typechar in (4, 6) and fd.ip != 0.0.0.0 and fd.net != 127.0.0.0/8 and "
    "(evt.rawres >= 0 or evt.res = EINPROGRESS))";

TEST(ResultOfAttempt, AConnectThatIsToldBeforeItsEndIsInProgress) {
  const auto event = tried(EventKind::connect);
  EXPECT_TRUE(fires(kOutbound, event));
  EXPECT_TRUE(fires("evt.type = connect and evt.res = EINPROGRESS and evt.rawres = -115", event));
  EXPECT_TRUE(fires("evt.type = connect and evt.failed = false and fd.connected = false", event));
  EXPECT_FALSE(fires("evt.type = connect and (evt.res = SUCCESS or evt.rawres >= 0 or evt.failed = true)", event));
  EXPECT_FALSE(fires("evt.type = connect and fd.connected = true", event));
  EXPECT_FALSE(event_json(event).contains("result")) << "it is not known";
}

TEST(ResultOfAttempt, AConnectThatIsToldByItsCallHasItsEnd) {
  auto event = unix_connect("/run/x.sock");
  event.event->hook = AMBIT_HOOK_TP_BTF_SYS_EXIT;
  EXPECT_TRUE(fires("evt.type = connect and evt.res = SUCCESS and fd.connected = true", event));
  std::get<NetFacts>(event.event->facts).ret = -13;
  EXPECT_TRUE(fires("evt.type = connect and evt.res = EACCES and evt.failed = true and fd.connected = false", event));
  EXPECT_FALSE(fires("evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)", event));
}

TEST(ResultOfAttempt, ConnectResultTellsTheEnd) {
  auto event = net(EventKind::connect_result, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  EXPECT_TRUE(fires("evt.type = connect_result and evt.res = SUCCESS and fd.connected = true", event));
  std::get<NetFacts>(event.event->facts).ret = -111;
  EXPECT_TRUE(fires("evt.type = connect_result and evt.res = ECONNREFUSED and fd.connected = false", event));
  EXPECT_FALSE(fires("evt.type = connect_result and evt.failed = false", event));
}

TEST(ResultOfAttempt, ADatagramIsTakenToBeSent) {
  const auto event = tried(EventKind::send, SOCK_DGRAM);
  EXPECT_TRUE(fires(kOutbound, event));
  EXPECT_TRUE(fires("evt.type = sendto and evt.rawres >= 0 and evt.failed = false", event));
  EXPECT_FALSE(fires("evt.type = sendto and (evt.failed = true or fd.connected = true)", event));
  EXPECT_FALSE(event_json(event).contains("result")) << "it is not known";
}

TEST(ResultOfAttempt, ARuleThatNeedsTheEndOfAConnectIsWarnedAbout) {
  for (const auto* condition :
       {"evt.type = connect and evt.rawres >= 0", "evt.type in (open, connect) and evt.res = SUCCESS",
        "evt.type = connect and fd.connected = true", "evt.type = connect and evt.failed = true"}) {
    EXPECT_THAT(told(condition), HasSubstr("rules.yaml:3:14: warning: rule 'r' asks how a connect ended")) << condition;
  }
  for (const auto* condition :
       {kOutbound, "evt.type = connect and evt.failed = false", "evt.type = connect_result and evt.rawres >= 0",
        "evt.type = connect and (evt.rawres >= 0 or fd.sport = 80)", "evt.type = accept and evt.rawres >= 0"}) {
    EXPECT_EQ(told(condition), "") << condition;
  }
}

TEST(ResultOfDone, KindsThatTellSuccessOnlyAnswerIt) {
  for (const auto kind : {EventKind::exec, EventKind::fork, EventKind::cred, EventKind::cgroup_attach, EventKind::copy,
                          EventKind::io_uring, EventKind::mmap}) {
    auto event = of_kind(kind);
    if (kind == EventKind::mmap) event.event->facts = OpenFacts{};
    const auto type = "evt.type = " + std::string(name_of(kind));
    EXPECT_TRUE(fires(type + " and evt.res = SUCCESS and evt.rawres = 0 and evt.failed = false", event)) << type;
    EXPECT_FALSE(fires(type + " and (evt.rawres < 0 or evt.failed = true)", event)) << type;
  }
  EXPECT_TRUE(fires("evt.type in (execve, setuid, setns, unlink, open) and evt.rawres >= 0 and user.uid = 1000",
                    exec(server())));
}

TEST(ResultOfDone, AMappingThatAHookTellsBeforehandHasNone) {
  auto event = of_kind(EventKind::mmap);
  event.event->facts = OpenFacts{};
  event.event->hook = AMBIT_HOOK_LSM;
  EXPECT_FALSE(fires("evt.type = mmap and evt.res exists", event));
  EXPECT_FALSE(fires("evt.type = mmap and evt.failed exists", event));
}

TEST(NamedKinds, ThatLackAFieldAreToldWithIt) {
  EXPECT_THAT(
      told("evt.type in (open, exec, exit) and fd.num >= 0"),
      HasSubstr("rules.yaml:3:14: warning: rule 'r' can never fire for some of the events it names: exec has no "
                "fd.num; exit has no fd.num"));
  EXPECT_THAT(told("(evt.type = open and fd.num >= 0) or (evt.type = exec and fd.num >= 0)"),
              HasSubstr("exec has no fd.num"));
  EXPECT_THAT(told("evt.type in (open, exec) and basename(fd.name) = x"), HasSubstr("exec has no basename(fd.name)"));
  EXPECT_THAT(told("evt.type = exec and fd.num >= 0"),
              HasSubstr("error: rule 'r' can never fire: no kind of event has all the fields it asks for (exec has no "
                        "fd.num)"));
}

TEST(NamedKinds, ThatMayFireOrArePartedAreNotToldOf) {
  for (const auto* condition :
       {"evt.type in (open, exec) and (fd.num >= 0 or proc.name = x)", "evt.type in (open, exec) and not fd.num >= 0",
        "evt.type != exec and evt.type in (open, exec) and fd.num >= 0",
        "evt.type in (open, chmod, unlink) and (evt.type = unlink or evt.is_open_trunc = true)"}) {
    EXPECT_THAT(told(condition), Not(HasSubstr("never fire"))) << condition;
  }
}

}  // namespace
}  // namespace ambit::engine
