// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "alert/alert_json.h"
#include "alert/alerter.h"
#include "decode/decode.h"
#include "decode/record_builder.h"
#include "enrich/enricher.h"
#include "seen_keeper.h"
#include "seen_model.h"

namespace ambit::app::test {

/// What the daemon is to judge by.
struct Rulebook {
  std::shared_ptr<const scope::ScopeSet> scopes;
  std::shared_ptr<const engine::RuleSet> rules;
};

/// A small host and the whole way of its records: a model of the kernel half, then decode, enricher, judge, rules and
/// alerter as the daemon has them. With the seen-table or without; the same acts in the same order either way.
class Host {
 public:
  enum class Table { off, on };
  Host(Table table, Rulebook book, SeenModel::Fault fault = SeenModel::Fault::none)
      : book_(std::move(book)),
        store_(1 << 20, fault),
        enricher_(nullptr),
        judge_(book_.scopes),
        alerter_({.boot_id = "boot", .ring_generation = 1, .id_clock = std::chrono::nanoseconds(0)}),
        keeper_(store_, table == Table::on ? 1U << 12 : 0) {
    tick();
  }

  // What happens on the host. `pid` names one process for good.
  void cgroup(std::uint64_t id, const std::string& path) {
    ambit_rec_cgroup r{};
    r.h = header(AMBIT_REC_CGROUP_NAME, 1);
    r.id = id;
    r.path_len = static_cast<__u16>(path.size());
    send(decode::RecordBuilder(r, offsetof(ambit_rec_cgroup, path)).tail(path).build());
  }
  void fork(std::uint32_t pid, std::uint32_t child) {
    processes_[child] = processes_[pid];
    ambit_rec_fork r{};
    r.h = header(AMBIT_REC_FORK, pid);
    r.child_tgid = child;
    r.child_start_ns = start_of(child);
    r.child_image_id = processes_[child].image;
    r.child_cgroup_id = processes_[child].cgroup;
    send(decode::RecordBuilder(r, sizeof(r)).build());
  }
  void exec(std::uint32_t pid, const std::string& path) {
    auto& process = processes_[pid];
    const auto old = process.image;
    process.image = ++images_;
    ambit_rec_exec r{};
    r.h = header(AMBIT_REC_EXEC, pid);
    r.exe.ino = std::hash<std::string>{}(path)&0xffff;
    r.exe.dev = kDevice;
    r.exe.mnt_ns = kMountNs;
    r.root_ino = 2;
    r.root_dev = kDevice;
    r.parent_tgid = 1;
    r.old_image_id = old;
    r.path_len = static_cast<__u16>(path.size());
    r.argv_len = static_cast<__u16>(path.size());
    const auto name = path.substr(path.rfind('/') + 1);
    std::memcpy(r.comm, name.data(), std::min<std::size_t>(15, name.size()));
    send(decode::RecordBuilder(r, offsetof(ambit_rec_exec, tail)).tail(path).tail(path).build());
  }
  void set_user(std::uint32_t pid, std::uint32_t uid) {
    auto& process = processes_[pid];
    ambit_rec_cred r{};
    r.old_image_id = process.image;
    process.image = ++images_;
    r.h = header(AMBIT_REC_CRED, pid);
    r.what = AMBIT_CRED_IDS;
    r.uid = r.euid = uid;
    r.root_ino = 2;
    r.root_dev = kDevice;
    r.mnt_ns = kMountNs;
    send(decode::RecordBuilder(r, sizeof(r)).build());
  }
  void move(std::uint32_t pid, std::uint64_t cgroup, const std::string& path) {
    auto& process = processes_[pid];
    ambit_rec_cgroup r{};
    r.h = header(AMBIT_REC_CGROUP_ATTACH, pid);
    r.id = cgroup;
    process.image = r.new_image_id = ++images_;
    process.cgroup = cgroup;
    r.path_len = static_cast<__u16>(path.size());
    send(decode::RecordBuilder(r, offsetof(ambit_rec_cgroup, path)).tail(path).build());
  }
  void exit(std::uint32_t pid) {
    ambit_rec_exit r{};
    r.h = header(AMBIT_REC_EXIT, pid);
    send(decode::RecordBuilder(r, sizeof(r)).build());
    processes_.erase(pid);
  }
  /// `directory` and `name` make the path; `ino` is the file's.
  struct File {
    std::string directory;  ///< its path now
    std::uint64_t directory_ino = 0;
    std::string name;
    std::uint64_t ino = 0;
    std::uint32_t mode = S_IFREG | 0644;
  };
  void open(std::uint32_t pid, const File& file, std::uint32_t access) {
    const std::string path = file.directory + "/" + file.name;
    ambit_rec_open r{};
    r.h = header(AMBIT_REC_OPEN, pid);
    r.obj.ino = file.ino;
    r.obj.dev = kDevice;
    r.obj.parent_ino = file.directory_ino;
    r.obj.mnt_id = 1;
    r.obj.mode = file.mode;
    r.obj.mnt_ns = kMountNs;
    r.obj.nlink = 1;
    r.ret = 3;
    r.access = access;
    r.seen_generation = static_cast<__u16>(store_.generation(0));
    r.name_hash = static_cast<__u32>(std::hash<std::string>{}(file.name));
    r.chain = std::hash<std::string>{}(path);
    r.path_len = static_cast<__u16>(path.size());
    if (protected_.contains({kDevice, file.ino}) || protected_.contains({kDevice, file.directory_ino})) {
      r.h.quality |= AMBIT_Q_PROTECTED;
      r.obj.protected_flags = AMBIT_PROTECT_MODEL;
    } else if (state_of(pid) == AMBIT_IMAGE_IGNORED) {
      ++position_;
      return;
    }
    act(decode::RecordBuilder(r, offsetof(ambit_rec_open, path)).tail(path).build(), r.chain);
  }
  void connect(std::uint32_t pid, std::uint32_t address, std::uint16_t port, std::uint16_t type = AMBIT_REC_CONNECT) {
    ambit_rec_net r{};
    r.h = header(type, pid);
    r.h.hook = AMBIT_HOOK_CGROUP_ADDR;
    r.family = AF_INET;
    r.sock_type = type == AMBIT_REC_SEND ? SOCK_DGRAM : SOCK_STREAM;
    r.protocol = type == AMBIT_REC_SEND ? 17 : 6;
    const std::uint32_t wire = htonl(address);
    std::memcpy(r.remote, &wire, sizeof(wire));
    r.remote_port = port;
    r.seen_generation = store_.generation(0);
    if (state_of(pid) == AMBIT_IMAGE_IGNORED) {
      ++position_;
      return;
    }
    act(decode::RecordBuilder(r, sizeof(r)).build(), 0);
  }
  void listen(std::uint32_t pid, std::uint16_t port) {
    ambit_rec_net r{};
    r.h = header(AMBIT_REC_LISTEN, pid);
    r.family = AF_INET;
    r.sock_type = SOCK_STREAM;
    r.local_port = port;
    send(decode::RecordBuilder(r, sizeof(r)).build());
  }
  /// Somebody renamed a directory: the caller changes its files' paths.
  void directory_was_renamed() { ++store_.path_generation; }
  void reload(Rulebook book) {
    book_ = std::move(book);
    judge_.replace(book_.scopes);
    tell_kernel();
  }
  void learn_users() {
    Event event = own(EventKind::users);
    event.facts = UsersFacts{{{0, "root"}, {1000, "svc"}, {1001, "other"}}, {}};
    handle(event, {});
  }
  void pass(std::chrono::milliseconds time) {
    while (time.count() > 0) {
      const auto step = std::min(time, std::chrono::milliseconds(250));
      now_ += step;
      time -= step;
      tick();
    }
  }
  /// Answers what the judge asked since: the objects that are known for the patterns.
  void answer(const std::map<std::string, std::vector<ResolvedObject>>& known) {
    for (const auto& request : std::exchange(requests_, {})) {
      Event event = own(EventKind::objects);
      ObjectsFacts facts{request.scope, request.root, {}};
      for (const auto& pattern : request.patterns) {
        const auto found = known.find(pattern);
        if (found != known.end()) facts.objects.insert(facts.objects.end(), found->second.begin(), found->second.end());
      }
      event.facts = std::move(facts);
      handle(event, {});
    }
  }

  /// All alerts and revisions so far and the open windows, as their sinks would get them.
  [[nodiscard]] std::vector<std::string> alerts() {
    alerter_.flush(published_);
    std::vector<std::string> out;
    for (const auto& alert : published_) out.push_back(alert::alert_json(*alert));
    return out;
  }
  [[nodiscard]] std::uint64_t hits() const { return store_.hits; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::vector<ledger::AccessRecord> collect() {
    std::vector<ledger::AccessRecord> rows;
    keeper_.collect(rows);
    return rows;
  }
  [[nodiscard]] const SeenKeeper& keeper() const { return keeper_; }
  [[nodiscard]] const SeenModel& store() const { return store_; }

  static constexpr std::uint32_t kDevice = 0x800001, kMountNs = 7;

 private:
  struct Running {
    std::uint64_t image = 1;
    std::uint64_t cgroup = 1;
  };
  static std::uint64_t start_of(std::uint32_t pid) { return 1'000 + pid; }

  ambit_rec_header header(std::uint16_t type, std::uint32_t pid) {
    auto& process = processes_[pid];
    ambit_rec_header h = decode::header_of(type);
    h.boot_ns = static_cast<std::uint64_t>((now_ += std::chrono::microseconds(10)).count());
    h.image_id = process.image;
    h.cgroup_id = process.cgroup;
    h.leader_start_ns = start_of(pid);
    h.tgid = h.tid = pid;
    h.quality = state_of(pid) == AMBIT_IMAGE_UNDECIDED ? AMBIT_Q_UNDECIDED : 0U;
    return h;
  }
  std::uint32_t state_of(std::uint32_t pid) { return states_[processes_[pid].image]; }
  Event own(EventKind kind) {
    Event event;
    event.kind = kind;
    event.hook = AMBIT_HOOK_USER;
    event.time = now_;
    return event;
  }
  /// The kernel half's choice.
  void act(const std::vector<std::byte>& record, std::uint64_t chain) {
    ambit_rec_header h{};
    std::memcpy(&h, record.data(), sizeof(h));
    const auto ticket = kernel::seen_ticket(record);
    if (ticket && states_[h.image_id] != AMBIT_IMAGE_UNDECIDED && store_.hit(ticket->key, chain)) {
      ++position_;
      return;
    }
    send(record);
  }
  void send(const std::vector<std::byte>& record) {
    ++records_;
    const auto event = decode::decode(record, ++position_);
    ASSERT_TRUE(event.ok()) << event.error().message;
    handle(*event, record);
  }
  void tick() {
    Event event = own(EventKind::tick);
    event.facts = TickFacts{now_ + std::chrono::hours(24)};
    keeper_.set_time(now_, now_ + std::chrono::hours(24));
    alerter_.tick(now_, now_ + std::chrono::hours(24), published_);
    handle(event, {});
  }
  void handle(const Event& event, std::span<const std::byte> record) {
    JudgedEvent judged;
    judged.enriched = enricher_.apply(event);
    judged.judgement = judge_.judge(judged.enriched);
    if (judge_.has_output()) tell_kernel();
    std::vector<Match> matches;
    book_.rules->evaluate(judged, matches);
    if (!matches.empty()) alerter_.consider(judged, matches, {}, published_);
    if (const auto ticket = kernel::seen_ticket(record)) keeper_.offer(*ticket, judged, *book_.rules, event.time);
  }
  void tell_kernel() {
    for (const auto& change : judge_.take_decisions()) states_[change.image] = change.decision.state;
    for (const auto image : judge_.take_forgotten()) {
      states_.erase(image);
      keeper_.forget_image(image);
    }
    for (const auto& change : judge_.take_protect_changes()) {
      if (change.add) {
        protected_.insert(change.id);
      } else {
        protected_.erase(change.id);
      }
    }
    keeper_.invalidate(judge_.take_stale());
    auto requests = judge_.take_resolve_requests();
    std::move(requests.begin(), requests.end(), std::back_inserter(requests_));
  }

  Rulebook book_;
  SeenModel store_;
  enrich::Enricher enricher_;
  scope::Judge judge_;
  alert::Alerter alerter_;
  SeenKeeper keeper_;
  std::map<std::uint32_t, Running> processes_;
  std::map<ImageId, std::uint32_t> states_;
  std::set<FileId> protected_;
  std::vector<scope::ResolveRequest> requests_;
  std::vector<AlertRef> published_;
  BootTime now_{std::chrono::seconds(100)};
  std::uint64_t images_ = 1, position_ = 0, records_ = 0;
};

}  // namespace ambit::app::test
