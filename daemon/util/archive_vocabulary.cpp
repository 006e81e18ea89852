// SPDX-License-Identifier: Apache-2.0
#include "util/archive_vocabulary.h"

namespace ambit {

// A member that is added and not described would be lost from recordings without a word: look at describe() and
// collector::kRecordingVersion, then change the number here. Event's slots mean something beside their decoder alone.
static_assert(sizeof(Event) == 400 && sizeof(ExecFacts) == 280 && sizeof(NetFacts) == 120, "describe the new member");
static_assert(sizeof(Process) == 520 && sizeof(Alert) == 664 && sizeof(RuleInfo) == 328, "describe the new member");

EventFacts empty_facts(EventKind kind) {
  switch (kind) {
    case EventKind::exec:
      return ExecFacts{};
    case EventKind::fork:
      return ForkFacts{};
    case EventKind::exit:
      return ExitFacts{};
    case EventKind::cred:
      return CredFacts{};
    case EventKind::cgroup_attach:
    case EventKind::cgroup_name:
      return CgroupFacts{};
    case EventKind::open:
    case EventKind::mmap:
      return OpenFacts{};
    case EventKind::rename:
    case EventKind::unlink:
    case EventKind::link:
    case EventKind::symlink:
    case EventKind::truncate:
    case EventKind::chmod:
    case EventKind::chown:
    case EventKind::mkdir:
    case EventKind::rmdir:
    case EventKind::setxattr:
    case EventKind::fallocate:
      return NameFacts{};
    case EventKind::copy:
      return CopyFacts{};
    case EventKind::mount:
      return MountFacts{};
    case EventKind::connect:
    case EventKind::send:
    case EventKind::bind:
    case EventKind::listen:
    case EventKind::accept:
    case EventKind::socket:
    case EventKind::stdio:
    case EventKind::traffic:
    case EventKind::connect_result:
      return NetFacts{};
    case EventKind::dns:
      return DnsFacts{};
    case EventKind::ptrace:
      return PtraceFacts{};
    case EventKind::io_uring:
      return IoUringFacts{};
    case EventKind::process_vm:
    case EventKind::kcmp:
    case EventKind::perf_event:
    case EventKind::userfaultfd:
    case EventKind::keyring:
    case EventKind::bpf:
    case EventKind::kernel_module:
    case EventKind::kexec:
    case EventKind::signal:
    case EventKind::exhaustion:
    case EventKind::memfd:
      return ActFacts{};
    case EventKind::tick:
      return TickFacts{};
    case EventKind::loss:
      return LossFacts{};
    case EventKind::probe:
      return ProbeFacts{};
    case EventKind::objects:
      return ObjectsFacts{};
    case EventKind::users:
      return UsersFacts{};
    case EventKind::reload:
      return ReloadFacts{};
    case EventKind::coverage:
      return CoverageFacts{};
  }
  return {};
}

}  // namespace ambit
