// SPDX-License-Identifier: Apache-2.0
// proc.*, thread.*, user.*, group.*, container.*, k8s.*, target.*: who acted, and on whom.
#include <array>
#include <variant>

#include "ambit/abi/record.h"
#include "field_table.h"

namespace ambit::engine {
namespace {

using Pick = std::string_view (*)(const Process&);

std::string_view comm(const Process& p) {
  return p.comm;
}
std::string_view exe_path(const Process& p) {
  return p.exe;
}
std::string_view argv0(const Process& p) {
  return p.argv.empty() ? std::string_view(p.exe) : std::string_view(p.argv.front());
}
std::string_view exe_name(const Process& p) {
  const std::string_view path = p.exe;
  return path.substr(path.rfind('/') + 1);
}

const Process* ancestor(const Process* p, int level) noexcept {
  for (int i = 0; p != nullptr && i < level; ++i) p = p->parent.get();
  return p;
}

std::size_t chain_length(const Process* p) noexcept {
  std::size_t out = 0;
  for (; p != nullptr; p = p->parent.get()) ++out;
  return out;
}

template <Pick pick>
Value own(const ReadContext& c) noexcept {
  const auto* p = c.process();
  return p == nullptr ? Value::none() : Value::of_known(pick(*p));
}
template <Pick pick>
Value of_parent(const ReadContext& c) noexcept {
  const auto* p = ancestor(c.process(), 1);
  return p == nullptr ? Value::none() : Value::of_known(pick(*p));
}
template <Pick pick>
Value of_target(const ReadContext& c) noexcept {
  const auto* p = c.target();
  return p == nullptr ? Value::none() : Value::of_known(pick(*p));
}
/// With an index that ancestor alone (0 = the process itself), else all from the parent up.
template <Pick pick>
Value of_ancestors(const ReadContext& c) noexcept {
  if (c.field.index >= 0) {
    const auto* p = ancestor(c.process(), c.field.index);
    return p == nullptr ? Value::none() : Value::of_known(pick(*p));
  }
  const auto* const parent = ancestor(c.process(), 1);
  const auto room = c.arena.texts(chain_length(parent));
  std::size_t filled = 0;
  for (const auto* p = parent; p != nullptr && filled < room.size(); p = p->parent.get()) room[filled++] = pick(*p);
  return filled == 0 ? Value::none() : Value::of_texts(room);
}

std::string_view key_text(const ProcessKey& key, Arena& arena) noexcept {
  arena.begin();
  arena.append_number(key.tgid);
  arena.append(":");
  arena.append_number(static_cast<std::int64_t>(key.start_ns));
  return arena.end();
}

/// The process itself is known by its key even where nothing else is.
Value lineage(const ReadContext& c) noexcept {
  const auto* own = c.process();
  const ProcessKey self = c.event.subject.tgid != 0 || own == nullptr ? c.event.subject : own->key;
  if (self.tgid == 0) return Value::none();
  if (c.field.index == 0) return Value::of(key_text(self, c.arena));
  if (c.field.index > 0) {
    const auto* p = ancestor(own, c.field.index);
    return p == nullptr || p->key.tgid == 0 ? Value::none() : Value::of(key_text(p->key, c.arena));
  }
  std::size_t n = 1;
  for (const auto* p = ancestor(own, 1); p != nullptr; p = p->parent.get()) ++n;
  const auto room = c.arena.texts(n);
  if (room.empty()) return Value::none();
  std::size_t filled = 0;
  room[filled++] = key_text(self, c.arena);
  for (const auto* p = ancestor(own, 1); p != nullptr && filled < room.size(); p = p->parent.get())
    room[filled++] = key_text(p->key, c.arena);
  return Value::of_texts(room);
}

/// Falco's form: the name, then the arguments after the first, joined by blanks.
Value command_line(const Process* p, Arena& arena) noexcept {
  if (p == nullptr || p->comm.empty()) return Value::none();
  arena.begin();
  arena.append(p->comm);
  for (std::size_t i = 1; i < p->argv.size(); ++i) {
    arena.append(" ");
    arena.append(p->argv[i]);
  }
  return Value::of(arena.end());
}

Value args(const ReadContext& c) noexcept {
  const auto* p = c.process();
  if (p == nullptr || p->argv.empty()) return Value::none();
  c.arena.begin();
  for (std::size_t i = 1; i < p->argv.size(); ++i) {
    if (i > 1) c.arena.append(" ");
    c.arena.append(p->argv[i]);
  }
  return Value::of(c.arena.end());
}

template <class T>
Value number(const Process* p, T Process::*member) noexcept {
  return p == nullptr ? Value::none() : Value::of_number(static_cast<std::int64_t>(p->*member));
}
template <auto Member>
Value own_number(const ReadContext& c) noexcept {
  return number(c.process(), Member);
}
template <std::string Process::*Member>
Value own_text(const ReadContext& c) noexcept {
  const auto* p = c.process();
  return p == nullptr ? Value::none() : Value::of_known(p->*Member);
}
template <std::uint32_t Flag>
Value exec_flag(const ReadContext& c) noexcept {
  const auto* p = c.process();
  return p == nullptr ? Value::none() : Value::of_bool((p->exec_flags & Flag) != 0);
}

Value pid_of(const Process* p) noexcept {
  return p == nullptr || p->key.tgid == 0 ? Value::none() : Value::of_number(p->key.tgid);
}

Value ancestor_pids(const ReadContext& c) noexcept {
  if (c.field.index >= 0) return pid_of(ancestor(c.process(), c.field.index));
  const auto* const parent = ancestor(c.process(), 1);
  const auto room = c.arena.numbers(chain_length(parent));
  std::size_t filled = 0;
  for (const auto* p = parent; p != nullptr && filled < room.size(); p = p->parent.get()) room[filled++] = p->key.tgid;
  return filled == 0 ? Value::none() : Value::of_numbers(room);
}

Value ancestor_command_lines(const ReadContext& c) noexcept {
  if (c.field.index >= 0) return command_line(ancestor(c.process(), c.field.index), c.arena);
  const auto* const parent = ancestor(c.process(), 1);
  const auto room = c.arena.texts(chain_length(parent));
  std::size_t filled = 0;
  for (const auto* p = parent; p != nullptr && filled < room.size(); p = p->parent.get()) {
    const auto line = command_line(p, c.arena);
    if (!line.is_missing()) room[filled++] = line.as_text();
  }
  return filled == 0 ? Value::none() : Value::of_texts(room.first(filled));
}

/// The name of the session's leader: the acting process or the ancestor whose id the session has.
Value session_name(const ReadContext& c) noexcept {
  const auto* self = c.process();
  if (self == nullptr || self->session == 0) return Value::none();
  for (const auto* p = self; p != nullptr; p = p->parent.get()) {
    if (p->key.tgid == self->session) return Value::of_known(p->comm);
  }
  return Value::none();
}

Value argument_count(const ReadContext& c) noexcept {
  const auto* p = c.process();
  if (p == nullptr || p->argv.empty()) return Value::none();
  return Value::of_number(static_cast<std::int64_t>(p->argv.size()) - 1);
}

Value thread_id(const ReadContext& c) noexcept {
  return c.event.tid == 0 ? Value::none() : Value::of_number(c.event.tid);
}

Value pid(const ReadContext& c) noexcept {
  return c.event.subject.tgid == 0 ? pid_of(c.process()) : Value::of_number(c.event.subject.tgid);
}

Value duration(const ReadContext& c) noexcept {
  const auto* p = c.process();
  if (p == nullptr || p->started.count() == 0) return Value::none();
  return Value::of_number((c.event.time - p->started).count());
}

/// Named by the record even where nothing else is known of it.
ProcessKey target_key(const ReadContext& c) noexcept {
  if (const auto* open = std::get_if<OpenFacts>(&c.event.facts)) return open->target;
  if (const auto* trace = std::get_if<PtraceFacts>(&c.event.facts)) return trace->target;
  if (const auto* act = std::get_if<ActFacts>(&c.event.facts)) return act->target;
  const auto* fork = std::get_if<ForkFacts>(&c.event.facts);
  return fork == nullptr ? ProcessKey{} : fork->child;
}
Value target_pid(const ReadContext& c) noexcept {
  const auto key = target_key(c);
  return key.tgid == 0 ? pid_of(c.target()) : Value::of_number(key.tgid);
}
Value is_self(const ReadContext& c) noexcept {
  const auto key = target_key(c);
  return key.tgid == 0 ? Value::none() : Value::of_bool(key == c.event.subject);
}

Value has_stdio_socket(const ReadContext& c) noexcept {
  const auto* exec = std::get_if<ExecFacts>(&c.event.facts);
  return exec == nullptr ? Value::none() : Value::of_bool(exec->stdio != 0);
}

Value login_uid(const ReadContext& c) noexcept {
  const auto* p = c.process();
  if (p == nullptr) return Value::none();
  return Value::of_number(p->loginuid == ~0U ? -1 : static_cast<std::int64_t>(p->loginuid));
}

Value capabilities(const ReadContext& c) noexcept {
  // linux/capability.h, by number.
  static constexpr std::array<std::string_view, 41> kNames = {"CAP_CHOWN",
                                                              "CAP_DAC_OVERRIDE",
                                                              "CAP_DAC_READ_SEARCH",
                                                              "CAP_FOWNER",
                                                              "CAP_FSETID",
                                                              "CAP_KILL",
                                                              "CAP_SETGID",
                                                              "CAP_SETUID",
                                                              "CAP_SETPCAP",
                                                              "CAP_LINUX_IMMUTABLE",
                                                              "CAP_NET_BIND_SERVICE",
                                                              "CAP_NET_BROADCAST",
                                                              "CAP_NET_ADMIN",
                                                              "CAP_NET_RAW",
                                                              "CAP_IPC_LOCK",
                                                              "CAP_IPC_OWNER",
                                                              "CAP_SYS_MODULE",
                                                              "CAP_SYS_RAWIO",
                                                              "CAP_SYS_CHROOT",
                                                              "CAP_SYS_PTRACE",
                                                              "CAP_SYS_PACCT",
                                                              "CAP_SYS_ADMIN",
                                                              "CAP_SYS_BOOT",
                                                              "CAP_SYS_NICE",
                                                              "CAP_SYS_RESOURCE",
                                                              "CAP_SYS_TIME",
                                                              "CAP_SYS_TTY_CONFIG",
                                                              "CAP_MKNOD",
                                                              "CAP_LEASE",
                                                              "CAP_AUDIT_WRITE",
                                                              "CAP_AUDIT_CONTROL",
                                                              "CAP_SETFCAP",
                                                              "CAP_MAC_OVERRIDE",
                                                              "CAP_MAC_ADMIN",
                                                              "CAP_SYSLOG",
                                                              "CAP_WAKE_ALARM",
                                                              "CAP_BLOCK_SUSPEND",
                                                              "CAP_AUDIT_READ",
                                                              "CAP_PERFMON",
                                                              "CAP_BPF",
                                                              "CAP_CHECKPOINT_RESTORE"};
  const auto* p = c.process();
  if (p == nullptr) return Value::none();
  c.arena.begin();
  bool first = true;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((p->cap_effective >> i & 1U) == 0) continue;
    if (!first) c.arena.append(" ");
    c.arena.append(kNames[i]);
    first = false;
  }
  return Value::of(c.arena.end());
}

Value container_id(const ReadContext& c) noexcept {
  const auto* p = c.process();
  if (p == nullptr) return Value::none();
  return Value::of(p->container ? std::string_view(p->container->id).substr(0, 12) : std::string_view("host"));
}
template <std::string ContainerIdentity::*Member>
Value container_text(const ReadContext& c) noexcept {
  const auto* p = c.process();
  return p == nullptr || !p->container ? Value::none() : Value::of_known((*p->container).*Member);
}

constexpr auto kText = FieldType::text;
constexpr auto kNumber = FieldType::number;
constexpr auto kBool = FieldType::boolean;
constexpr auto kTargetKinds = bit(EventKind::fork) | bit(EventKind::open) | bit(EventKind::ptrace) | kActKinds;

FieldDef row(std::string_view name, FieldType type, std::string_view doc, Value (*read)(const ReadContext&) noexcept) {
  return {{name, type, FieldArgument::none, Several::no, KindSet(kProcessKinds), doc, true}, read};
}
/// Of the acting process in this event: not the same for all events of a snapshot.
FieldDef event_row(std::string_view name, FieldType type, std::string_view doc,
                   Value (*read)(const ReadContext&) noexcept) {
  return {{name, type, FieldArgument::none, Several::no, KindSet(kProcessKinds), doc}, read};
}
FieldDef ancestry(std::string_view name, FieldType type, std::string_view doc,
                  Value (*read)(const ReadContext&) noexcept) {
  return {{name, type, FieldArgument::optional_index, Several::ancestors, KindSet(kProcessKinds), doc, true}, read};
}
FieldDef target(std::string_view name, FieldType type, std::string_view doc,
                Value (*read)(const ReadContext&) noexcept) {
  return {{name, type, FieldArgument::none, Several::no, KindSet(kTargetKinds), doc}, read};
}

}  // namespace

std::span<const FieldDef> process_fields() {
  static const std::vector<FieldDef> rows = {
      row("proc.name", kText, "command name, at most 15 bytes", own<comm>),
      row("proc.exe", kText, "first argument", own<argv0>),
      row("proc.exepath", kText, "executable file as the process sees it", own<exe_path>),
      row("proc.exefile", kText, "file name of proc.exepath", own<exe_name>),
      row("proc.cmdline", kText, "name and arguments, secrets removed",
          [](const ReadContext& c) noexcept { return command_line(c.process(), c.arena); }),
      row("proc.args", kText, "arguments after the first, secrets removed; empty where there are none", args),
      event_row("proc.pid", kNumber, "process id in the host's namespace", pid),
      row("proc.ppid", kNumber, "parent's process id",
          [](const ReadContext& c) noexcept { return pid_of(ancestor(c.process(), 1)); }),
      ancestry("proc.apid", kNumber, "process id of ancestor n (0 = itself), or of any ancestor", ancestor_pids),
      row("proc.pname", kText, "parent's name", of_parent<comm>),
      row("proc.pexe", kText, "parent's first argument", of_parent<argv0>),
      row("proc.pexepath", kText, "parent's executable file", of_parent<exe_path>),
      row("proc.pcmdline", kText, "parent's name and arguments",
          [](const ReadContext& c) noexcept { return command_line(ancestor(c.process(), 1), c.arena); }),
      ancestry("proc.aname", kText, "name of ancestor n (0 = itself), or of any ancestor", of_ancestors<comm>),
      ancestry("proc.aexe", kText, "first argument of ancestor n, or of any", of_ancestors<argv0>),
      ancestry("proc.aexepath", kText, "executable file of ancestor n, or of any", of_ancestors<exe_path>),
      ancestry("proc.acmdline", kText, "name and arguments of ancestor n, or of any", ancestor_command_lines),
      {{"proc.lineage", kText, FieldArgument::optional_index, Several::ancestors, KindSet(kProcessKinds),
        "process instance as pid:start, of ancestor n (0 = itself), or of itself and all ancestors"},
       lineage},
      row("proc.tty", kNumber, "controlling terminal's device number, 0 = none", own_number<&Process::tty>),
      row("proc.sid", kNumber, "session id", own_number<&Process::session>),
      row("proc.sname", kText, "name of the session's leader, where it is the process or an ancestor", session_name),
      row("proc.cmdnargs", kNumber, "arguments after the first", argument_count),
      event_row("thread.tid", kNumber, "thread id in the host's namespace", thread_id),
      event_row("proc.duration", kNumber, "nanoseconds since the image started", duration),
      row("proc.is_exe_from_memfd", kBool, "image lives in a memfd or unlinked shared memory",
          exec_flag<AMBIT_EXEC_MEMFD>),
      row("proc.is_exe_deleted", kBool, "executable file had no name left at exec", exec_flag<AMBIT_EXEC_DELETED>),
      row("proc.is_foreign_root", kBool, "root or mount namespace differs from the host's",
          exec_flag<AMBIT_EXEC_FOREIGN_ROOT>),
      {{"proc.stdio_socket", kBool, FieldArgument::none, Several::no, KindSet(bit(EventKind::exec)),
        "standard input, output or error is a network socket"},
       has_stdio_socket},
      row("proc.cgroup", kText, "path of the control group", own_text<&Process::cgroup_path>),
      row("proc.unit", kText, "innermost systemd unit", own_text<&Process::systemd_unit>),
      row("thread.cap_effective", kText, "effective capabilities, by name, parted by blanks", capabilities),
      row("user.uid", kNumber, "effective user id", own_number<&Process::euid>),
      row("user.euid", kNumber, "effective user id, the same as user.uid", own_number<&Process::euid>),
      row("user.ruid", kNumber, "real user id: who started it", own_number<&Process::uid>),
      row("user.name", kText, "name of the effective user id", own_text<&Process::user>),
      row("user.loginuid", kNumber, "login user id, -1 = none", login_uid),
      row("group.gid", kNumber, "effective group id", own_number<&Process::egid>),
      row("group.rgid", kNumber, "real group id", own_number<&Process::gid>),
      row("group.name", kText, "name of the effective group id", own_text<&Process::group>),
      row("container.id", kText, "first 12 characters of the container's id, 'host' outside", container_id),
      row("container.full_id", kText, "the container's id", container_text<&ContainerIdentity::id>),
      row("container.type", kText, "docker, containerd, cri-o, podman, unknown",
          container_text<&ContainerIdentity::runtime>),
      row("k8s.pod.uid", kText, "uid of the pod", container_text<&ContainerIdentity::pod_uid>),
      target("target.pid", kNumber, "ptrace, process_vm, signal, /proc/<pid>/..., fork: the other process", target_pid),
      target("target.is_self", kBool, "the other process is the acting one", is_self),
      target("target.name", kText, "name of the other process", of_target<comm>),
      target("target.exepath", kText, "executable file of the other process", of_target<exe_path>),
      target("target.cmdline", kText, "name and arguments of the other process",
             [](const ReadContext& c) noexcept { return command_line(c.target(), c.arena); }),
  };
  return rows;
}

}  // namespace ambit::engine
