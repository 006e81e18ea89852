// SPDX-License-Identifier: Apache-2.0
#include "attachments.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "pins.h"

namespace ambit::kernel {
namespace {

constexpr std::string_view kMoves;  ///< signal_of() calls that only tell the seen-table that paths moved

/// Programs with a link of their own.
bool has_link(const ProgramSpec& spec) {
  return spec.attachment == Attachment::tracing || spec.attachment == Attachment::cgroup;
}

bool tells_opens_by_object(const std::set<std::string_view>& names) {
  return names.contains("lsm__file_open") || names.contains("fentry__security_file_open");
}

/// The call's program tells vsock's, too, so it may be there without being meant for these.
bool tells_unix_connects_by_calls(const std::vector<const Candidate*>& chosen) {
  return std::any_of(chosen.begin(), chosen.end(), [](const Candidate* candidate) {
    const auto& names = candidate->programs;
    return candidate->signal == "connect_unix" &&
           std::find(names.begin(), names.end(), "cgroup__connect_unix") == names.end();
  });
}

/// The security hook that shows the object of a change of names.
struct ChangeHook {
  std::string_view name;
  std::uint32_t op;  ///< AMBIT_NAME_*
};
constexpr std::array kChangeHooks = {
    ChangeHook{"path_rename", AMBIT_NAME_RENAME},     ChangeHook{"path_unlink", AMBIT_NAME_UNLINK},
    ChangeHook{"path_link", AMBIT_NAME_LINK},         ChangeHook{"path_symlink", AMBIT_NAME_SYMLINK},
    ChangeHook{"path_truncate", AMBIT_NAME_TRUNCATE}, ChangeHook{"path_chmod", AMBIT_NAME_CHMOD},
    ChangeHook{"path_chown", AMBIT_NAME_CHOWN},       ChangeHook{"path_mkdir", AMBIT_NAME_MKDIR},
    ChangeHook{"path_rmdir", AMBIT_NAME_RMDIR},
};

/// One bit for each AMBIT_NAME_*.
std::uint32_t changes_by_object(const std::set<std::string_view>& names) {
  std::uint32_t ops = 0;
  for (const auto& hook : kChangeHooks) {
    const bool is_there = names.contains(fmt::format("lsm__{}", hook.name)) ||
                          names.contains(fmt::format("fentry__security_{}", hook.name));
    if (is_there) ops |= 1U << hook.op;
  }
  return ops;
}

}  // namespace

Attachments::Attachments(const Object& object, Refusals& refusals, const std::vector<std::string>& denied,
                         const CgroupRoot& cgroup_root, Pins* pins)
    : object_(object), refusals_(refusals), denied_(denied), cgroup_root_(cgroup_root), pins_(pins) {}

void Attachments::refuse(std::string_view name, HookState state, std::string detail) {
  refusals_.emplace(name, Refusal{state, std::move(detail)});
}

std::set<std::string_view> Attachments::wanted() const {
  std::set<std::string_view> names;
  for (const auto* candidate : chosen_candidates(refusals_, denied_))
    names.insert(candidate->programs.begin(), candidate->programs.end());
  if (moves_need_dispatcher_ && object_.program(kDispatcher) != nullptr) names.insert(kDispatcher);
  return names;
}

void Attachments::attach() {
  // Each refusal takes one candidate out of the plan, so this ends.
  for (bool is_settled = false; !is_settled;) {
    const auto names = wanted();
    put_away(names);
    *object_.globals().opens_by_object = tells_opens_by_object(names) ? 1U : 0U;
    *object_.globals().changes_by_object = changes_by_object(names);
    *object_.globals().connect_unix_by_calls =
        tells_unix_connects_by_calls(chosen_candidates(refusals_, denied_)) ? 1U : 0U;
    is_settled = attach_programs(names) && attach_calls();
  }
  if (pins_ != nullptr) pin();
}

/// False: one was refused, and the plan is another one now.
bool Attachments::attach_programs(const std::set<std::string_view>& names) {
  // In the order of the table: life of processes first, so that whatever acts later has an entry; the dispatcher last.
  for (const auto& spec : program_specs()) {
    const bool is_entry = spec.attachment == Attachment::tail_call || spec.attachment == Attachment::function;
    if (is_entry && names.contains(spec.name) && !enter(spec)) return false;
  }
  for (const auto& spec : program_specs()) {
    if (has_link(spec) && names.contains(spec.name) && !links_.contains(spec.name) && !attach(spec)) return false;
  }
  return true;
}

/// The plan came to want it only when another hook failed at its attachment, where load had no reason to expect that.
bool Attachments::refuse_unloaded(const ProgramSpec& spec) {
  refuse(spec.name, HookState::refused, fmt::format("{} was not loaded", spec.name));
  return false;
}

/// Puts a program behind its dispatcher.
bool Attachments::enter(const ProgramSpec& spec) {
  if (entered_.contains(spec.name)) return true;
  const char* table = spec.attachment == Attachment::tail_call ? "call_programs"
                      : spec.name.starts_with("plain_call")    ? "plain_call_programs"
                                                               : "optional_call_programs";
  const bpf_program* program = object_.program(spec.name);
  if (program == nullptr) return refuse_unloaded(spec);
  const int fd = bpf_program__fd(program);
  if (bpf_map_update_elem(object_.map_fd(table), &spec.slot, &fd, BPF_ANY) != 0) {
    refuse(spec.name, HookState::refused, fmt::format("enter {}: {}", spec.name, std::strerror(errno)));
    return false;
  }
  entered_.insert(spec.name);
  return true;
}

bool Attachments::attach(const ProgramSpec& spec) {
  bpf_program* program = object_.program(spec.name);
  if (program == nullptr) return refuse_unloaded(spec);
  const bool is_cgroup = spec.attachment == Attachment::cgroup;
  if (bpf_link* updated =
          pins_ != nullptr && is_cgroup ? pins_->replace_at_cgroup(spec.name, program, cgroup_root_.id) : nullptr) {
    links_.emplace(spec.name, updated);
    return true;
  }
  bpf_link* link =
      is_cgroup ? bpf_program__attach_cgroup(program, cgroup_root_.fd.get()) : bpf_program__attach(program);
  if (link == nullptr) {
    const HookState state = errno == ENOENT ? HookState::missing : HookState::refused;
    refuse(spec.name, state, fmt::format("attach {}: {}", spec.hook, std::strerror(errno)));
    return false;
  }
  links_.emplace(spec.name, link);
  to_pin_.insert(spec.name);
  return true;
}

/// The functions of all calls that the plan wants at them, and of those that move paths. False as in attach_programs().
bool Attachments::attach_calls() {
  bool is_any = false;
  for (const auto* candidate : chosen_candidates(refusals_, denied_)) {
    if (candidate->calls.empty()) continue;
    is_any = true;
    if (!attach_calls_of(candidate->calls)) return false;
  }
  if (is_any && !moves_need_dispatcher_ && !attach_calls_of(kMoves)) {
    moves_need_dispatcher_ = true;
    return false;
  }
  return true;
}

bool Attachments::attach_calls_of(std::string_view signal) {
  if (calls_attached_.contains(signal)) return true;
  if (!functions_) {
    const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), &btf__free);
    if (!kernel) {
      refuse(refusal_of_calls(signal), HookState::refused, "the kernel's types cannot be read");
      return false;
    }
    functions_ = std::make_unique<CallFunctions>(object_, kernel.get());
  }
  for (const auto& call : watched_calls()) {
    const bool is_wanted = signal == kMoves ? call.what.moves_paths != AMBIT_MOVES_NOTHING : signal_of(call) == signal;
    if (!is_wanted) continue;
    if (auto status = functions_->attach(call); !status) {
      refuse(refusal_of_calls(signal), HookState::refused, status.error().message);
      return false;
    }
    volatile std::uint8_t* at = object_.globals().calls_at_functions;
    // A number that no function was found for stays the dispatcher's.
    if (functions_->is_any_attached(functions_64(call))) at[call.nr_64] = at[call.nr_64] | 1U;
    if (functions_->is_any_attached(functions_32(call))) at[call.nr_32] = at[call.nr_32] | 2U;
  }
  calls_attached_.insert(signal);
  return true;
}

/// What an earlier plan wanted and this one does not.
void Attachments::put_away(const std::set<std::string_view>& names) {
  std::erase_if(links_, [&](const auto& link) { return !names.contains(link.first); });
}

/// Once the plan is settled: a link that is put away again must not live on under its pin.
void Attachments::pin() {
  for (const auto& [name, link] : links_) {
    if (to_pin_.contains(name)) pins_->keep(name, bpf_link__fd(link.get()));
  }
  if (!functions_) return;
  for (const auto& [name, attached] : functions_->attached()) pins_->keep(name, attached.link.get());
}

std::uint64_t Attachments::missed() const {
  std::uint64_t total = 0;
  const auto add = [&total](int program) {
    bpf_prog_info info{};
    std::uint32_t length = sizeof(info);
    if (bpf_obj_get_info_by_fd(program, &info, &length) == 0) total += info.recursion_misses;
  };
  for (const auto& [name, link] : links_) {
    const auto* spec = find_program(name);
    if (spec->hook.starts_with("lsm/") || spec->hook.starts_with("fentry/"))
      add(bpf_program__fd(object_.program(name)));
  }
  if (functions_) {
    for (const auto& [name, attached] : functions_->attached()) add(attached.program.get());
  }
  return total;
}

}  // namespace ambit::kernel
