// SPDX-License-Identifier: Apache-2.0
// evt.*, fs.path.*, loss.*, coverage.*, quality.*, io_uring.*: what the record itself says.
#include <sys/socket.h>

#include <array>
#include <variant>

#include "act_names.h"
#include "ambit/abi/maps.h"
#include "ambit/abi/record.h"
#include "event_access.h"
#include "field_table.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

Value type_of(const ReadContext& c) noexcept {
  return Value::of(name_of(c.event.kind));
}

Value time_text(const ReadContext& c) noexcept {
  const auto ns = c.event.time.count();
  c.arena.begin();
  c.arena.append_number(ns / 1'000'000'000);
  std::array<char, 10> fraction{};
  fraction[0] = '.';
  auto rest = ns % 1'000'000'000;
  for (std::size_t i = 9; i >= 1; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  c.arena.append({fraction.data(), fraction.size()});
  return Value::of(c.arena.end());
}

Value raw_result(const ReadContext& c) noexcept {
  const auto ret = answer_of(c.event);
  return ret ? Value::of_number(*ret) : Value::none();
}

Value result_name(const ReadContext& c) noexcept {
  const auto ret = answer_of(c.event);
  return ret ? Value::of(error_name(*ret)) : Value::none();
}

Value has_failed(const ReadContext& c) noexcept {
  const auto ret = answer_of(c.event);
  return ret ? Value::of_bool(*ret < 0 && *ret != kAttempt) : Value::none();
}

template <std::uint32_t Access>
Value open_access(const ReadContext& c) noexcept {
  const auto* open = std::get_if<OpenFacts>(&c.event.facts);
  return open == nullptr ? Value::none() : Value::of_bool((open->access & Access) != 0);
}

Value arrival(const ReadContext& c) noexcept {
  const auto* open = std::get_if<OpenFacts>(&c.event.facts);
  return open == nullptr ? Value::none() : Value::of(arrival_name(open->access));
}

/// `path` of an open or name change.
Value path(const ReadContext& c) noexcept {
  if (const auto* open = std::get_if<OpenFacts>(&c.event.facts)) return Value::of_known(open->path);
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_known(names->path);
}
Value path2(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_known(names->path2);
}

Value raw_mode(const ReadContext& c) noexcept {
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  return names == nullptr ? Value::none() : Value::of_number(names->mode);
}
Value raw_uid(const ReadContext& c) noexcept {
  if (const auto* names = std::get_if<NameFacts>(&c.event.facts)) return Value::of_number(names->uid);
  const auto* cred = std::get_if<CredFacts>(&c.event.facts);
  return cred == nullptr ? Value::none() : Value::of_number(cred->uid);
}
Value raw_gid(const ReadContext& c) noexcept {
  if (const auto* names = std::get_if<NameFacts>(&c.event.facts)) return Value::of_number(names->gid);
  const auto* cred = std::get_if<CredFacts>(&c.event.facts);
  return cred == nullptr ? Value::none() : Value::of_number(cred->gid);
}
Value raw_flags(const ReadContext& c) noexcept {
  if (const auto* mounted = std::get_if<MountFacts>(&c.event.facts))
    return Value::of_number(static_cast<std::int64_t>(mounted->flags));
  if (const auto* open = std::get_if<OpenFacts>(&c.event.facts)) return Value::of_number(open->flags);
  const auto* ring = std::get_if<IoUringFacts>(&c.event.facts);
  return ring == nullptr ? Value::none() : Value::of_number(ring->setup_flags);
}

/// What a file of Ambit's own is to it; the pipeline and the kernel half mark such objects.
Value of_ambit(const ReadContext& c) noexcept {
  const auto* open = std::get_if<OpenFacts>(&c.event.facts);
  const auto* names = std::get_if<NameFacts>(&c.event.facts);
  if (open == nullptr && names == nullptr) return Value::none();
  const auto flags = open != nullptr ? open->object.protected_flags : names->object.protected_flags;
  if ((flags & AMBIT_PROTECT_SELF) == 0) return Value::none();
  return Value::of((flags & AMBIT_PROTECT_OTHER) != 0 ? std::string_view("rules") : std::string_view("parts"));
}

Value ptrace_request(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<PtraceFacts>(&c.event.facts);
  if (facts == nullptr) return Value::none();
  if (const auto name = ptrace_request_name(facts->request); !name.empty()) return Value::of(name);
  c.arena.begin();
  c.arena.append_number(facts->request);
  return Value::of(c.arena.end());
}

const ActFacts* act_of(const ReadContext& c) noexcept {
  return std::get_if<ActFacts>(&c.event.facts);
}
Value act_operation(const ReadContext& c) noexcept {
  const auto* act = act_of(c);
  if (act == nullptr) return Value::none();
  if (const auto name = operation_name(*act); !name.empty()) return Value::of(name);
  c.arena.begin();
  c.arena.append_number(static_cast<std::int64_t>(act->number));
  return Value::of(c.arena.end());
}
template <std::string ActFacts::*Member>
Value act_text(const ReadContext& c) noexcept {
  const auto* act = act_of(c);
  return act == nullptr ? Value::none() : Value::of_known(act->*Member);
}
Value act_bytes(const ReadContext& c) noexcept {
  const auto* act = act_of(c);
  return act == nullptr || act->ret < 0 ? Value::none() : Value::of_number(act->ret);
}
/// Times within the last second, or processes made.
Value act_count(const ReadContext& c) noexcept {
  const auto* act = act_of(c);
  if (act == nullptr) return Value::none();
  return Value::of_number(act->act == AMBIT_ACT_FORKS ? static_cast<std::int64_t>(act->number)
                                                      : static_cast<std::int64_t>(act->repeats) + 1);
}
Value act_repeats(const ReadContext& c) noexcept {
  const auto* act = act_of(c);
  return act == nullptr ? Value::none() : Value::of_number(act->repeats);
}

const CopyFacts* copy_of(const ReadContext& c) noexcept {
  return std::get_if<CopyFacts>(&c.event.facts);
}
Value copy_operation(const ReadContext& c) noexcept {
  const auto* copy = copy_of(c);
  return copy == nullptr ? Value::none() : Value::of_known(copy_operation_name(copy->op));
}
template <std::string CopyFacts::*Member>
Value copy_path(const ReadContext& c) noexcept {
  const auto* copy = copy_of(c);
  return copy == nullptr ? Value::none() : Value::of_known(copy->*Member);
}
Value copy_destination(const ReadContext& c) noexcept {
  const auto* copy = copy_of(c);
  return copy == nullptr ? Value::none() : Value::of(destination_name(*copy));
}
Value copy_address(const ReadContext& c) noexcept {
  const auto* copy = copy_of(c);
  if (copy == nullptr || (copy->family != AF_INET && copy->family != AF_INET6)) return Value::none();
  std::array<char, 48> buffer{};
  c.arena.begin();
  c.arena.append(print_address(make_address(copy->family, copy->remote.address), buffer));
  c.arena.append(":");
  c.arena.append_number(copy->remote.port);
  return Value::of(c.arena.end());
}
Value copy_bytes(const ReadContext& c) noexcept {
  const auto* copy = copy_of(c);
  return copy == nullptr ? Value::none() : Value::of_number(static_cast<std::int64_t>(copy->bytes));
}

const MountFacts* mount_of(const ReadContext& c) noexcept {
  return std::get_if<MountFacts>(&c.event.facts);
}
Value mount_operation(const ReadContext& c) noexcept {
  const auto* mounted = mount_of(c);
  return mounted == nullptr ? Value::none() : Value::of_known(mount_operation_name(mounted->op));
}
template <std::string MountFacts::*Member>
Value mount_text(const ReadContext& c) noexcept {
  const auto* mounted = mount_of(c);
  return mounted == nullptr ? Value::none() : Value::of_known(mounted->*Member);
}
Value mount_flags(const ReadContext& c) noexcept {
  const auto* mounted = mount_of(c);
  return mounted == nullptr ? Value::none() : Value::of_number(static_cast<std::int64_t>(mounted->flags));
}

Value cred_change(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<CredFacts>(&c.event.facts);
  if (facts == nullptr) return Value::none();
  switch (facts->what) {
    case AMBIT_CRED_IDS:
      return Value::of("ids");
    case AMBIT_CRED_CAPS:
      return Value::of("capabilities");
    case AMBIT_CRED_NS:
      return Value::of("namespaces");
    default:
      return Value::none();
  }
}

Value loss_reason(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<LossFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_known(facts->reason);
}
Value loss_count(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<LossFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_number(static_cast<std::int64_t>(facts->count));
}
Value loss_is_attributed(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<LossFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_bool(facts->image != 0);
}

template <std::string CoverageFacts::*Member>
Value coverage(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<CoverageFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_known(facts->*Member);
}

Value reload_ok(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<ReloadFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_bool(facts->ok);
}

Value reload_summary(const ReadContext& c) noexcept {
  const auto* facts = std::get_if<ReloadFacts>(&c.event.facts);
  return facts == nullptr ? Value::none() : Value::of_known(facts->summary);
}

Value ring_entries(const ReadContext& c) noexcept {
  const auto* ring = std::get_if<IoUringFacts>(&c.event.facts);
  return ring == nullptr ? Value::none() : Value::of_number(ring->sq_entries);
}

template <std::uint32_t Flag>
Value quality(const ReadContext& c) noexcept {
  return Value::of_bool((c.event.quality & Flag) != 0);
}

constexpr auto kOpen = bit(EventKind::open);
constexpr auto kCopy = bit(EventKind::copy);
constexpr auto kMount = bit(EventKind::mount);
constexpr auto kMoves = bit(EventKind::rename) | bit(EventKind::link);
constexpr auto kDone = bit(EventKind::exec) | bit(EventKind::fork) | bit(EventKind::cred) |
                       bit(EventKind::cgroup_attach) | bit(EventKind::io_uring) | kTransferKinds;
constexpr auto kWithResult = kFileKinds | kDone | kNetKinds | kActKinds | bit(EventKind::ptrace);
constexpr auto kWithIds = bit(EventKind::chown) | bit(EventKind::cred);
constexpr auto kWithMode = bit(EventKind::chmod) | bit(EventKind::mkdir);
constexpr auto kWithFlags = kOpen | bit(EventKind::io_uring) | bit(EventKind::mount);
constexpr auto kText = FieldType::text;
constexpr auto kNumber = FieldType::number;
constexpr auto kBool = FieldType::boolean;

/// No single event has it.
Value nothing(const ReadContext& /*c*/) noexcept {
  return Value::none();
}

FieldDef row(std::string_view name, FieldType type, unsigned long long kinds, std::string_view doc,
             Value (*read)(const ReadContext&) noexcept) {
  return {{name, type, FieldArgument::none, Several::no, KindSet(kinds), doc}, read};
}

}  // namespace

std::span<const FieldDef> event_fields() {
  static const std::vector<FieldDef> rows = {
      row("evt.type", kText, kAllKinds,
          "kind of the event: open, exec, connect ... (Falco's system call names are accepted in conditions)", type_of),
      row("evt.time", kText, kAllKinds, "seconds since boot, with nanoseconds", time_text),
      row("evt.boottime", kNumber, kAllKinds, "nanoseconds since boot",
          [](const ReadContext& c) noexcept { return Value::of_number(c.event.time.count()); }),
      row("evt.hook", kText, kAllKinds, "hook that wrote the record",
          [](const ReadContext& c) noexcept { return Value::of(hook_name(c.event.hook)); }),
      row("evt.cpu", kNumber, kProcessKinds, "processor it happened on",
          [](const ReadContext& c) noexcept { return Value::of_number(c.event.cpu); }),
      row("evt.res", kText, kWithResult,
          "SUCCESS or the error's name (EACCES); EINPROGRESS for a connect that is told before its result is known",
          result_name),
      row("evt.rawres", kNumber, kWithResult,
          "result as the call returned it; 0 where only success is told; -115 for such a connect", raw_result),
      row("evt.failed", kBool, kWithResult, "the call returned an error other than EINPROGRESS", has_failed),
      row("evt.is_open_read", kBool, kOpen, "opened for reading", open_access<AMBIT_ACCESS_READ>),
      row("evt.is_open_write", kBool, kOpen, "opened for writing", open_access<AMBIT_ACCESS_WRITE>),
      row("evt.is_open_create", kBool, kOpen, "the open made the file", open_access<AMBIT_ACCESS_CREATED>),
      row("evt.is_open_trunc", kBool, kOpen, "the open emptied the file", open_access<AMBIT_ACCESS_TRUNC>),
      row("evt.arrival", kText, kOpen,
          "how the descriptor came to the process: opened, by_handle, received, taken, inherited", arrival),
      of_path(row("evt.arg.path", kText, kFileKinds, "path acted on", path)),
      of_path(row("evt.arg.name", kText, kFileKinds, "path acted on", path)),
      of_path(row("evt.arg.oldpath", kText, kMoves, "rename, link: the name it had", path)),
      row("evt.arg.newpath", kText, kMoves, "rename, link: the name it gets", path2),
      row("evt.arg.target", kText, bit(EventKind::symlink), "symlink: where it leads", path),
      row("evt.arg.linkpath", kText, bit(EventKind::symlink), "symlink: the name of the new link", path2),
      row("evt.rawarg.mode", kNumber, kWithMode, "mode bits asked for", raw_mode),
      row("evt.rawarg.uid", kNumber, kWithIds, "user id that is set", raw_uid),
      row("evt.rawarg.gid", kNumber, kWithIds, "group id that is set", raw_gid),
      row("evt.rawarg.flags", kNumber, kWithFlags, "flags as the kernel holds them", raw_flags),
      row("evt.arg.request", kText, bit(EventKind::ptrace), "PTRACE_ATTACH, PTRACE_SEIZE ...", ptrace_request),
      row("evt.arg.what", kText, bit(EventKind::cred), "what changed: ids, capabilities, namespaces", cred_change),
      row("act.op", kText, kActKinds, "what was done: read, write, SIGKILL, KEYCTL_READ, BPF_PROG_LOAD, load ...",
          act_operation),
      row("act.name", kText, kActKinds, "key description, module, file or program", act_text<&ActFacts::name>),
      row("act.type", kText, bit(EventKind::keyring), "type of the key", act_text<&ActFacts::type>),
      row("act.bytes", kNumber, bit(EventKind::process_vm), "bytes read or written", act_bytes),
      row("act.repeats", kNumber, kActKinds, "equal acts left out since the last that was told", act_repeats),
      row("act.count", kNumber, bit(EventKind::exhaustion),
          "processes made within a second; else how often the limit was met since the last that was told", act_count),
      row("copy.op", kText, kCopy, "sendfile, splice, copy_file_range, clone", copy_operation),
      row("copy.from", kText, kCopy, "path of the file that was copied", copy_path<&CopyFacts::path>),
      row("copy.to", kText, kCopy, "path of where it went, or name of the unix socket", copy_path<&CopyFacts::path2>),
      row("copy.to_type", kText, kCopy, "file, memory (without a name), pipe, socket, unix", copy_destination),
      row("copy.to_address", kText, kCopy, "peer of the network socket it went to", copy_address),
      row("copy.bytes", kNumber, kCopy, "bytes copied, those of equal copies that were left out included", copy_bytes),
      row("mount.op", kText, kMount, "mount, bind, move, change, umount, detached, clone, attach", mount_operation),
      row("mount.type", kText, kMount, "type of the file system", mount_text<&MountFacts::type>),
      row("mount.target", kText, kMount, "what is covered", mount_text<&MountFacts::path>),
      row("mount.source", kText, kMount, "what was mounted there", mount_text<&MountFacts::path2>),
      row("mount.flags", kNumber, kMount, "flags as passed", mount_flags),
      of_path(row("fs.path.name", kText, kFileKinds, "path acted on", path)),
      of_path(row("fs.path.source", kText, kMoves, "rename, link: the name it had", path)),
      row("fs.path.target", kText, kMoves, "rename, link: the name it gets", path2),
      row("io_uring.entries", kNumber, bit(EventKind::io_uring), "submission entries of the ring", ring_entries),
      row("loss.reason", kText, bit(EventKind::loss), "why records were lost", loss_reason),
      row("loss.count", kNumber, bit(EventKind::loss), "how many records were lost", loss_count),
      row("loss.attributed", kBool, bit(EventKind::loss), "it is known whose records were lost", loss_is_attributed),
      row("coverage.signal", kText, bit(EventKind::coverage), "signal whose state changed",
          coverage<&CoverageFacts::signal>),
      row("coverage.hook", kText, bit(EventKind::coverage), "hook in use for the signal whose state changed",
          coverage<&CoverageFacts::hook>),
      row("coverage.state", kText, bit(EventKind::coverage), "new state of the signal",
          coverage<&CoverageFacts::state>),
      row("correlation.count", kNumber, 0, "in outputs of correlations only: events that led to it", nothing),
      row("correlation.value", kNumber, 0,
          "in outputs of correlations only: what the condition looked at (events, different values, sum, rules)",
          nothing),
      row("reload.ok", kBool, bit(EventKind::reload), "the new configuration was taken", reload_ok),
      row("reload.summary", kText, bit(EventKind::reload), "what is in force and what changed, or why it was refused",
          reload_summary),
      row("quality.path_cut", kBool, kAllKinds, "path longer than the buffer: only its end is known",
          quality<AMBIT_Q_PATH_CUT>),
      row("quality.path_steps", kBool, kAllKinds, "path deeper than the walk allows: only its end is known",
          quality<AMBIT_Q_PATH_STEPS>),
      row("quality.path_detached", kBool, kAllKinds, "object not reachable from the process root",
          quality<AMBIT_Q_PATH_DETACHED>),
      row("quality.user_path", kBool, kAllKinds, "path is what the caller passed: racy", quality<AMBIT_Q_USER_PATH>),
      row("quality.argv_cut", kBool, kAllKinds, "arguments were cut", quality<AMBIT_Q_ARGV_CUT>),
      row("quality.inventory", kBool, kAllKinds, "state found at start-up, not an act", quality<AMBIT_Q_INVENTORY>),
      row("quality.undecided", kBool, kAllKinds, "sent before the process was judged", quality<AMBIT_Q_UNDECIDED>),
      row("quality.protected", kBool, kAllKinds, "the object is protected on the whole host",
          quality<AMBIT_Q_PROTECTED>),
      row("quality.compat", kBool, kAllKinds, "32-bit system call", quality<AMBIT_Q_COMPAT>),
      row("quality.unattributed", kBool, kAllKinds, "the acting process is not known from kernel objects",
          quality<AMBIT_Q_UNATTRIBUTED>),
      row("quality.user_addr", kBool, kAllKinds, "address read from the caller's memory: racy",
          quality<AMBIT_Q_USER_ADDR>),
      row("quality.target_number", kBool, kAllKinds, "the other process was found by its number, after the call",
          quality<AMBIT_Q_TARGET_NUMBER>),
      row("quality.on_ambit", kBool, kAllKinds, "the other process is Ambit itself", quality<AMBIT_Q_ON_AMBIT>),
      row("quality.no_btf", kBool, kAllKinds, "this kernel's types lack a part of the record: it is empty",
          quality<AMBIT_Q_NO_BTF>),
      row("quality.hook", kText, kAllKinds, "hook that wrote the record",
          [](const ReadContext& c) noexcept { return Value::of(hook_name(c.event.hook)); }),
      row("quality.family", kText, kAllKinds,
          "family of the hook that wrote the record: base, rich, or user (made by the daemon)",
          [](const ReadContext& c) noexcept { return Value::of(hook_family(c.event.hook)); }),
      row("fd.of_ambit", kText, kFileKinds,
          "Ambit's own file: parts (ledger, program, socket) or rules (configuration, scopes, rules)", of_ambit),
      row("target.is_ambit", kBool, kAllKinds, "the other process is Ambit itself", quality<AMBIT_Q_ON_AMBIT>),
  };
  return rows;
}

}  // namespace ambit::engine
