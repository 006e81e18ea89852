// SPDX-License-Identifier: Apache-2.0
#include "trampolines.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "util/fd.h"

namespace ambit::kernel {
namespace {

struct Family {
  std::string_view prefix;  ///< of its hooks
  const char* hook;         ///< where it is tried: an open passes here
  const char* function;
  bpf_prog_type type;
  bpf_attach_type attach_type;
  std::string_view idle;  ///< why it may be attached and not called
};
constexpr std::array kFamilies = {
    Family{"lsm/", "lsm/file_open", "bpf_lsm_file_open", BPF_PROG_TYPE_LSM, BPF_LSM_MAC,
           ": bpf is not among the security modules (lsm= of the kernel's command line)"},
    Family{"fentry/", "fentry/security_file_open", "security_file_open", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, ""},
    Family{"fexit/", "fexit/__x64_sys_openat", "__x64_sys_openat", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, ""},
};

/// A program that adds one to the first value of `map` and lets all pass.
std::array<bpf_insn, 6> counting_program(int map) {
  return {{
      {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .off = 0, .imm = map},
      {},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .src_reg = 0, .off = 0, .imm = 1},
      {.code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .off = 0, .imm = BPF_ADD},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  }};
}

Refusal refusal(std::string_view step, const Family& family) {
  return {HookState::refused, fmt::format("{} {}: {}", step, family.hook, std::strerror(errno))};
}

/// What stands against a family; an empty detail: nothing.
Refusal try_family(const Family& family, const btf* kernel) {
  const auto id = btf__find_by_name_kind(kernel, family.function, BTF_KIND_FUNC);
  if (id < 0) return {HookState::missing, fmt::format("this kernel has no {}", family.hook)};
  const std::uint32_t zero = 0;
  std::uint64_t calls = 0;
  const util::Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "ambit_probe", sizeof(zero), sizeof(calls), 1, nullptr));
  if (!map.valid()) return refusal("try", family);
  const auto instructions = counting_program(map.get());
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = family.attach_type;
  options.attach_btf_id = static_cast<std::uint32_t>(id);
  const util::Fd program(
      bpf_prog_load(family.type, "ambit_probe", "Dual BSD/GPL", instructions.data(), instructions.size(), &options));
  if (!program.valid()) return refusal("load", family);
  const util::Fd link(bpf_raw_tracepoint_open(nullptr, program.get()));
  if (!link.valid()) return refusal("attach", family);
  const util::Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (bpf_map_lookup_elem(map.get(), &zero, &calls) != 0) return refusal("read the count of", family);
  if (calls == 0) return {HookState::refused, fmt::format("{} is attached and not called{}", family.hook, family.idle)};
  return {};
}

}  // namespace

void refuse_idle_families(Refusals& refusals, const btf* kernel) {
  for (const auto& family : kFamilies) {
    std::vector<std::string_view> members;
    for (const auto& spec : program_specs()) {
      if (spec.hook.starts_with(family.prefix) && !refusals.contains(spec.name)) members.push_back(spec.name);
    }
    if (members.empty()) continue;
    const Refusal why = try_family(family, kernel);
    if (why.detail.empty()) continue;
    for (const auto name : members) refusals.emplace(name, why);
  }
}

}  // namespace ambit::kernel
