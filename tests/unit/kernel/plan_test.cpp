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

/// As on a kernel that refuses trampolines.
const std::vector<std::string> kBase = {"lsm/*", "fentry/*", "fexit/*"};

Refusals base_with(std::string_view program, Refusal refusal) {
  Refusals refusals = denied_programs(kBase);
  refusals.emplace(program, std::move(refusal));
  return refusals;
}

TEST(Plan, RefusedProgramTurnsItsSignalsToRefusedAndLeavesTheOthers) {
  const auto plan = resolve_plan(base_with("call__ptrace", {HookState::refused, "load call__ptrace: EINVAL"}), {});
  EXPECT_NE(signal(plan, "ptrace").state, HookState::active);
  EXPECT_EQ(signal(plan, "open").state, HookState::active);
}

TEST(Plan, MissingHookFallsBackAndSaysWhatWasPassedOver) {
  const auto plan = resolve_plan(base_with("cgroup__connect_unix", {HookState::missing, "no such hook"}), {});
  EXPECT_EQ(signal(plan, "connect_unix").state, HookState::active);
  EXPECT_EQ(signal(plan, "connect_unix").hook, "tp_btf/sys_exit");
  EXPECT_THAT(signal(plan, "connect_unix").detail, testing::HasSubstr("no such hook"));
}

TEST(Plan, SignalWithoutAnyHookSaysWhyOfEachCandidate) {
  std::vector<std::string> denied = kBase;
  Refusals refusals = denied_programs(denied);
  refusals.emplace("call__protect", Refusal{HookState::missing, "no such call"});
  const auto plan = resolve_plan(refusals, denied);
  EXPECT_NE(signal(plan, "mprotect").state, HookState::active);
  EXPECT_EQ(signal(plan, "mprotect").detail,
            "denied by configuration; fentry/security_file_mprotect: denied by configuration; "
            "fexit/syscalls: denied by configuration; tp_btf/sys_exit: no such call");
}

TEST(Plan, ConnectsOfVsockAreWatchedBesideTheHookForUnix) {
  struct Case {
    std::vector<std::string> denied;
    const char* unix_hook;
    const char* vsock_hook;
  };
  const Case cases[] = {{{}, "cgroup/connect_unix", "fexit/syscalls"},
                        {kBase, "cgroup/connect_unix", "tp_btf/sys_exit"},
                        {{"cgroup/connect_unix"}, "fexit/syscalls", "fexit/syscalls"}};
  for (const auto& row : cases) {
    const auto plan = resolve_plan(denied_programs(row.denied), row.denied);
    EXPECT_EQ(signal(plan, "connect_unix").hook, row.unix_hook);
    EXPECT_EQ(signal(plan, "connect_vsock").hook, row.vsock_hook);
  }
  const std::vector<std::string> denied = {"connect_vsock"};
  const auto without = denied_programs(denied);
  EXPECT_EQ(signal(resolve_plan(without, denied), "connect_vsock").state, HookState::denied);
  EXPECT_EQ(signal(resolve_plan(without, denied), "connect_unix").state, HookState::active);
  EXPECT_FALSE(without.contains("call__connect")) << "unix may need it where the hook is missing";
}

TEST(Plan, StarDeniesAFamilyOfHooksAndNoOther) {
  std::vector<std::string> denied = kBase;
  denied.emplace_back("cgroup/*");
  const auto plan = resolve_plan(denied_programs(denied), denied);
  for (const char* name : {"connect", "send", "bind"}) EXPECT_EQ(signal(plan, name).state, HookState::denied) << name;
  EXPECT_EQ(signal(plan, "connect_unix").hook, "tp_btf/sys_exit") << "the next candidate";
  EXPECT_EQ(signal(plan, "dns").state, HookState::denied) << "it needs the connect hooks";
  EXPECT_EQ(signal(plan, "cgroup").state, HookState::active) << "tp_btf/cgroup_* is another family";
  EXPECT_EQ(signal(plan, "open").state, HookState::active);
}

TEST(Plan, DispatcherRefusedTakesAllItsSignalsWithIt) {
  const auto plan = resolve_plan(base_with("tp_btf__sys_exit", {HookState::refused, "EPERM"}), {});
  for (const char* name : {"open", "name_change", "cred", "ptrace", "accept"}) {
    EXPECT_NE(signal(plan, name).state, HookState::active) << name;
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

bool wants(const Refusals& refusals, std::string_view program) {
  for (const auto* candidate : chosen_candidates(refusals, {})) {
    for (const auto name : candidate->programs) {
      if (name == program) return true;
    }
  }
  return false;
}

TEST(Plan, RichFamilyLeavesNoSystemCallTracepoint) {
  EXPECT_FALSE(wants({}, "tp_btf__sys_exit"));
  EXPECT_TRUE(wants({}, "lsm__file_open"));
  EXPECT_EQ(signal(resolve_plan({}, {}), "open").hook, "lsm/file_open");
  EXPECT_EQ(signal(resolve_plan({}, {}), "ptrace").hook, "fexit/syscalls");
}

TEST(Plan, EachStepDownTheFamiliesIsTaken) {
  struct Row {
    std::vector<std::string> denied;
    const char* open;
    const char* ptrace;
    bool has_tracepoint;
  };
  const Row rows[] = {
      {{"lsm/*"}, "fentry/security_file_open", "fexit/syscalls", false},
      {{"lsm/*", "fentry/*"}, "fexit/syscalls", "fexit/syscalls", false},
      {{"fexit/*"}, "lsm/file_open", "tp_btf/sys_exit", true},
      {{"lsm/*", "fexit/*"}, "fentry/security_file_open", "tp_btf/sys_exit", true},
      {kBase, "tp_btf/sys_exit", "tp_btf/sys_exit", true},
  };
  for (const auto& row : rows) {
    const auto refusals = denied_programs(row.denied);
    const auto plan = resolve_plan(refusals, row.denied);
    EXPECT_EQ(signal(plan, "open").hook, row.open) << row.denied.front();
    EXPECT_EQ(signal(plan, "ptrace").hook, row.ptrace) << row.denied.front();
    EXPECT_EQ(wants(refusals, "tp_btf__sys_exit"), row.has_tracepoint) << row.denied.front();
  }
}

TEST(Plan, CallsWhoseFunctionsFailGoBackToTheTracepointAlone) {
  const Refusals refusals = {{refusal_of_calls("perf_event"), {HookState::refused, "no type"}}};
  const auto plan = resolve_plan(refusals, {});
  EXPECT_EQ(signal(plan, "perf_event").hook, "tp_btf/sys_exit");
  EXPECT_EQ(signal(plan, "kcmp").hook, "fexit/syscalls");
}

TEST(CallTable, EveryCallBelongsToASignalOfThePlan) {
  std::set<std::string_view> signals;
  for (const auto& candidate : candidates()) signals.insert(candidate.calls);
  for (const auto& call : watched_calls()) {
    const bool is_moves_only = call.what.slot == AMBIT_SLOT_MOVES_ONLY;
    EXPECT_EQ(signal_of(call).empty(), is_moves_only) << call.name;
    EXPECT_TRUE(is_moves_only || signals.contains(signal_of(call))) << call.name << ": no candidate attaches it";
  }
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
