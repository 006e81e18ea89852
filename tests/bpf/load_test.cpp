// SPDX-License-Identifier: Apache-2.0
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "hook_features.h"
#include "kernel/sensor.h"
#include "object.h"

namespace ambit::kernel {
namespace {

Options small() {
  Options options;
  options.ring_bytes = 1U << 20;
  options.ring_reserve_bytes = 128U << 10;
  auto cgroup2 = find_cgroup2();
  if (cgroup2) options.cgroup2_path = *cgroup2;
  return options;
}

class Load : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  }
};

class EachProgram : public testing::TestWithParam<ProgramSpec> {};

TEST_P(EachProgram, LoadsAloneOrIsRefusedWithAReason) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: loads BPF programs";
  const std::string name(GetParam().name);
  Refusals others;
  for (const auto& spec : program_specs()) {
    if (spec.name != name) others.emplace(spec.name, Refusal{HookState::denied, "left out"});
  }
  auto object = Object::load(small(), others, Object::Which::all);
  ASSERT_TRUE(object.ok()) << object.error().message;
  if ((*object)->program(name) != nullptr) return;
  const auto refusal = others.find(name);
  ASSERT_NE(refusal, others.end());
  EXPECT_NE(refusal->second.detail, "");
  std::cout << "refused: " << refusal->second.detail << '\n';
}

INSTANTIATE_TEST_SUITE_P(Bpf, EachProgram, testing::ValuesIn(program_specs().begin(), program_specs().end()),
                         [](const auto& program) { return std::string(program.param.name); });

/// A refusal would cost nothing but speed, so nobody would notice.
TEST_F(Load, ProgramsWithTypedReadsAreTakenWhereTheKernelKnowsTheCast) {
  Refusals refusals;
  auto object = Object::load(small(), refusals, Object::Which::all);
  ASSERT_TRUE(object.ok()) << object.error().message;
  for (const auto& spec : program_specs()) {
    if (spec.attachment != Attachment::typed) continue;
    const std::string name(spec.name), plain = name.substr(0, name.rfind('_'));
    const auto refusal = refusals.find(name);
    if ((*object)->program(plain) == nullptr) {
      EXPECT_TRUE(refusals.contains(plain)) << plain;
      continue;
    }
    if (refusal == refusals.end()) {
      EXPECT_EQ(bpf_program__name((*object)->program(plain)), name);
    } else {
      EXPECT_EQ(refusal->second.state, HookState::missing) << name << ": " << refusal->second.detail;
    }
  }
}

TEST_F(Load, StatesOfAllSignalsAreTold) {
  auto sensor = Sensor::load(small());
  ASSERT_TRUE(sensor.ok()) << sensor.error().message;
  ASSERT_TRUE((*sensor)->attach().ok());
  for (const auto& state : (*sensor)->signals()) {
    std::cout << fmt::format("{:14} {:28} {:8} {}\n", state.signal, state.hook, name_of(state.state), state.detail);
    EXPECT_EQ(state.state != HookState::active && state.detail.empty(), false) << state.signal;
  }
}

TEST_F(Load, DeniedHookFallsBackToTheNextCandidate) {
  Options options = small();
  options.denied_hooks = {"cgroup/connect_unix", "dns", "fexit/*"};
  auto sensor = Sensor::load(options);
  ASSERT_TRUE(sensor.ok()) << sensor.error().message;
  ASSERT_TRUE((*sensor)->attach().ok());
  for (const auto& state : (*sensor)->signals()) {
    if (state.signal == "connect_unix") {
      EXPECT_EQ(state.hook, "tp_btf/sys_exit");
      EXPECT_EQ(state.state, HookState::active);
    }
    if (state.signal == "dns") {
      EXPECT_EQ(state.state, HookState::denied);
    }
    if (state.signal == "connect") {
      EXPECT_EQ(state.state, HookState::active) << "shares programs with dns";
    }
  }
}

TEST_F(Load, DeniedVitalHookFailsTheAttach) {
  Options options = small();
  options.denied_hooks = {"tp_btf/sched_process_exec"};
  auto sensor = Sensor::load(options);
  ASSERT_TRUE(sensor.ok()) << sensor.error().message;
  const auto status = (*sensor)->attach();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("exec"), std::string::npos);
}

TEST_F(Load, HookThatTheKernelLacksIsKnownBeforeTheLoad) {
  btf* kernel = btf__load_vmlinux_btf();
  ASSERT_NE(kernel, nullptr);
  const auto missing = [&](std::string_view hook) {
    return missing_for(ProgramSpec{"program", hook, Attachment::tracing}, kernel);
  };
  for (const char* hook : {"tp_btf/sched_process_exec", "iter/task", "fentry/security_file_open", "cgroup/connect4"})
    EXPECT_EQ(missing(hook), "") << hook;
  for (const char* hook : {"tp_btf/no_such_hook", "iter/no_such_hook", "lsm/no_such_hook", "fentry/no_such_hook"})
    EXPECT_EQ(missing(hook), std::string("this kernel has no ") + hook);
  btf__free(kernel);
}

TEST_F(Load, RejectsARingThatIsNoPowerOfTwo) {
  Options options = small();
  options.ring_bytes = 3U << 20;
  EXPECT_FALSE(Sensor::load(options).ok());
}

}  // namespace
}  // namespace ambit::kernel
