// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "engine/fields.h"
#include "value.h"

namespace ambit::engine {

/// A field as a condition or a template names it: the table's entry and its argument.
struct FieldRef;

/// What an extractor may look at.
struct ReadContext {
  const JudgedEvent& judged;
  const Event& event;
  const FieldRef& field;
  Arena& arena;

  [[nodiscard]] const Process* process() const noexcept { return judged.enriched.process.get(); }
  [[nodiscard]] const Process* target() const noexcept { return judged.enriched.target.get(); }
};

/// One row of the field table. An extractor never throws and borrows its text from the event or the arena.
struct FieldDef {
  FieldInfo info;
  Value (*read)(const ReadContext&) noexcept;
};

struct FieldRef {
  const FieldDef* def = nullptr;
  int index = -1;  ///< -1 = none given
  std::string key;
  bool operator==(const FieldRef&) const = default;
};
/// "proc.aname[2]".
std::string to_string(const FieldRef& field);

/// All rows, sorted by name.
const std::vector<FieldDef>& field_table();
const FieldDef* find_field_def(std::string_view name);

// One function a file of rows.
std::span<const FieldDef> event_fields();
std::span<const FieldDef> argument_fields();
std::span<const FieldDef> process_fields();
std::span<const FieldDef> network_fields();
std::span<const FieldDef> scope_fields();

/// FieldInfo::repeats of a field; none for names that are not listed.
KindSet repeats_of(std::string_view name) noexcept;

// Sets of kinds for the rows.
constexpr unsigned long long bit(EventKind k) noexcept {
  return 1ULL << static_cast<unsigned>(k);
}
inline constexpr unsigned long long kNameChangeKinds =
    bit(EventKind::rename) | bit(EventKind::unlink) | bit(EventKind::link) | bit(EventKind::symlink) |
    bit(EventKind::truncate) | bit(EventKind::chmod) | bit(EventKind::chown) | bit(EventKind::mkdir) |
    bit(EventKind::rmdir) | bit(EventKind::setxattr) | bit(EventKind::fallocate);
inline constexpr unsigned long long kTransferKinds =
    bit(EventKind::copy) | bit(EventKind::mount) | bit(EventKind::mmap);
inline constexpr unsigned long long kNetKinds = bit(EventKind::connect) | bit(EventKind::send) | bit(EventKind::bind) |
                                                bit(EventKind::listen) | bit(EventKind::accept) |
                                                bit(EventKind::socket) | bit(EventKind::stdio) |
                                                bit(EventKind::traffic) | bit(EventKind::connect_result);
inline constexpr unsigned long long kActKinds =
    bit(EventKind::process_vm) | bit(EventKind::kcmp) | bit(EventKind::perf_event) | bit(EventKind::userfaultfd) |
    bit(EventKind::keyring) | bit(EventKind::bpf) | bit(EventKind::kernel_module) | bit(EventKind::kexec) |
    bit(EventKind::signal) | bit(EventKind::exhaustion) | bit(EventKind::memfd);
inline constexpr unsigned long long kFileKinds = bit(EventKind::open) | kNameChangeKinds;
/// Where the peer of a socket is what is acted on.
inline constexpr unsigned long long kPeerKinds =
    bit(EventKind::connect) | bit(EventKind::send) | bit(EventKind::accept);
inline constexpr unsigned long long kAllKinds = (1ULL << kEventKinds) - 1;
/// Kinds with a subject.
inline constexpr unsigned long long kProcessKinds =
    bit(EventKind::exec) | bit(EventKind::fork) | bit(EventKind::exit) | bit(EventKind::cred) |
    bit(EventKind::cgroup_attach) | kFileKinds | kTransferKinds | kNetKinds | bit(EventKind::dns) |
    bit(EventKind::ptrace) | bit(EventKind::io_uring) | kActKinds | bit(EventKind::loss);

/// Kinds of which FieldInfo::of_object tells.
inline constexpr unsigned long long kObjectKinds = kFileKinds | kPeerKinds;
/// The row of a field that the path alone decides, of opens and changes of names.
inline FieldDef of_path(FieldDef def) {
  def.info.of_object = def.info.kinds & KindSet(kFileKinds);
  return def;
}
/// The row of a field that the peer alone decides.
inline FieldDef of_peer(FieldDef def) {
  def.info.of_object = def.info.kinds & KindSet(kPeerKinds);
  return def;
}

}  // namespace ambit::engine
