// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <gmock/gmock.h>

#include <set>

#include "ambit/abi/record.h"
#include "call_table.h"

namespace ambit::kernel {
namespace {

const SignalState& signal(const std::vector<SignalState>& plan, std::string_view name) {
  static const SignalState none;
  for (const auto& state : plan) {
    if (state.signal == name) return state;
  }
  ADD_FAILURE() << name;
  return none;
}

TEST(Plan, AllSignalsAreActiveWhereNothingIsRefused) {
  for (const auto& state : resolve_plan({}, {})) {
    EXPECT_EQ(state.state, HookState::active) << state.signal;
    EXPECT_EQ(state.detail, "") << state.signal;
  }
}

TEST(Plan, EverySignalAppearsOnce) {
  std::set<std::string> names;
  for (const auto& state : resolve_plan({}, {})) EXPECT_TRUE(names.insert(state.signal).second) << state.signal;
}

TEST(Plan, EveryProgramOfACandidateIsKnown) {
  for (const auto& candidate : candidates()) {
    for (const auto name : candidate.programs) EXPECT_NE(find_program(name), nullptr) << name;
  }
}

TEST(Plan, RefusedProgramTurnsItsSignalsToRefusedAndLeavesTheOthers) {
  const Refusals refusals = {{"call__ptrace", {HookState::refused, "load call__ptrace: EINVAL"}}};
  const auto plan = resolve_plan(refusals, {});
  EXPECT_EQ(signal(plan, "ptrace").state, HookState::refused);
  EXPECT_EQ(signal(plan, "ptrace").detail, "load call__ptrace: EINVAL");
  EXPECT_EQ(signal(plan, "open").state, HookState::active);
}

TEST(Plan, MissingHookFallsBackAndSaysWhatWasPassedOver) {
  const Refusals refusals = {{"cgroup__connect_unix", {HookState::missing, "no such hook"}}};
  const auto plan = resolve_plan(refusals, {});
  EXPECT_EQ(signal(plan, "connect_unix").state, HookState::active);
  EXPECT_EQ(signal(plan, "connect_unix").hook, "tp_btf/sys_exit");
  EXPECT_THAT(signal(plan, "connect_unix").detail, testing::HasSubstr("no such hook"));
}

TEST(Plan, StarDeniesAFamilyOfHooksAndNoOther) {
  const std::vector<std::string> denied = {"cgroup/*"};
  const auto plan = resolve_plan(denied_programs(denied), denied);
  for (const char* name : {"connect", "send", "bind"}) EXPECT_EQ(signal(plan, name).state, HookState::denied) << name;
  EXPECT_EQ(signal(plan, "connect_unix").hook, "tp_btf/sys_exit") << "the next candidate";
  EXPECT_EQ(signal(plan, "dns").state, HookState::denied) << "it needs the connect hooks";
  EXPECT_EQ(signal(plan, "cgroup").state, HookState::active) << "tp_btf/cgroup_* is another family";
  EXPECT_EQ(signal(plan, "open").state, HookState::active);
}

TEST(Plan, DispatcherRefusedTakesAllItsSignalsWithIt) {
  const Refusals refusals = {{"tp_btf__sys_exit", {HookState::refused, "EPERM"}}};
  const auto plan = resolve_plan(refusals, {});
  for (const char* name : {"open", "name_change", "cred", "ptrace", "accept"}) {
    EXPECT_EQ(signal(plan, name).state, HookState::refused) << name;
  }
  EXPECT_EQ(signal(plan, "exec").state, HookState::active);
}

TEST(Plan, DeniedSignalIsDenied) {
  const std::vector<std::string> denied = {"dns"};
  const auto plan = resolve_plan(denied_programs(denied), denied);
  EXPECT_EQ(signal(plan, "dns").state, HookState::denied);
  EXPECT_EQ(signal(plan, "connect").state, HookState::active) << "its programs are shared";
}

TEST(Plan, DeniedHookTakesItsProgramsOut) {
  const Refusals refusals = denied_programs({"tp_btf/sys_exit"});
  EXPECT_TRUE(refusals.contains("call__open"));
  EXPECT_TRUE(refusals.contains("tp_btf__sys_exit"));
  EXPECT_FALSE(refusals.contains("tp_btf__sched_process_exec"));
}

TEST(CallTable, NumbersAreUniqueAndFit) {
  std::set<int> numbers_64, numbers_32;
  for (const auto& call : watched_calls()) {
    EXPECT_TRUE(call.nr_64 < 0 || numbers_64.insert(call.nr_64).second) << call.name;
    EXPECT_TRUE(call.nr_32 < 0 || numbers_32.insert(call.nr_32).second) << call.name;
    EXPECT_LT(call.nr_64, AMBIT_CALL_NUMBERS) << call.name;
    EXPECT_LT(call.nr_32, AMBIT_CALL_NUMBERS) << call.name;
    EXPECT_NE(call.what.slot, AMBIT_SLOT_NONE) << call.name;
    EXPECT_LT(call.what.slot, AMBIT_SLOTS) << call.name;
  }
}

TEST(CallTable, ArgumentsStayWithinSix) {
  for (const auto& call : watched_calls()) {
    const ambit_call& c = call.what;
    for (const auto arg :
         {c.dir_arg, c.path_arg, c.dir2_arg, c.path2_arg, c.fd_arg, c.flags_arg, c.mode_arg, c.uid_arg, c.gid_arg}) {
      EXPECT_LE(arg, 6) << call.name;
    }
  }
}

}  // namespace
}  // namespace ambit::kernel
