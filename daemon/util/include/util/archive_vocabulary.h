// SPDX-License-Identifier: Apache-2.0
// The vocabulary types as archives hold them. Any change here changes the recording format: raise
// collector::kRecordingVersion with it.
#pragma once

#include "ambit/alert.h"
#include "ambit/event.h"
#include "ambit/judgement.h"
#include "ambit/process.h"
#include "util/archive.h"
#include "util/diagnostics.h"

namespace ambit::util {

template <class Archive>
void describe(Archive& archive, Document& v) {
  archive(v.file, v.text);
}

template <>
inline constexpr EventKind kLastOf<EventKind> = static_cast<EventKind>(kEventKinds - 1);
template <>
inline constexpr ResourceClass kLastOf<ResourceClass> = ResourceClass::other;
template <>
inline constexpr NameSource kLastOf<NameSource> = NameSource::unknown;
template <>
inline constexpr Outcome kLastOf<Outcome> = Outcome::unknown;
template <>
inline constexpr Section kLastOf<Section> = Section::io;
template <>
inline constexpr Phase kLastOf<Phase> = Phase::serve;
template <>
inline constexpr Mode kLastOf<Mode> = Mode::enforce;
template <>
inline constexpr Severity kLastOf<Severity> = Severity::critical;

}  // namespace ambit::util

namespace ambit {

template <class Archive>
void describe(Archive& archive, ProcessKey& v) {
  archive(v.tgid, v.start_ns);
}
template <class Archive>
void describe(Archive& archive, FileId& v) {
  archive(v.dev, v.ino);
}
template <class Archive>
void describe(Archive& archive, FileObject& v) {
  archive(v.id, v.parent_ino, v.size, v.generation, v.nlink, v.mode, v.sb_magic, v.mnt_ns, v.owner_uid,
          v.protected_flags);
}

// Facts of events, in the order of EventFacts.
template <class Archive>
void describe(Archive& archive, ExecFacts& v) {
  archive(v.exe, v.path, v.filename, v.argv, v.comm, v.parent, v.old_image, v.cap_effective, v.root, v.uid, v.gid,
          v.euid, v.egid, v.loginuid, v.session, v.tty, v.pid_ns, v.user_ns, v.net_ns, v.flags, v.stdio);
}
template <class Archive>
void describe(Archive& archive, ForkFacts& v) {
  archive(v.child, v.child_image, v.child_cgroup);
}
template <class Archive>
void describe(Archive& archive, ExitFacts& v) {
  archive(v.status);
}
template <class Archive>
void describe(Archive& archive, CredFacts& v) {
  archive(v.old_image, v.cap_effective, v.root, v.what, v.uid, v.gid, v.euid, v.egid, v.mnt_ns, v.net_ns);
}
template <class Archive>
void describe(Archive& archive, CgroupFacts& v) {
  archive(v.id, v.new_image, v.path);
}
template <class Archive>
void describe(Archive& archive, OpenFacts& v) {
  archive(v.object, v.path, v.target, v.ret, v.access, v.flags, v.real);
}
template <class Archive>
void describe(Archive& archive, NameFacts& v) {
  archive(v.object, v.path, v.path2, v.dir, v.dir2, v.ret, v.mode, v.uid, v.gid);
}
template <class Archive>
void describe(Archive& archive, Endpoint& v) {
  archive(v.address, v.port);
}
template <class Archive>
void describe(Archive& archive, NetFacts& v) {
  archive(v.family, v.sock_type, v.protocol, v.local, v.remote, v.unix_path, v.cookie, v.net_ns, v.ret, v.is_server,
          v.bytes_in, v.bytes_out);
}
template <class Archive>
void describe(Archive& archive, CopyFacts& v) {
  archive(v.from, v.to, v.path, v.path2, v.remote, v.family, v.op, v.repeats, v.bytes);
}
template <class Archive>
void describe(Archive& archive, MountFacts& v) {
  archive(v.target, v.source, v.path, v.path2, v.type, v.flags, v.op, v.ret);
}
template <class Archive>
void describe(Archive& archive, DnsAddress& v) {
  archive(v.name, v.family, v.address, v.ttl_s);
}
template <class Archive>
void describe(Archive& archive, DnsFacts& v) {
  archive(v.is_answer, v.is_tcp, v.id, v.qtype, v.family, v.server_port, v.local_port, v.rcode, v.cookie, v.server,
          v.question, v.cnames, v.addresses);
}
template <class Archive>
void describe(Archive& archive, PtraceFacts& v) {
  archive(v.target, v.request, v.ret);
}
template <class Archive>
void describe(Archive& archive, IoUringFacts& v) {
  archive(v.setup_flags, v.sq_entries, v.cq_entries);
}
template <class Archive>
void describe(Archive& archive, ActFacts& v) {
  archive(v.act, v.target, v.number, v.ret, v.repeats, v.name, v.type);
}
template <class Archive>
void describe(Archive& archive, TickFacts& v) {
  archive(v.wall);
}
template <class Archive>
void describe(Archive& archive, LossFacts& v) {
  archive(v.reason, v.count, v.image);
}
template <class Archive>
void describe(Archive& archive, ProbeFacts& v) {
  archive(v.scope, v.ready, v.source);
}
template <class Archive>
void describe(Archive& archive, ResolvedObject& v) {
  archive(v.pattern, v.path, v.id, v.layer, v.parent_dev, v.parent_ino, v.is_directory, v.real_path);
}
template <class Archive>
void describe(Archive& archive, ObjectsFacts& v) {
  archive(v.scope, v.root, v.objects);
}
template <class Archive>
void describe(Archive& archive, UsersFacts& v) {
  archive(v.users, v.groups);
}
template <class Archive>
void describe(Archive& archive, ReloadFacts& v) {
  archive(v.ok, v.summary);
}
template <class Archive>
void describe(Archive& archive, CoverageFacts& v) {
  archive(v.signal, v.hook, v.state);
}

/// `facts` of the kind that `kind` stands for, empty.
EventFacts empty_facts(EventKind kind);

/// The kind decides which facts follow.
template <class Archive>
void describe(Archive& archive, Event& v) {
  archive(v.kind, v.hook, v.cpu, v.quality, v.time, v.subject, v.tid, v.image, v.cgroup, v.cpu_seq, v.position);
  if constexpr (Archive::kReads) v.facts = empty_facts(v.kind);
  std::visit(
      [&](auto& facts) {
        if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(facts)>, std::monostate>) archive(facts);
      },
      v.facts);
}

template <class Archive>
void describe(Archive& archive, ContainerIdentity& v) {
  archive(v.id, v.runtime, v.pod_uid);
}
template <class Archive>
void describe(Archive& archive, Process& v) {
  archive(v.key, v.image, v.parent, v.exe, v.comm, v.argv, v.exe_object, v.root, v.mnt_ns, v.pid_ns, v.net_ns, v.uid,
          v.gid, v.euid, v.egid, v.loginuid, v.session, v.tty, v.user, v.group, v.cap_effective, v.exec_flags, v.cgroup,
          v.cgroup_path, v.systemd_unit, v.container, v.started, v.from_inventory, v.exec_seen);
}

template <class Archive>
void describe(Archive& archive, Workload& v) {
  archive(v.name, v.owner_team, v.owner_contact, v.scope_hash, v.mode, v.labels);
}
template <class Archive>
void describe(Archive& archive, Verdict& v) {
  archive(v.outcome, v.section, v.phase, v.mode, v.grant, v.reason);
}

template <class Archive>
void describe(Archive& archive, Judgement& v) {
  archive(v.workload, v.is_member, v.is_entered, v.verdict, v.model, v.secret, v.secret_owner, v.scope_place,
          v.is_repeatable);
}
/// Without the event.
template <class Archive>
void describe(Archive& archive, Enriched& v) {
  archive(v.process, v.target, v.resource, v.resource_id, v.peer_name, v.peer_name_source, v.peer_names,
          v.leaves_trace);
}

template <class Archive>
void describe(Archive& archive, FrameworkIds& v) {
  archive(v.attack, v.atlas, v.owasp_llm, v.owasp_asi, v.owasp_nhi, v.csf, v.ai_rmf);
}
template <class Archive>
void describe(Archive& archive, RuleInfo& v) {
  archive(v.id, v.name, v.description, v.response, v.severity, v.tags, v.frameworks);
}
template <class Archive>
void describe(Archive& archive, AlertObject& v) {
  archive(v.kind, v.path, v.path2, v.file, v.resource, v.model, v.secret, v.secret_owner, v.peer_address, v.peer_name,
          v.peer_port, v.protocol, v.process);
}
template <class Archive>
void describe(Archive& archive, AlertInstance& v) {
  archive(v.key, v.first, v.last, v.count);
}
template <class Archive>
void describe(Archive& archive, AlertContext& v) {
  archive(v.losses_total, v.blind_signals);
}
template <class Archive>
void describe(Archive& archive, TrailStep& v) {
  archive(v.time, v.event, v.rule, v.process, v.exe, v.object);
}
template <class Archive>
void describe(Archive& archive, Trail& v) {
  archive(v.steps, v.more);
}
template <class Archive>
void describe(Archive& archive, Alert& v) {
  archive(v.id, v.revision, v.window_closed, v.rule, v.message, v.event, v.time, v.wall_first, v.wall_last, v.count,
          v.workload, v.is_member, v.is_entered, v.verdict, v.process, v.object, v.quality, v.hook, v.instances,
          v.instances_more, v.trail, v.context);
}

}  // namespace ambit
