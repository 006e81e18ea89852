// SPDX-License-Identifier: Apache-2.0
#include "known_process.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "ambit/abi/record.h"
#include "decode/decode.h"

namespace ambit::app {
namespace {

constexpr std::size_t kFixed = offsetof(ambit_rec_exec, tail);

ambit_object object_of(const FileObject& file) {
  ambit_object out{};
  out.ino = file.id.ino;
  out.parent_ino = file.parent_ino;
  out.size = file.size;
  out.dev = file.id.dev;
  out.generation = file.generation;
  out.nlink = file.nlink;
  out.mode = file.mode;
  out.sb_magic = file.sb_magic;
  out.mnt_ns = file.mnt_ns;
  out.uid = file.owner_uid;
  out.protected_flags = file.protected_flags;
  return out;
}

ambit_rec_exec exec_of(const Process& p) {
  ambit_rec_exec r{};
  r.h.type = AMBIT_REC_EXEC;
  r.h.hook = AMBIT_HOOK_USER;
  r.h.abi = AMBIT_ABI;
  r.h.quality = AMBIT_Q_INVENTORY;
  r.h.boot_ns = static_cast<std::uint64_t>(p.started.count());
  r.h.image_id = p.image;
  r.h.cgroup_id = p.cgroup;
  r.h.leader_start_ns = p.key.start_ns;
  r.h.tgid = r.h.tid = p.key.tgid;
  r.exe = object_of(p.exe_object);
  r.exe.mnt_ns = p.mnt_ns;
  r.cap_effective = p.cap_effective;
  r.root_ino = p.root.ino;
  r.root_dev = p.root.dev;
  if (p.parent) {
    r.parent_tgid = p.parent->key.tgid;
    r.parent_start_ns = p.parent->key.start_ns;
  }
  r.uid = p.uid;
  r.gid = p.gid;
  r.euid = p.euid;
  r.egid = p.egid;
  r.loginuid = p.loginuid;
  r.session_id = p.session;
  r.pid_ns = p.pid_ns;
  r.net_ns = p.net_ns;
  r.flags = p.exec_flags;
  r.tty = p.tty;
  p.comm.copy(r.comm, sizeof(r.comm));
  return r;
}

}  // namespace

ambit_known_key known_key(const ProcessKey& process, ImageId image) {
  return {.start_ns = process.start_ns, .image_id = image, .tgid = process.tgid, .pad = 0};
}

ambit_known known_value(const Process& process, const scope::Standing& standing) {
  ambit_known out{};
  out.scope = standing.scope;
  out.phase_started_ns = static_cast<std::uint64_t>(standing.phase_started.count());
  out.last_weights_ns = static_cast<std::uint64_t>(standing.last_weights.count());
  out.standing = (standing.is_serving ? AMBIT_KNOWN_SERVING : 0) | (standing.is_entered ? AMBIT_KNOWN_ENTERED : 0) |
                 (standing.is_launcher ? AMBIT_KNOWN_LAUNCHER : 0) | (standing.is_server ? AMBIT_KNOWN_SERVER : 0) |
                 (standing.is_under_server ? AMBIT_KNOWN_UNDER_SERVER : 0);
  ambit_rec_exec exec = exec_of(process);
  std::string argv;
  for (const auto& argument : process.argv) argv.append(argument).push_back('\0');
  constexpr std::size_t kRoom = AMBIT_KNOWN_RECORD_BYTES - kFixed;
  // The end of a long path tells more than its beginning.
  const std::string_view path =
      process.exe.size() > kRoom ? std::string_view(process.exe).substr(process.exe.size() - kRoom) : process.exe;
  if (path.size() < process.exe.size()) exec.h.quality |= AMBIT_Q_PATH_CUT;
  const auto argv_len = std::min(argv.size(), kRoom - path.size());
  if (argv_len < argv.size()) exec.h.quality |= AMBIT_Q_ARGV_CUT;
  exec.path_len = static_cast<std::uint16_t>(path.size());
  exec.argv_len = static_cast<std::uint16_t>(argv_len);
  exec.h.size = static_cast<std::uint32_t>(kFixed + path.size() + argv_len);
  std::memcpy(out.record, &exec, kFixed);
  path.copy(reinterpret_cast<char*>(out.record) + kFixed, path.size());
  argv.copy(reinterpret_cast<char*>(out.record) + kFixed + path.size(), argv_len);
  out.record_len = static_cast<std::uint16_t>(exec.h.size);
  // A part of it would name another group.
  if (process.cgroup_path.size() <= AMBIT_KNOWN_CGROUP_BYTES) {
    out.cgroup_len = static_cast<std::uint16_t>(process.cgroup_path.copy(out.cgroup, AMBIT_KNOWN_CGROUP_BYTES));
  }
  return out;
}

std::optional<KnownProcess> known_process(const kernel::KnownRow& row) {
  const ambit_known& value = row.second;
  if (value.record_len > sizeof(value.record) || value.cgroup_len > sizeof(value.cgroup)) return std::nullopt;
  const auto exec = decode::decode(std::as_bytes(std::span(value.record)).first(value.record_len), 0);
  if (!exec.ok() || exec->kind != EventKind::exec) return std::nullopt;
  KnownProcess out;
  out.exec = *exec;
  if (value.cgroup_len != 0) {
    Event& name = out.cgroup.emplace();
    name.kind = EventKind::cgroup_name;
    name.hook = AMBIT_HOOK_USER;
    name.quality = AMBIT_Q_INVENTORY;
    name.time = exec->time;
    auto& facts = name.facts.emplace<CgroupFacts>();
    facts.id = exec->cgroup;
    facts.path.assign(value.cgroup, value.cgroup_len);
  }
  auto& s = out.standing;
  s.scope = value.scope;
  s.is_serving = (value.standing & AMBIT_KNOWN_SERVING) != 0;
  s.is_entered = (value.standing & AMBIT_KNOWN_ENTERED) != 0;
  s.is_launcher = (value.standing & AMBIT_KNOWN_LAUNCHER) != 0;
  s.is_server = (value.standing & AMBIT_KNOWN_SERVER) != 0;
  s.is_under_server = (value.standing & AMBIT_KNOWN_UNDER_SERVER) != 0;
  out.is_daemon = (value.standing & AMBIT_KNOWN_DAEMON) != 0;
  out.is_canary = (value.standing & AMBIT_KNOWN_CANARY) != 0;
  s.phase_started = BootTime(static_cast<std::int64_t>(value.phase_started_ns));
  s.last_weights = BootTime(static_cast<std::int64_t>(value.last_weights_ns));
  return out;
}

}  // namespace ambit::app
