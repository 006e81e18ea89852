// SPDX-License-Identifier: Apache-2.0
// What may run, and io: mechanisms of the kernel that a scope allows or denies.
#include <algorithm>

#include <fmt/format.h>

#include "ambit/abi/record.h"
#include "util/path_pattern.h"
#include "verdict.h"

namespace ambit::scope {
namespace {

std::string joined(const std::vector<std::string>& argv) {
  return fmt::format("{}", fmt::join(argv, " "));
}

bool matches_argv(const std::vector<std::string>& patterns, const std::string& argv) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const std::string& p) { return util::component_matches(p, argv); });
}

const Grant* granted_execute(const Subject& subject, std::string_view path, bool& in_other_phase) {
  const Grant* found = nullptr;
  const auto look = [&](const GrantList& list) {
    list.index.find(path, [&](std::uint32_t at) {
      if (holds_in(list.grants[at].phases, subject.phase)) {
        found = &list.grants[at];
        return true;
      }
      in_other_phase = true;
      return false;
    });
  };
  if (subject.is_foreign) return nullptr;
  look(subject.scope.execute);
  if (found == nullptr) look(subject.state.objects.execute);
  return found;
}

bool is_denied(const Subject& subject, std::string& grant) {
  FileAct act;
  act.path = subject.process.exe;
  act.id = subject.process.exe_object.id;
  if (subject.scope.deny.grants.empty()) return false;
  const auto verdict = judge_file(subject, act).verdict;
  if (verdict.outcome != Outcome::denied) return false;
  grant = verdict.grant;
  return true;
}

/// Whether the new image is what the scope calls its server. Without a declaration it is what the selector's executable
/// names, or else whatever was started first.
bool is_server_image(const Subject& subject, const std::string& argv, bool has_member_parent) {
  const auto& scope = subject.scope;
  if (scope.server) {
    return is_executable(subject, scope.server->executables, PatternUse::Kind::server, 0) &&
           matches_argv(scope.server->argv, argv);
  }
  if (!scope.select.executables.empty()) {
    return std::any_of(scope.select.executables.begin(), scope.select.executables.end(),
                       [&](const util::PathPattern& p) { return p.matches(subject.process.exe); });
  }
  return !has_member_parent;
}

}  // namespace

ExecVerdict judge_exec(const Subject& subject, const ExecFacts& facts, bool has_member_parent) {
  const auto& scope = subject.scope;
  ExecVerdict out;
  const auto argv = joined(facts.argv);
  const bool looks_like_server = is_server_image(subject, argv, has_member_parent);
  // Once a server runs, what descends from it starts as a child, whatever the executable: with an interpreter as
  // server, `python -c ...` is not a server.
  const bool may_be_server = !subject.member.is_server && !subject.member.under_server;

  if ((facts.flags & AMBIT_EXEC_MEMFD) != 0 && scope.governs_io) {
    out.verdict = judge_mechanism(subject, Mechanism::memfd_exec);
    return out;
  }
  if (facts.stdio != 0 && scope.governs_io && !scope.allows(Mechanism::stdio_sockets)) {
    out.verdict = judge_mechanism(subject, Mechanism::stdio_sockets);
    return out;
  }
  std::string denied_by;
  if (is_denied(subject, denied_by)) {
    out.verdict = make_verdict(subject, Outcome::denied, Section::files, denied_by, "denied by the scope");
    return out;
  }
  if (!scope.governs_processes && !scope.governs_execute) {
    out.verdict = make_verdict(subject, Outcome::unscoped, Section::processes);
    out.is_server = looks_like_server;
    return out;
  }
  if (scope.server && looks_like_server && may_be_server) {
    out.verdict = make_verdict(subject, Outcome::in_scope, Section::processes, scope.server->name);
    out.is_server = true;
    return out;
  }
  const ProcessGrant* other_phase = nullptr;
  const ProcessGrant* other_argv = nullptr;
  for (std::size_t i = 0; i < scope.children.size(); ++i) {
    const auto& child = scope.children[i];
    if (!is_executable(subject, child.executables, PatternUse::Kind::child, static_cast<std::uint32_t>(i))) continue;
    if (!matches_argv(child.argv, argv)) {
      other_argv = &child;
    } else if (!holds_in(child.phases, subject.phase)) {
      other_phase = &child;
    } else {
      out.verdict = make_verdict(subject, Outcome::in_scope, Section::processes, child.name);
      out.is_server = looks_like_server;
      return out;
    }
  }
  bool execute_in_other_phase = false;
  if (const Grant* const grant = granted_execute(subject, subject.process.exe, execute_in_other_phase)) {
    out.verdict = make_verdict(subject, Outcome::in_scope, Section::files, grant->name);
    out.is_server = looks_like_server && may_be_server;
    return out;
  }
  const Section section = scope.governs_processes ? Section::processes : Section::files;
  if (other_phase != nullptr) {
    out.verdict = make_verdict(subject, Outcome::out_of_scope, section, other_phase->name,
                               phase_reason(other_phase->phases, subject.phase));
  } else if (other_argv != nullptr) {
    out.verdict = make_verdict(subject, Outcome::out_of_scope, section, other_argv->name, "arguments do not match");
  } else if (looks_like_server && scope.server) {
    out.verdict = make_verdict(subject, Outcome::out_of_scope, section, scope.server->name,
                               "the server starts itself again, which no child entry grants");
  } else if (subject.lacks_objects) {
    out.verdict = make_verdict(subject, Outcome::unknown, section, {}, "declared paths are not looked up yet");
  } else {
    const std::string_view grant = section == Section::files ? "files.execute" : "processes.children";
    out.verdict = make_verdict(subject, Outcome::out_of_scope, section, grant,
                               subject.is_foreign       ? "foreign_root"
                               : execute_in_other_phase ? "granted in another phase"
                                                        : "no grant matches");
  }
  return out;
}

Verdict judge_ptrace(const Subject& subject, bool is_own_workload, std::string_view grant) {
  if (!subject.scope.governs_io) return make_verdict(subject, Outcome::unscoped, Section::io);
  if (!subject.scope.allows(Mechanism::ptrace))
    return make_verdict(subject, Outcome::denied, Section::io, grant, "reaching into processes is denied by the scope");
  if (is_own_workload) return make_verdict(subject, Outcome::in_scope, Section::io, grant);
  return make_verdict(subject, Outcome::out_of_scope, Section::io, grant,
                      "the process does not belong to the workload");
}

Verdict judge_mechanism(const Subject& subject, Mechanism mechanism) {
  if (!subject.scope.governs_io) return make_verdict(subject, Outcome::unscoped, Section::io);
  const auto grant = fmt::format("io.{}", name_of(mechanism));
  if (subject.scope.allows(mechanism)) return make_verdict(subject, Outcome::in_scope, Section::io, grant);
  return make_verdict(subject, Outcome::denied, Section::io, grant,
                      fmt::format("{} is denied by the scope", name_of(mechanism)));
}

}  // namespace ambit::scope
