// SPDX-License-Identifier: Apache-2.0
#include "call_functions.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>

namespace ambit::kernel {
namespace {

constexpr std::string_view kPrefix64 = "__x64_sys_";
constexpr std::string_view kPrefix32 = "__ia32_sys_";
constexpr std::string_view kPrefixCompat = "__ia32_compat_sys_";
constexpr const char* kPlain = "__x64_sys_openat";
constexpr const char* kOptional = "__x64_sys_connect";

/// In a line of /proc/kallsyms: after the address of 16 digits and the kind.
constexpr std::size_t kSymbolAt = 19;

/// Calls whose functions are called otherwise (arch/x86/entry/syscalls).
struct OtherName {
  std::string_view call;
  std::string_view function;
};
constexpr std::array kOtherNames = {
    OtherName{"umount2", "umount"},
    OtherName{"umount", "oldumount"},
    OtherName{"truncate64", "ia32_truncate64"},
    OtherName{"ftruncate64", "ia32_ftruncate64"},
    OtherName{"sendfile", "sendfile64"},
};

/// The same at 32-bit entry only.
constexpr std::array kOtherNames32 = {
    OtherName{"mmap", "mmap_pgoff"},          OtherName{"clone", "ia32_clone"},
    OtherName{"sendfile", "sendfile"},        OtherName{"recvmmsg", "recvmmsg_time32"},
    OtherName{"fallocate", "ia32_fallocate"},
};

std::string_view other_name(std::span<const OtherName> names, std::string_view call) {
  const auto other = std::find_if(names.begin(), names.end(), [&](const OtherName& name) { return name.call == call; });
  return other == names.end() ? std::string_view{} : other->function;
}

std::string_view function_of(const WatchedCall& call) {
  const auto other = other_name(kOtherNames, call.name);
  return other.empty() ? std::string_view(call.name) : other;
}

std::string_view function_of_32(const WatchedCall& call) {
  const auto other = other_name(kOtherNames32, call.name);
  return other.empty() ? function_of(call) : other;
}

bool is_of_call(std::string_view name) {
  return name.starts_with(kPrefix64) || name.starts_with(kPrefix32) || name.starts_with(kPrefixCompat);
}

}  // namespace

std::vector<std::string> functions_64(const WatchedCall& call) {
  if (call.nr_64 < 0) return {};
  return {fmt::format("{}{}", kPrefix64, function_of(call))};
}

std::vector<std::string> functions_32(const WatchedCall& call) {
  if (call.nr_32 < 0) return {};
  return {fmt::format("{}{}", kPrefixCompat, function_of_32(call)),
          fmt::format("{}{}", kPrefix32, function_of_32(call))};
}

CallTypes::CallTypes(const btf* kernel) {
  const std::uint32_t count = btf__type_cnt(kernel);
  for (std::uint32_t id = 1; id < count; ++id) {
    const btf_type* type = btf__type_by_id(kernel, id);
    if (!btf_is_func(type)) continue;
    const char* name = btf__name_by_offset(kernel, type->name_off);
    if (is_of_call(name)) functions_[name].push_back({id, type->type});
  }
  // As libbpf finds them for the programs behind: the first of that name.
  const auto proto = [&](const char* name) {
    const auto found = functions_.find(name);
    return found == functions_.end() ? 0 : found->second.front().proto;
  };
  plain_proto_ = proto(kPlain);
  optional_proto_ = proto(kOptional);
  has_optional_argument_ = optional_proto_ != 0 && btf_vlen(btf__type_by_id(kernel, optional_proto_)) == 1;
}

const CallTypes::Function* CallTypes::find(const std::string& name) const {
  const auto found = functions_.find(name);
  if (found == functions_.end()) return nullptr;
  for (const auto proto : {plain_proto_, optional_proto_}) {
    for (const auto& function : found->second) {
      if (function.proto == proto) return &function;
    }
  }
  return nullptr;
}

bool CallTypes::is_in_kernel(const std::string& name) {
  if (symbols_.empty()) {
    std::ifstream all("/proc/kallsyms");
    for (std::string line; std::getline(all, line);) {
      if (line.size() <= kSymbolAt) continue;
      const auto symbol = line.substr(kSymbolAt);
      if (is_of_call(symbol)) symbols_.insert(symbol);
    }
  }
  return symbols_.contains(name);
}

std::string CallTypes::obstacle(const WatchedCall& call) {
  if (call.need == FunctionNeed::if_told) return "";
  for (const auto& names : {functions_64(call), functions_32(call)}) {
    for (const auto& name : names) {
      if (find(name) == nullptr && is_in_kernel(name)) return fmt::format("this kernel tells no type of {}", name);
    }
  }
  return "";
}

CallFunctions::CallFunctions(const Object& object, const btf* kernel) : object_(object), types_(kernel) {}

Status CallFunctions::attach(const WatchedCall& call) {
  if (auto status = attach_all(functions_64(call), false); !status) return status;
  return attach_all(functions_32(call), true);
}

bool CallFunctions::is_any_attached(const std::vector<std::string>& names) const {
  return std::any_of(names.begin(), names.end(), [this](const auto& name) { return attached_.contains(name); });
}

Status CallFunctions::attach_all(const std::vector<std::string>& names, bool is_32) {
  for (const auto& name : names) {
    const auto* function = types_.find(name);
    if (function == nullptr || attached_.contains(name)) continue;
    if (auto status = attach_one(name, *function, is_32); !status) return status;
  }
  return Ok{};
}

Status CallFunctions::attach_one(const std::string& name, const CallTypes::Function& function, bool is_32) {
  const bpf_program* sample =
      object_.program(fmt::format("{}_call_{}", types_.is_plain(function) ? "plain" : "optional", is_32 ? 32 : 64));
  if (sample == nullptr) return Error{fmt::format("no program for {} is loaded", name)};
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.expected_attach_type = BPF_TRACE_FEXIT;
  options.attach_btf_id = function.id;
  Attached made;
  made.program = util::Fd(bpf_prog_load(BPF_PROG_TYPE_TRACING, bpf_program__name(sample), "Dual BSD/GPL",
                                        bpf_program__insns(sample), bpf_program__insn_cnt(sample), &options));
  if (!made.program.valid()) return Error{fmt::format("load fexit/{}: {}", name, std::strerror(errno))};
  made.link = util::Fd(bpf_raw_tracepoint_open(nullptr, made.program.get()));
  if (!made.link.valid()) return Error{fmt::format("attach fexit/{}: {}", name, std::strerror(errno))};
  attached_.emplace(name, std::move(made));
  return Ok{};
}

}  // namespace ambit::kernel
