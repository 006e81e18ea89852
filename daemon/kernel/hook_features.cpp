// SPDX-License-Identifier: Apache-2.0
#include "hook_features.h"

#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "call_functions.h"
#include "trampolines.h"

namespace ambit::kernel {
namespace {

struct BtfDeleter {
  void operator()(btf* types) const noexcept { btf__free(types); }
};

/// The type behind a hook: what the kernel's type information calls the place that a program attaches to.
struct HookType {
  std::string_view section;  ///< prefix of the hook
  std::string_view prefix;   ///< of the type's name
  std::uint32_t kind;
};
constexpr std::array kHookTypes = {
    HookType{"tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF},
    HookType{"iter/", "bpf_iter_", BTF_KIND_FUNC},
    HookType{"iter.s/", "bpf_iter_", BTF_KIND_FUNC},
    HookType{"lsm/", "bpf_lsm_", BTF_KIND_FUNC},
    HookType{"lsm.s/", "bpf_lsm_", BTF_KIND_FUNC},
    HookType{"fentry/", "", BTF_KIND_FUNC},
    HookType{"fexit/", "", BTF_KIND_FUNC},
};

/// A member of a structure, a value of an enumeration, or a function (of no name within) that a program cannot do
/// without.
struct Need {
  std::string_view place;  ///< program, or hook of programs
  std::string_view type;
  std::uint32_t kind;
  std::string_view name;
};
constexpr std::array kNeeds = {
    Need{"cgroup__connect_unix", "bpf_attach_type", BTF_KIND_ENUM, "BPF_CGROUP_UNIX_CONNECT"},  // 6.7
    Need{"cgroup__sendmsg_unix", "bpf_attach_type", BTF_KIND_ENUM, "BPF_CGROUP_UNIX_SENDMSG"},  // 6.7
    // 6.2; before it, opens that truncate pass path_truncate, too
    Need{"lsm__path_truncate", "bpf_lsm_file_truncate", BTF_KIND_FUNC, ""},
    Need{"fentry__security_path_truncate", "bpf_lsm_file_truncate", BTF_KIND_FUNC, ""},
    Need{"iter__task_argv", "bpf_func_id", BTF_KIND_ENUM, "BPF_FUNC_copy_from_user_task"},  // 5.18
    Need{"tp_btf/io_uring_complete", "io_kiocb", BTF_KIND_STRUCT, "cqe"},                   // 5.19
    Need{"tp_btf__io_uring_submit_sqe", "io_kiocb", BTF_KIND_STRUCT, "cqe"},
};

bool is_at_functions(const ProgramSpec& spec) {
  return spec.attachment == Attachment::function || spec.attachment == Attachment::sample;
}

std::string name_in(const btf* types, std::uint32_t offset) {
  const char* name = btf__name_by_offset(types, offset);
  return name == nullptr ? "" : name;
}

bool has(const btf* types, const Need& need) {
  const auto id = btf__find_by_name_kind(types, std::string(need.type).c_str(), need.kind);
  if (id < 0 || need.kind == BTF_KIND_FUNC) return id >= 0;
  const btf_type* type = btf__type_by_id(types, static_cast<std::uint32_t>(id));
  if (need.kind == BTF_KIND_ENUM) {
    const std::span values(btf_enum(type), btf_vlen(type));
    return std::any_of(values.begin(), values.end(),
                       [&](const auto& v) { return name_in(types, v.name_off) == need.name; });
  }
  const std::span members(btf_members(type), btf_vlen(type));
  return std::any_of(members.begin(), members.end(),
                     [&](const auto& m) { return name_in(types, m.name_off) == need.name; });
}

}  // namespace

std::string missing_for(const ProgramSpec& spec, const btf* kernel) {
  for (const auto& hook : kHookTypes) {
    if (is_at_functions(spec)) break;  // of the calls that the kernel has
    if (!spec.hook.starts_with(hook.section)) continue;
    const std::string type = fmt::format("{}{}", hook.prefix, spec.hook.substr(hook.section.size()));
    if (btf__find_by_name_kind(kernel, type.c_str(), hook.kind) < 0)
      return fmt::format("this kernel has no {}", spec.hook);
  }
  if (spec.attachment == Attachment::typed && btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) < 0) {
    return "this kernel has no bpf_rdonly_cast";  // 6.2
  }
  for (const auto& need : kNeeds) {
    if ((need.place == spec.name || need.place == spec.hook) && !has(kernel, need)) {
      return need.name.empty() ? fmt::format("this kernel has no {}", need.type)
                               : fmt::format("this kernel has no {} in {}", need.name, need.type);
    }
  }
  return "";
}

namespace {

/// Signals whose calls cannot all be followed at their functions.
void refuse_untyped_calls(Refusals& refusals, const btf* kernel) {
  if (refusals.contains("plain_call_64")) return;
  CallTypes types(kernel);
  if (!types.are_optional_ones_usable()) {
    for (const auto& spec : program_specs()) {
      if (spec.name.starts_with("optional_call"))
        refusals.emplace(spec.name, Refusal{HookState::missing, "this kernel's types of some calls tell no registers"});
    }
    return;
  }
  for (const auto& call : watched_calls()) {
    if (std::string why = types.obstacle(call); !why.empty())
      refusals.emplace(refusal_of_calls(signal_of(call)), Refusal{HookState::missing, std::move(why)});
  }
}

}  // namespace

void refuse_missing(Refusals& refusals) {
  const std::unique_ptr<btf, BtfDeleter> kernel(btf__load_vmlinux_btf());
  if (!kernel) return;  // the load itself will tell
  for (const auto& spec : program_specs()) {
    if (refusals.contains(spec.name)) continue;
    if (std::string why = missing_for(spec, kernel.get()); !why.empty()) {
      refusals.emplace(spec.name, Refusal{HookState::missing, std::move(why)});
    }
  }
  refuse_idle_families(refusals, kernel.get());
  refuse_untyped_calls(refusals, kernel.get());
}

}  // namespace ambit::kernel
