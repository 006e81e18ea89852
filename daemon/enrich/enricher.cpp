// SPDX-License-Identifier: Apache-2.0
#include "enrich/enricher.h"

#include <sys/socket.h>

#include <unordered_set>

#include "ambit/abi/record.h"
#include "cgroup_table.h"
#include "lineage.h"
#include "peer_names.h"
#include "process_table.h"
#include "resources.h"
#include "util/archive_vocabulary.h"

namespace ambit::enrich {
namespace {

using Names = std::unordered_map<std::uint32_t, std::string>;

std::string name_of_id(const Names& names, std::uint32_t id) {
  const auto it = names.find(id);
  return it == names.end() ? std::string() : it->second;
}

/// Whether the kind has a subject at all; the rest are the daemon's own.
bool is_act(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::tick:
    case EventKind::loss:
    case EventKind::probe:
    case EventKind::objects:
    case EventKind::users:
    case EventKind::reload:
    case EventKind::coverage:
      return false;
    default:
      return true;
  }
}

}  // namespace

class Enricher::Impl {
 public:
  Impl(std::shared_ptr<const Catalog> catalog, Limits limits)
      : classifier_(std::move(catalog)),
        limits_(std::move(limits)),
        table_(limits_, counters_),
        cgroups_(limits_, counters_),
        names_(limits_, counters_) {}

  void apply(const Event& event, Enriched& out) {
    clear(out);
    out.event = &event;
    table_.reap(event.time);
    if (!is_act(event.kind)) {
      out.process.reset();
      apply_own(event, out);
      return;
    }
    apply_act(event, out);
    const auto found = classifier_.of(event);
    out.resource = found.resource;
    out.resource_id = found.id;
  }

  void replace(std::shared_ptr<const Catalog> catalog) { classifier_ = Classifier(std::move(catalog)); }
  [[nodiscard]] const ProcessTable& table() const noexcept { return table_; }
  [[nodiscard]] const CgroupTable& cgroups() const noexcept { return cgroups_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::vector<TableUse> tables() const {
    return {{"processes", table_.size(), limits_.processes, counters_.processes_evicted + counters_.processes_refused},
            {"process_bytes", table_.bytes(), limits_.process_bytes, 0},  // met together with `processes`
            {"cgroups", cgroups_.size(), limits_.cgroups, counters_.cgroups_evicted},
            {"dns_questions", names_.pending(), limits_.dns_pending, counters_.dns_evicted},
            {"dns_holders", names_.holders(), limits_.dns_holders, 0}};  // counted with `dns_questions`
  }

  [[nodiscard]] bool is_sound() const noexcept { return table_.is_sound() && names_.is_sound(); }

  template <class Archive>
  friend void describe(Archive& archive, Impl& v) {
    archive(v.table_, v.cgroups_, v.names_, v.users_, v.groups_, v.resolver_sockets_);
  }

 private:
  /// What an earlier event left in it goes, but for the memory of its texts and the process, which each event sets.
  static void clear(Enriched& out) noexcept {
    out.target.reset();
    out.resource = ResourceClass::none;
    out.peer_name.clear();
    out.resource_id.clear();
    out.peer_name_source = NameSource::none;
    out.peer_names.clear();
    out.leaves_trace = false;
  }

  void apply_own(const Event& event, Enriched& out) {
    if (const auto* users = std::get_if<UsersFacts>(&event.facts)) {
      users_ = Names(users->users.begin(), users->users.end());
      groups_ = Names(users->groups.begin(), users->groups.end());
    } else if (const auto* loss = std::get_if<LossFacts>(&event.facts); loss != nullptr && loss->image != 0) {
      out.process = table_.find_image(loss->image);
    }
  }

  void apply_act(const Event& event, Enriched& out) {
    if (const auto* exec = std::get_if<ExecFacts>(&event.facts)) {
      out.process = apply_exec(event, *exec);
      return;
    }
    if (event.kind == EventKind::cgroup_name) {
      const auto& facts = std::get<CgroupFacts>(event.facts);
      cgroups_.add(facts.id, facts.path);
    }
    if (event.kind == EventKind::traffic) {
      out.process = owner_of_socket(event);
      apply_net(event, std::get<NetFacts>(event.facts), out);
      return;
    }
    set_subject(event, out.process);
    if (const auto* fork = std::get_if<ForkFacts>(&event.facts)) {
      out.target = apply_fork(event, *fork, out.process);
    } else if (const auto* cred = std::get_if<CredFacts>(&event.facts)) {
      out.process = apply_cred(event, *cred, *out.process);
    } else if (event.kind == EventKind::cgroup_attach) {
      out.process = apply_attach(event, std::get<CgroupFacts>(event.facts), *out.process);
    } else if (event.kind == EventKind::exit) {
      table_.mark_exited(event.subject, event.time);
    } else if (const auto* open = std::get_if<OpenFacts>(&event.facts)) {
      out.target = other_process(open->target);
    } else if (const auto* ptrace = std::get_if<PtraceFacts>(&event.facts)) {
      out.target = other_process(ptrace->target);
    } else if (const auto* act = std::get_if<ActFacts>(&event.facts)) {
      out.target = other_process(act->target);
    } else if (const auto* dns = std::get_if<DnsFacts>(&event.facts)) {
      apply_dns(event, *dns, out);
    } else if (const auto* net = std::get_if<NetFacts>(&event.facts)) {
      apply_net(event, *net, out);
    }
  }

  /// subject_of(), without a copy where the table's is as it should be.
  void set_subject(const Event& event, ProcessRef& subject) {
    const auto* known = event.hook == AMBIT_HOOK_FANOTIFY ? nullptr : table_.look_at(event.subject);
    if (known == nullptr || lacks(event, **known) != 0) {
      subject = subject_of(event);
    } else if (subject != *known) {
      subject = *known;
    }
  }

  /// The subject as the table knows it, made known where it is not. Never null.
  ProcessRef subject_of(const Event& event) {
    auto process = event.hook == AMBIT_HOOK_FANOTIFY ? table_.find_by_tick(event.subject) : table_.find(event.subject);
    if (process) return refreshed(event, process);
    auto stub = std::make_shared<Process>();
    stub->key = event.subject;
    stub->image = event.image;
    stub->started = BootTime(event.subject.start_ns);
    set_cgroup(*stub, event.cgroup);
    // A pid without a start time is no identity, and fanotify's start time is cut: neither makes an entry.
    if (event.subject.tgid != 0 && event.subject.start_ns != 0 && event.hook != AMBIT_HOOK_FANOTIFY) {
      ++counters_.processes_unseen;
      table_.put(stub, event.time);
    }
    return stub;
  }

  /// What became known after the snapshot was made: an image whose record was lost, the cgroup's name, user names.
  enum Lack : unsigned { kImage = 1, kPath = 2, kUser = 4 };
  [[nodiscard]] unsigned lacks(const Event& event, const Process& process) const {
    const bool has_newer_image =
        event.image > process.image && event.kind != EventKind::cred && event.kind != EventKind::cgroup_attach;
    const bool has_path = process.cgroup_path.empty() && cgroups_.find(process.cgroup) != nullptr;
    // A stub's user is not known; a forked child's is its parent's, and its parent may have got the name later.
    const bool has_user = process.user.empty() && users_.contains(process.euid) && !process.exe.empty();
    return (has_newer_image ? kImage : 0U) | (has_path ? kPath : 0U) | (has_user ? kUser : 0U);
  }

  /// Fills that in.
  ProcessRef refreshed(const Event& event, const ProcessRef& process) {
    const auto lack = lacks(event, *process);
    if (lack == 0) return process;
    auto copy = std::make_shared<Process>(*process);
    if ((lack & kImage) != 0) copy->image = event.image;
    if ((lack & kPath) != 0) set_cgroup(*copy, copy->cgroup);
    set_user_names(*copy);
    table_.put(copy, event.time);
    return copy;
  }

  /// Told up to a second later, of an image that the process may have left, or after its end: tells nothing new of it.
  ProcessRef owner_of_socket(const Event& event) {
    if (auto known = table_.find(event.subject)) return known;
    auto stub = std::make_shared<Process>();
    stub->key = event.subject;
    stub->image = event.image;
    return stub;
  }

  ProcessRef other_process(const ProcessKey& key) {
    if (key.tgid == 0) return nullptr;
    if (auto known = table_.find(key)) return known;
    auto stub = std::make_shared<Process>();
    stub->key = key;
    return stub;
  }

  ProcessRef apply_exec(const Event& event, const ExecFacts& facts) {
    const auto before = table_.find(event.subject);
    const bool is_inventory = (event.quality & AMBIT_Q_INVENTORY) != 0;
    // What was seen live is newer than what the inventory found.
    if (is_inventory && before && before->exec_seen && !before->from_inventory) return before;

    auto process = std::make_shared<Process>();
    process->key = event.subject;
    process->image = event.image;
    // The birth parent is kept: a daemon's reaper is not who started it.
    if (before && before->parent) {
      process->parent = before->parent;
    } else if (facts.parent.tgid != 0) {
      process->parent = bounded_parent(other_process(facts.parent));
    }
    process->exe = facts.path;
    process->comm = facts.comm;
    process->argv = facts.argv;
    process->exe_object = facts.exe;
    process->root = facts.root;
    process->mnt_ns = facts.exe.mnt_ns;
    process->pid_ns = facts.pid_ns;
    process->net_ns = facts.net_ns;
    process->uid = facts.uid;
    process->gid = facts.gid;
    process->euid = facts.euid;
    process->egid = facts.egid;
    process->loginuid = facts.loginuid;
    process->session = facts.session;
    process->tty = facts.tty;
    process->cap_effective = facts.cap_effective;
    process->exec_flags = facts.flags;
    process->started = is_inventory ? BootTime(event.subject.start_ns) : event.time;
    process->from_inventory = is_inventory;
    process->exec_seen = true;
    set_cgroup(*process, event.cgroup != 0 ? event.cgroup : (before ? before->cgroup : 0));
    set_user_names(*process);
    if (event.subject.start_ns != 0) table_.put(process, event.time);
    return process;
  }

  ProcessRef apply_fork(const Event& event, const ForkFacts& facts, const ProcessRef& parent) {
    // A child that was seen before its birth record (another CPU, or the inventory) knows more than its parent tells.
    const auto before = table_.find(facts.child);
    if (before && before->exec_seen) return before;
    auto child = std::make_shared<Process>(*parent);
    child->key = facts.child;
    child->image = facts.child_image;
    child->parent = bounded_parent(parent);
    child->started = event.time;
    child->from_inventory = false;
    child->exec_seen = false;
    if (facts.child_cgroup != 0 && facts.child_cgroup != child->cgroup) set_cgroup(*child, facts.child_cgroup);
    if (facts.child.start_ns != 0) table_.put(child, event.time);
    return child;
  }

  ProcessRef apply_cred(const Event& event, const CredFacts& facts, const Process& before) {
    auto process = std::make_shared<Process>(before);
    process->image = event.image;
    process->cap_effective = facts.cap_effective;
    process->root = facts.root;
    process->mnt_ns = facts.mnt_ns;
    process->net_ns = facts.net_ns;
    process->uid = facts.uid;
    process->gid = facts.gid;
    process->euid = facts.euid;
    process->egid = facts.egid;
    set_user_names(*process);
    if (event.subject.start_ns != 0) table_.put(process, event.time);
    return process;
  }

  ProcessRef apply_attach(const Event& event, const CgroupFacts& facts, const Process& before) {
    if (!facts.path.empty()) cgroups_.add(facts.id, facts.path);
    auto process = std::make_shared<Process>(before);
    if (facts.new_image != 0) process->image = facts.new_image;
    set_cgroup(*process, facts.id);
    if (event.subject.start_ns != 0) table_.put(process, event.time);
    return process;
  }

  void apply_dns(const Event& event, const DnsFacts& facts, Enriched& out) {
    if (!facts.is_answer) {
      names_.question(event, facts, *out.process);
      return;
    }
    const auto asker = names_.answer(event, facts);
    if (out.process->key.start_ns == 0 && asker.start_ns != 0) {
      if (auto process = table_.find(asker)) out.process = std::move(process);
    }
  }

  void apply_net(const Event& event, const NetFacts& facts, Enriched& out) {
    if (facts.family == AF_UNIX) {
      apply_unix(event, facts, out);
      return;
    }
    const bool has_peer = event.kind == EventKind::connect || event.kind == EventKind::send ||
                          (event.kind == EventKind::traffic && !facts.is_server);
    if (!has_peer || (facts.family != AF_INET && facts.family != AF_INET6)) return;
    const IpAddress address{facts.family, facts.remote.address};
    out.peer_names = names_.find(*out.process, address, event.time);
    if (!out.peer_names.empty()) {
      out.peer_name = out.peer_names.front();
      out.peer_name_source = NameSource::dns_answer;
      return;
    }
    out.peer_name_source = names_.is_opaque(*out.process) ? NameSource::unknown : NameSource::literal;
    if (catalog() != nullptr && catalog()->is_opaque_resolver(address, facts.remote.port)) {
      names_.mark_opaque(*out.process);
      out.leaves_trace = true;
    }
  }

  /// glibc tries nscd's socket whether or not anyone listens, so a try counts only where a listener was seen.
  void apply_unix(const Event& event, const NetFacts& facts, const Enriched& out) {
    if (!classifier_.is_opaque_resolver(facts.unix_path, event.object)) return;
    std::string_view path = facts.unix_path;
    if (path.starts_with("/var/run/")) path.remove_prefix(4);
    if (event.kind == EventKind::listen) {
      resolver_sockets_.emplace(path);
    } else if (event.kind == EventKind::connect && resolver_sockets_.contains(std::string(path))) {
      names_.mark_opaque(*out.process);
    }
  }

  void set_cgroup(Process& process, CgroupId id) {
    process.cgroup = id;
    const auto* group = cgroups_.find(id);
    process.cgroup_path = group != nullptr ? group->path : std::string();
    process.systemd_unit = group != nullptr ? group->identity.systemd_unit : std::string();
    process.container = group != nullptr ? group->identity.container : std::nullopt;
  }

  void set_user_names(Process& process) {
    process.user = name_of_id(users_, process.euid);
    process.group = name_of_id(groups_, process.egid);
  }

  [[nodiscard]] const Catalog* catalog() const noexcept { return classifier_.catalog(); }

  Classifier classifier_;
  Limits limits_;
  Counters counters_;
  ProcessTable table_;
  CgroupTable cgroups_;
  PeerNames names_;
  Names users_, groups_;
  std::unordered_set<std::string> resolver_sockets_;  ///< at most as many as the catalogue names
};

Enricher::Enricher(std::shared_ptr<const Catalog> catalog, Limits limits)
    : impl_(std::make_unique<Impl>(std::move(catalog), std::move(limits))) {}
Enricher::~Enricher() = default;
Enricher::Enricher(Enricher&&) noexcept = default;
Enricher& Enricher::operator=(Enricher&&) noexcept = default;

Enriched Enricher::apply(const Event& event) {
  Enriched out;
  impl_->apply(event, out);
  return out;
}
void Enricher::apply(const Event& event, Enriched& out) {
  impl_->apply(event, out);
}
void Enricher::replace(std::shared_ptr<const Catalog> catalog) {
  impl_->replace(std::move(catalog));
}
void Enricher::save(util::ArchiveWriter& archive) const {
  archive(*impl_);
}
void Enricher::restore(util::ArchiveReader& archive) {
  archive(*impl_);
  if (archive.ok() && !impl_->is_sound()) archive.fail();
}
ProcessRef Enricher::find(const ProcessKey& key) const {
  return impl_->table().find(key);
}
ProcessRef Enricher::find_image(ImageId image) const {
  return impl_->table().find_image(image);
}
std::string_view Enricher::cgroup_path(CgroupId id) const {
  const auto* group = impl_->cgroups().find(id);
  return group != nullptr ? std::string_view(group->path) : std::string_view{};
}
std::size_t Enricher::processes() const noexcept {
  return impl_->table().size();
}
std::vector<TableUse> Enricher::tables() const {
  return impl_->tables();
}
const Counters& Enricher::counters() const noexcept {
  return impl_->counters();
}

}  // namespace ambit::enrich
