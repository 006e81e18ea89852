// SPDX-License-Identifier: Apache-2.0
// Life of processes: exec, fork, exit, credentials, cgroups, ptrace, io_uring, other acts.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "decode/redact.h"
#include "reader.h"

namespace ambit::decode {
namespace {

bool kind_of(std::uint32_t act, EventKind& kind) noexcept {
  static constexpr std::array<std::pair<std::uint32_t, EventKind>, 16> kKinds = {
      {{AMBIT_ACT_VM_READ, EventKind::process_vm},
       {AMBIT_ACT_VM_WRITE, EventKind::process_vm},
       {AMBIT_ACT_KCMP, EventKind::kcmp},
       {AMBIT_ACT_PERF_EVENT, EventKind::perf_event},
       {AMBIT_ACT_USERFAULTFD, EventKind::userfaultfd},
       {AMBIT_ACT_ADD_KEY, EventKind::keyring},
       {AMBIT_ACT_REQUEST_KEY, EventKind::keyring},
       {AMBIT_ACT_KEYCTL, EventKind::keyring},
       {AMBIT_ACT_BPF, EventKind::bpf},
       {AMBIT_ACT_MODULE_LOAD, EventKind::kernel_module},
       {AMBIT_ACT_MODULE_UNLOAD, EventKind::kernel_module},
       {AMBIT_ACT_KEXEC, EventKind::kexec},
       {AMBIT_ACT_SIGNAL, EventKind::signal},
       {AMBIT_ACT_FORKS, EventKind::exhaustion},
       {AMBIT_ACT_LIMIT, EventKind::exhaustion},
       {AMBIT_ACT_MEMFD, EventKind::memfd}}};
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [act](const auto& row) { return row.first == act; });
  if (found == kKinds.end()) return false;
  kind = found->second;
  return true;
}

/// Arguments end in NUL each; a last one that was cut may lack it.
std::vector<std::string> split_argv(std::string_view block) {
  std::vector<std::string> out;
  while (!block.empty()) {
    const auto end = block.find('\0');
    out.emplace_back(block.substr(0, end));
    if (end == std::string_view::npos) break;
    block.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

Status decode_exec(Bytes record, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_exec, tail);
  ambit_rec_exec r{};
  if (const auto status = read_fixed(record, kFixed, "exec", r); !status.ok()) return status.error();
  Tail tail(record, kFixed);
  std::string_view path;
  std::string_view filename;
  std::string_view argv;
  if (!tail.take(r.path_len, path)) return length_error("exec", "path", r.path_len);
  if (!tail.take(r.filename_len, filename)) return length_error("exec", "filename", r.filename_len);
  if (!tail.take(r.argv_len, argv)) return length_error("exec", "argv", r.argv_len);

  event.kind = EventKind::exec;
  auto& f = event.facts.emplace<ExecFacts>();
  f.exe = file_object(r.exe);
  f.path = redact_text(path);
  f.filename = redact_text(filename);
  f.argv = redact_argv(split_argv(argv));
  f.comm.assign(r.comm, strnlen(r.comm, sizeof(r.comm)));
  f.parent = {r.parent_tgid, r.parent_start_ns};
  f.old_image = r.old_image_id;
  f.cap_effective = r.cap_effective;
  f.root = {r.root_dev, r.root_ino};
  f.uid = r.uid;
  f.gid = r.gid;
  f.euid = r.euid;
  f.egid = r.egid;
  f.loginuid = r.loginuid;
  f.session = r.session_id;
  f.tty = r.tty;
  f.pid_ns = r.pid_ns;
  f.user_ns = r.user_ns;
  f.net_ns = r.net_ns;
  f.flags = r.flags;
  f.stdio = r.stdio;
  return Ok{};
}

Status decode_fork(Bytes record, Event& event) {
  ambit_rec_fork r{};
  if (const auto status = read_fixed(record, sizeof(ambit_rec_fork), "fork", r); !status.ok()) return status.error();
  event.kind = EventKind::fork;
  event.facts = ForkFacts{{r.child_tgid, r.child_start_ns}, r.child_image_id, r.child_cgroup_id};
  return Ok{};
}

Status decode_exit(Bytes record, Event& event) {
  ambit_rec_exit r{};
  if (const auto status = read_fixed(record, sizeof(ambit_rec_exit), "exit", r); !status.ok()) return status.error();
  event.kind = EventKind::exit;
  event.facts = ExitFacts{r.exit_code};
  return Ok{};
}

Status decode_cred(Bytes record, Event& event) {
  ambit_rec_cred r{};
  if (const auto status = read_fixed(record, sizeof(ambit_rec_cred), "cred", r); !status.ok()) return status.error();
  event.kind = EventKind::cred;
  auto& f = event.facts.emplace<CredFacts>();
  f.old_image = r.old_image_id;
  f.cap_effective = r.cap_effective;
  f.root = {r.root_dev, r.root_ino};
  f.what = r.what;
  f.uid = r.uid;
  f.gid = r.gid;
  f.euid = r.euid;
  f.egid = r.egid;
  f.mnt_ns = r.mnt_ns;
  f.net_ns = r.net_ns;
  return Ok{};
}

Status decode_cgroup(Bytes record, std::uint16_t type, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_cgroup, path);
  ambit_rec_cgroup r{};
  if (const auto status = read_fixed(record, kFixed, "cgroup", r); !status.ok()) return status.error();
  std::string_view path;
  if (!Tail(record, kFixed).take(r.path_len, path)) return length_error("cgroup", "path", r.path_len);
  event.kind = type == AMBIT_REC_CGROUP_ATTACH ? EventKind::cgroup_attach : EventKind::cgroup_name;
  auto& f = event.facts.emplace<CgroupFacts>();
  f.id = r.id;
  f.new_image = r.new_image_id;
  if (!path.empty() && path.front() != '/') f.path = "/";
  f.path += path;
  return Ok{};
}

Status decode_ptrace(Bytes record, Event& event) {
  ambit_rec_ptrace r{};
  if (const auto status = read_fixed(record, sizeof(ambit_rec_ptrace), "ptrace", r); !status.ok())
    return status.error();
  event.kind = EventKind::ptrace;
  event.facts = PtraceFacts{{r.target_tgid, r.target_start_ns}, r.request, r.ret};
  return Ok{};
}

Status decode_io_uring(Bytes record, Event& event) {
  ambit_rec_io_uring r{};
  if (const auto status = read_fixed(record, sizeof(ambit_rec_io_uring), "io_uring", r); !status.ok())
    return status.error();
  event.kind = EventKind::io_uring;
  event.facts = IoUringFacts{r.setup_flags, r.sq_entries, r.cq_entries};
  return Ok{};
}

Status decode_act(Bytes record, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_act, tail);
  ambit_rec_act r{};
  if (const auto status = read_fixed(record, kFixed, "act", r); !status.ok()) return status.error();
  if (!kind_of(r.act, event.kind)) return Error{fmt::format("decode act: {} is not known", r.act)};
  Tail tail(record, kFixed);
  std::string_view text;
  std::string_view text2;
  if (!tail.take(r.text_len, text)) return length_error("act", "text", r.text_len);
  if (!tail.take(r.text2_len, text2)) return length_error("act", "second text", r.text2_len);
  auto& f = event.facts.emplace<ActFacts>();
  f.act = r.act;
  f.target = {r.target_tgid, r.target_start_ns};
  f.number = r.number;
  f.ret = r.ret;
  f.repeats = r.repeats;
  const bool is_key = event.kind == EventKind::keyring;
  f.name = redact_text(is_key ? text2 : text);
  if (is_key) f.type = redact_text(text);
  return Ok{};
}

}  // namespace ambit::decode
