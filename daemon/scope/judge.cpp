// SPDX-License-Identifier: Apache-2.0
#include "scope/judge.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "ambit/abi/record.h"
#include "judge_impl.h"

namespace ambit::scope {
namespace {

// Objects without a name of their own that /proc/<pid>/fd leads to (linux/magic.h and the kernel's pipe and socket file
// systems).
constexpr std::uint32_t kPipeFs = 0x50495045, kSockFs = 0x534F434B, kAnonInodeFs = 0x09041934;

bool is_anonymous(const FileObject& object) noexcept {
  return object.sb_magic == kPipeFs || object.sb_magic == kSockFs || object.sb_magic == kAnonInodeFs;
}

bool is_below_dev(std::string_view path) noexcept {
  return path.starts_with("/dev/") && !path.starts_with("/dev/shm/") && !path.starts_with("/dev/mqueue/") &&
         !path.starts_with("/dev/hugepages/");
}

/// "/proc/7/status" of the process itself, as scopes write it: "/proc/self/status". Empty: it is no such path.
std::string own_proc_path(const OpenFacts& facts, const ProcessKey& subject) {
  constexpr std::string_view kProc = "/proc/";
  const std::string_view rest = std::string_view(facts.path).substr(kProc.size());
  const auto digits = rest.find_first_not_of("0123456789");
  if (digits == 0 || (digits != std::string_view::npos && rest[digits] != '/')) return {};
  const bool is_own =
      facts.target.tgid != 0 ? facts.target == subject : rest.substr(0, digits) == std::to_string(subject.tgid);
  if (!is_own) return {};
  return "/proc/self" + std::string(digits == std::string_view::npos ? std::string_view{} : rest.substr(digits));
}

/// A descriptor that came from elsewhere of a file that has no name: no scope can declare one.
bool is_nameless_arrival(const OpenFacts& facts) noexcept {
  return (facts.access & AMBIT_ACCESS_ARRIVED) != 0 && facts.object.nlink == 0;
}

/// Failed without being refused: nothing was there to be opened, or not in this way.
bool is_missing(std::int32_t ret) noexcept {
  return ret < 0 && ret != -EACCES && ret != -EPERM && ret != -EROFS;
}

/// What of `spec.io` an act of a member falls under.
std::optional<Mechanism> mechanism_of(const Event& event) noexcept {
  switch (event.kind) {
    case EventKind::io_uring:
      return Mechanism::io_uring;
    case EventKind::mmap:
      return Mechanism::memfd_exec;
    case EventKind::stdio:
      return Mechanism::stdio_sockets;
    case EventKind::keyring:
      return Mechanism::keyring;
    case EventKind::userfaultfd:
      return Mechanism::userfaultfd;
    case EventKind::perf_event:
      return Mechanism::perf_events;
    case EventKind::bpf:
      return Mechanism::bpf;
    case EventKind::kernel_module:
    case EventKind::kexec:
      return Mechanism::kernel_modules;
    case EventKind::cred:
      if (std::get<CredFacts>(event.facts).what == AMBIT_CRED_NS) return Mechanism::namespaces;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// The pipeline's reason of a loss after which names may lead to other objects than was told.
constexpr std::string_view kNamesLost = "fanotify_full";

bool is_name_change(EventKind kind) noexcept {
  return kind >= EventKind::rename && kind <= EventKind::fallocate;
}

}  // namespace

Subject Judge::Impl::subject_of(const Member& member, const Process& process, std::uint32_t mnt_ns) {
  auto& state = states[member.owner];
  const auto& scope = *scopes()[member.owner];
  Subject subject{scope, state, member, process};
  if (member.group) subject.phase = member.group->phase;
  if (state.root.known) {
    const std::uint32_t ns = mnt_ns != 0 ? mnt_ns : process.mnt_ns;
    subject.is_foreign = (ns != 0 && state.root.mnt_ns != 0 && ns != state.root.mnt_ns) ||
                         (process.root.known() && state.root.dir.known() && process.root != state.root.dir);
  }
  if (!state.is_resolved && !scope.resolvable.empty()) {
    if (state.unresolved_since == BootTime{}) state.unresolved_since = now;
    subject.lacks_objects = now - state.unresolved_since < limits.resolve_grace;
  }
  return subject;
}

void clear(Judgement& judgement) noexcept {
  judgement.workload.reset();
  judgement.is_member = judgement.is_entered = judgement.is_repeatable = false;
  judgement.scope_place = 0;
  for (auto* text : {&judgement.model, &judgement.secret, &judgement.secret_owner, &judgement.verdict.grant,
                     &judgement.verdict.reason}) {
    text->clear();
  }
  auto& verdict = judgement.verdict;
  const Verdict none;
  verdict.outcome = none.outcome;
  verdict.section = none.section;
  verdict.phase = none.phase;
  verdict.mode = none.mode;
}

void Judge::Impl::set_membership(const Member& member, Judgement& out) const {
  if (member.owner == kNoScope) return;
  out.workload = scopes()[member.owner]->workload;
  out.scope_place = static_cast<std::uint32_t>(member.owner + 1);
  out.is_member = true;
  out.is_entered = member.is_entered;
  out.verdict.mode = out.workload->mode;
  if (member.group) out.verdict.phase = member.group->phase;
}

void Judge::Impl::conclude(const Member& member, Verdict verdict, Judgement& out) const {
  const bool is_fault = verdict.outcome == Outcome::out_of_scope || verdict.outcome == Outcome::unknown;
  const bool is_asset = verdict.section == Section::models || verdict.section == Section::secrets;
  if (member.is_launcher && is_fault && !is_asset) {
    verdict.outcome = Outcome::unscoped;
    verdict.reason = "the workload is being started";
  }
  out.verdict = std::move(verdict);
}

void Judge::Impl::conclude(const Member& member, FileVerdict verdict, Judgement& out) const {
  conclude(member, std::move(verdict.verdict), out);
  if (verdict.asset == kNoAsset) return;
  const Asset& asset = scopes()[member.owner]->assets[verdict.asset];
  (asset.is_secret ? out.secret : out.model) = asset.name;
  out.secret_owner = asset.owner;
}

void Judge::Impl::note_weights(const Enriched& enriched, Member& member, const Judgement& judgement) {
  if (!member.group || (judgement.model.empty() && enriched.resource != ResourceClass::weights)) return;
  member.group->last_weights = now;
  states[member.owner].last_weights = now;
}

void Judge::Impl::judge_open(const Enriched& enriched, Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  const auto& facts = std::get<OpenFacts>(event.facts);
  const bool reads = (facts.access & AMBIT_ACCESS_READ) != 0;
  const bool writes = (facts.access & (AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED | AMBIT_ACCESS_TRUNC)) != 0;
  if (!reads && !writes) return;  // O_PATH: a handle; what is done with it is judged then
  if (judge_reach_into(enriched, member, out)) return;
  if (is_anonymous(facts.object)) return;

  FileAct act;
  act.path = facts.path;
  std::string own;
  if (facts.path.starts_with("/proc/")) {
    own = own_proc_path(facts, event.subject);
    if (!own.empty()) act.path = own;
  } else if (!facts.path.starts_with('/')) {
    if ((event.quality & AMBIT_Q_PATH_DETACHED) != 0 && !facts.path.empty()) own = "/" + facts.path;
    act.path = own;
  }
  if (act.path.data() == facts.path.data() && !act.path.empty()) act.says = paths_.of(event.object);
  const bool exists = facts.ret >= 0;
  act.id = facts.object.id;
  act.real = facts.real;
  if (facts.object.id.known() && facts.object.parent_ino != 0)
    act.parent = {facts.object.id.dev, facts.object.parent_ino};
  act.reads = reads;
  act.writes = writes;
  act.is_directory = exists ? S_ISDIR(facts.object.mode) : (facts.flags & O_DIRECTORY) != 0;
  act.is_device = exists ? S_ISCHR(facts.object.mode) || S_ISBLK(facts.object.mode) : is_below_dev(act.path);
  act.is_path_doubtful = (event.quality & (AMBIT_Q_PATH_CUT | AMBIT_Q_PATH_STEPS)) != 0;
  act.resource = enriched.resource;
  if (writes && exists && (facts.access & AMBIT_ACCESS_CREATED) != 0) objects.note_created(states, act.parent);

  if (member.owner != kNoScope) {
    auto verdict = judge_file(subject_of(member, *enriched.process, facts.object.mnt_ns), act);
    const bool is_declared = verdict.asset != kNoAsset || verdict.verdict.outcome == Outcome::denied;
    // What was open before the program began was judged when it was opened, or handed over by who started the workload.
    const bool asks_assets_only = (facts.access & AMBIT_ACCESS_INHERITED) != 0 || is_nameless_arrival(facts);
    if (is_missing(facts.ret) && !is_declared) return;
    const bool is_own_asset = verdict.asset != kNoAsset;
    if (is_declared || !asks_assets_only) conclude(member, std::move(verdict), out);
    if (exists && reads) note_weights(enriched, member, out);
    if (is_own_asset || out.verdict.outcome == Outcome::denied) return;
  }
  if (!is_missing(facts.ret)) judge_foreign_asset(member, act, out);
}

/// A change of names may have moved what scopes declare.
void Judge::Impl::note_names(const Enriched& enriched) {
  const Event& event = *enriched.event;
  const auto& facts = std::get<NameFacts>(event.facts);
  if (facts.ret < 0) return;
  for (const auto& [path, slot] : {std::pair(std::string_view(facts.path), event.object),
                                   std::pair(std::string_view(facts.path2), event.object2)}) {
    PathSays* const says = paths_.of(slot);
    std::vector<std::uint32_t> asked;
    if (says == nullptr) {
      asked = Objects::watchers_of(scopes(), states, path);
    } else if (!says->watchers) {
      says->watchers = Objects::watchers_of(scopes(), states, path);
    }
    for (const auto scope : says != nullptr ? *says->watchers : asked) Objects::want(states[scope]);
  }
  Objects::note_directories(scopes(), states, facts);
}

void Judge::Impl::judge_name_change(const Enriched& enriched, Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  note_names(enriched);
  if (member.owner != kNoScope) {
    auto verdict =
        judge_names(subject_of(member, *member.process, 0), event, paths_.of(event.object), paths_.of(event.object2));
    const bool is_own_asset = verdict.asset != kNoAsset;
    conclude(member, std::move(verdict), out);
    if (is_own_asset || out.verdict.outcome == Outcome::denied) return;
  }
  judge_foreign_names(enriched, member, out);
}

void Judge::Impl::judge_act(const Enriched& enriched, Member& member, Judgement& out) {
  const Event& event = *enriched.event;
  if (event.kind == EventKind::open) return judge_open(enriched, member, out);
  if (is_name_change(event.kind)) return judge_name_change(enriched, member, out);
  if (event.kind == EventKind::copy) return judge_copied(enriched, member, out);
  if (event.kind == EventKind::mount) return judge_mount(enriched, member, out);
  if (event.kind == EventKind::signal) return judge_signal(enriched, member, out);
  if (judge_reach_into(enriched, member, out) || member.owner == kNoScope) return;
  if (const auto mechanism = mechanism_of(event))
    return conclude(member, judge_mechanism(subject_of(member, *enriched.process, 0), *mechanism), out);
  switch (event.kind) {
    case EventKind::connect:
    case EventKind::send:
    case EventKind::bind:
    case EventKind::listen:
    case EventKind::accept:
    case EventKind::socket:
    case EventKind::dns: {
      conclude(member, judge_network(subject_of(member, *enriched.process, 0), enriched), out);
      if (event.kind == EventKind::listen) {
        const auto& ports = scopes()[member.owner]->phases.listen_on;
        const auto& facts = std::get<NetFacts>(event.facts);
        if (std::find(ports.begin(), ports.end(), facts.local.port) != ports.end() && facts.local.port != 0)
          phases.end_all(member.owner);
      }
      return;
    }
    default:
      return;
  }
}

void Judge::Impl::set_late_membership(const Member* member, ImageId image, Judgement& out) const {
  if (member != nullptr) return set_membership(*member, out);
  if (auto workload = last_owners_.find(image)) {
    out.verdict.mode = workload->mode;
    out.workload = std::move(workload);
    out.is_member = true;
  }
}

/// Counts, not an act: what it went by was judged when it was connected or accepted.
void Judge::Impl::judge_traffic(const Enriched& enriched, Judgement& out) {
  const Process& process = *enriched.process;
  const Member* const member = members.find(process.key);
  set_late_membership(member, enriched.event->image, out);
  if (member != nullptr && member->owner != kNoScope)
    conclude(*member, judge_network(subject_of(*member, process, 0), enriched), out);
}

void Judge::Impl::judge_loss(const Enriched& enriched, Judgement& out) {
  const auto& facts = std::get<LossFacts>(enriched.event->facts);
  if (facts.reason == kNamesLost) {
    for (auto& state : states) {
      if (state.is_resolved) Objects::want(state);
    }
  }
  const Member* member = enriched.process ? members.find(enriched.process->key) : nullptr;
  if (member == nullptr && facts.image != 0) member = members.find_image(facts.image);
  set_late_membership(member, facts.image, out);
  if (!out.workload) return;
  out.verdict.outcome = Outcome::unknown;
  out.verdict.reason = "records were lost: " + facts.reason;
}

void Judge::Impl::rebuild_tables() {
  paths_.clear();
  objects.rebuild(scopes(), states);
  watched_names.rebuild(scopes(), states);
}

void Judge::Impl::take_fact(const Event& event) {
  if (const auto* tick = std::get_if<TickFacts>(&event.facts)) {
    wall = tick->wall;
    phases.tick(scopes(), states, now);
    members.expire_undecided(now);
    Objects::expire_questions(states, now);
  } else if (const auto* probe = std::get_if<ProbeFacts>(&event.facts)) {
    for (std::size_t i = 0; i < scopes().size() && probe->ready; ++i) {
      const auto& rules = scopes()[i]->phases;
      const bool is_asked = probe->source == "sd_notify" ? rules.sd_notify : !rules.http.empty();
      if (scopes()[i]->name() == probe->scope && is_asked) phases.end_all(i);
    }
  } else if (const auto* found = std::get_if<ObjectsFacts>(&event.facts)) {
    for (std::size_t i = 0; i < scopes().size(); ++i) {
      if (scopes()[i]->name() != found->scope || !objects.store(*scopes()[i], states[i], *found)) continue;
      rebuild_tables();
      is_all_stale = true;
    }
  } else if (event.kind == EventKind::users) {
    is_all_stale = true;
  } else if (const auto* cgroup = std::get_if<CgroupFacts>(&event.facts)) {
    members.reopen_cgroup(cgroup->id);
  }
}

void Judge::Impl::count(const Judgement& judgement) {
  if (!judgement.workload) return;
  if (judgement.scope_place != 0) {
    ++states[judgement.scope_place - 1].verdicts[static_cast<std::size_t>(judgement.verdict.outcome)];
    return;
  }
  for (std::size_t i = 0; i < scopes().size(); ++i) {
    if (scopes()[i]->workload != judgement.workload) continue;
    ++states[i].verdicts[static_cast<std::size_t>(judgement.verdict.outcome)];
    return;
  }
}

void Judge::Impl::judge(const Enriched& enriched, Judgement& out) {
  clear(out);
  const Event& event = *enriched.event;
  now = std::max(now, event.time);
  if (event.kind >= EventKind::tick || event.kind == EventKind::cgroup_name) {
    if (event.kind != EventKind::loss) return take_fact(event);
    judge_loss(enriched, out);
    return count(out);
  }
  if (!enriched.process) return;
  if (event.kind == EventKind::traffic) return judge_traffic(enriched, out);
  if (event.kind == EventKind::exec) {
    on_exec(enriched, out);
    return count(out);
  }
  Member& member = *adopt(enriched);
  switch (event.kind) {
    case EventKind::fork:
      set_membership(member, out);
      on_fork(enriched, member);
      break;
    case EventKind::exit:
      set_membership(member, out);
      on_exit(enriched.process->key);
      break;
    case EventKind::cgroup_attach:
      set_membership(member, out);
      on_cgroup_attach(enriched, member);
      if (member.owner == kNoScope) break;  // it left: the workload's, for the last time
      clear(out);
      set_membership(member, out);
      break;
    default:
      set_membership(member, out);
      judge_act(enriched, member, out);
      out.is_repeatable = is_repeatable(enriched, member, out);
      break;
  }
  count(out);
}

Judge::Judge(std::shared_ptr<const ScopeSet> set, std::uint32_t self_tgid, JudgeLimits limits)
    : impl_(std::make_unique<Impl>(std::move(set), self_tgid, limits)) {}
Judge::~Judge() = default;
Judge::Judge(Judge&&) noexcept = default;
Judge& Judge::operator=(Judge&&) noexcept = default;

void Judge::replace(std::shared_ptr<const ScopeSet> set) {
  impl_->replace(std::move(set));
}
Judgement Judge::judge(const Enriched& enriched) {
  Judgement out;
  impl_->judge(enriched, out);
  return out;
}
void Judge::judge(const Enriched& enriched, Judgement& out) {
  impl_->judge(enriched, out);
}

}  // namespace ambit::scope
