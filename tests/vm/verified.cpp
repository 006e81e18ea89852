// SPDX-License-Identifier: Apache-2.0
// Loads every program alone and prints how many instructions the verifier of this kernel looked at:
// "program<TAB>number". A program that the kernel lacks the hook for is "-"; one that it refuses, "refused".
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ambit/abi/maps.h"

#include "ambit.skel.h"
#include "hook_features.h"
#include "object.h"
#include "plan.h"

namespace {

using ambit::kernel::ProgramSpec;
using ambit::kernel::Refusals;

constexpr int kStatistics = 4;  // BPF_LOG_STATS of include/linux/bpf_verifier.h

int be_silent(libbpf_print_level, const char*, va_list) {
  return 0;
}

std::string verified(const ProgramSpec& spec) {
  std::vector<char> log(1U << 20);
  ambit_bpf* skeleton = ambit_bpf__open();
  if (skeleton == nullptr) return "refused";
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    const bool is_it = spec.name == bpf_program__name(program);
    bpf_program__set_autoload(program, is_it);
    if (!is_it) continue;
    bpf_program__set_log_buf(program, log.data(), log.size());
    bpf_program__set_log_level(program, kStatistics);
    ambit::kernel::set_unknown_type(program);
  }
  const int rc = ambit_bpf__load(skeleton);
  ambit_bpf__destroy(skeleton);
  constexpr std::string_view kMark = "processed ";
  const char* found = std::strstr(log.data(), kMark.data());
  if (rc != 0 || found == nullptr) return "refused";
  return fmt::format("{}", std::strtoul(found + kMark.size(), nullptr, 10));
}

}  // namespace

int main() {
  libbpf_set_print(be_silent);
  Refusals missing;
  ambit::kernel::refuse_missing(missing);
  for (const auto& spec : ambit::kernel::program_specs()) {
    const std::string number = missing.contains(spec.name) ? "-" : verified(spec);
    std::printf("%s\t%s\n", std::string(spec.name).c_str(), number.c_str());
    std::fflush(stdout);
  }
  return 0;
}
