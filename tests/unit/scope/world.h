// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ambit/abi/record.h"
#include "scope/judge.h"
#include "scope/scope_set.h"
#include "support/given_slots.h"

namespace ambit::scope {

inline CompileResult compile(const std::vector<std::string>& scopes, const std::vector<std::string>& packs = {},
                             WallTime today = {}) {
  std::vector<util::Document> scope_documents;
  std::vector<util::Document> pack_documents;
  for (std::size_t i = 0; i < scopes.size(); ++i)
    scope_documents.push_back({"scope" + std::to_string(i) + ".yaml", scopes[i]});
  for (std::size_t i = 0; i < packs.size(); ++i)
    pack_documents.push_back({"pack" + std::to_string(i) + ".yaml", packs[i]});
  return ScopeSet::compile(scope_documents, pack_documents, today);
}

/// A scope's text around the lines of its spec (each indented by two blanks).
inline std::string scope_text(const std::string& name, const std::string& spec) {
  return "apiVersion: ambit.dev/v1\nkind: Scope\nmetadata: {name: " + name +
         "}\nspec:\n  owner: {team: ml, contact: ml@example.com}\n" + spec;
}

inline constexpr std::uint32_t kHostNs = 4000, kDevice = 8 << 20;
inline constexpr FileId kHostRoot{kDevice, 2};

/// A small host: processes, events about them in order, and a judge that sees them all. Seconds are event time.
class World {
 public:
  explicit World(const std::vector<std::string>& scopes, const std::vector<std::string>& packs = {}) {
    auto result = compile(scopes, packs);
    EXPECT_TRUE(result.set) << util::to_string(result.diagnostics);
    if (!result.set) result.set = std::make_shared<const ScopeSet>(std::vector<std::shared_ptr<const CompiledScope>>{});
    judge = std::make_unique<Judge>(result.set);
    tick(0);
    answer_all();
  }

  /// Answers every question with what `found` holds for its patterns.
  void answer_all() {
    for (const auto& request : judge->take_resolve_requests()) {
      requests.push_back(request);
      answer(request);
    }
  }
  void answer(const ResolveRequest& request) {
    Event event = make(EventKind::objects, 0);
    ObjectsFacts facts;
    facts.scope = request.scope;
    facts.root = request.root;
    for (const auto& pattern : request.patterns) {
      for (const auto& object : found) {
        if (object.pattern == pattern) facts.objects.push_back(object);
      }
    }
    event.facts = std::move(facts);
    send(event, nullptr);
  }
  void put(const std::string& pattern, const std::string& path, std::uint64_t ino, bool is_directory = false,
           std::uint64_t parent_ino = 90, const std::string& real_path = {}, FileId layer = {}) {
    ResolvedObject object;
    object.layer = layer;
    object.pattern = pattern;
    object.path = path;
    object.id = {kDevice, ino};
    object.parent_dev = kDevice;
    object.parent_ino = parent_ino;
    object.is_directory = is_directory;
    object.real_path = real_path;
    found.push_back(std::move(object));
  }

  struct Start {
    std::string cgroup;
    std::uint32_t parent = 0;
    std::string unit;
    std::string container;
    std::string user = "svc";
    std::vector<std::string> argv;
    std::uint64_t exe_ino = 0;
    std::uint32_t mnt_ns = kHostNs;
    FileId root = kHostRoot;
    std::uint32_t exec_flags = 0;
    bool is_inventory = false;
  };
  /// Exec of `exe` by `pid`, which keeps what it is not told anew.
  Judgement exec(std::uint32_t pid, const std::string& exe, Start start) {
    auto process = std::make_shared<Process>();
    process->key = key(pid);
    process->image = next_image_++;
    if (start.parent != 0) process->parent = processes[start.parent];
    process->exe = exe;
    process->exe_object.id = start.exe_ino == 0 ? FileId{} : FileId{kDevice, start.exe_ino};
    process->argv = start.argv.empty() ? std::vector<std::string>{exe} : start.argv;
    process->user = start.user;
    process->uid = 1000;
    process->cgroup_path = start.cgroup.empty() ? "/user.slice" : start.cgroup;
    process->cgroup = std::hash<std::string>{}(process->cgroup_path);
    process->systemd_unit = start.unit;
    if (!start.container.empty()) process->container = ContainerIdentity{start.container, "docker", {}};
    process->mnt_ns = start.mnt_ns;
    process->root = start.root;
    process->exec_flags = start.exec_flags;
    process->exec_seen = true;
    process->started = now_;
    processes[pid] = process;
    Event event = make(EventKind::exec, pid);
    if (start.is_inventory) event.quality |= AMBIT_Q_INVENTORY;
    ExecFacts facts;
    facts.path = exe;
    facts.argv = process->argv;
    facts.exe.id = process->exe_object.id;
    facts.flags = start.exec_flags;
    event.facts = std::move(facts);
    return send(event, process);
  }
  Judgement exec_in(std::uint32_t pid, const std::string& exe, const std::string& cgroup, std::uint32_t parent = 0,
                    std::vector<std::string> argv = {}) {
    Start start;
    start.cgroup = cgroup;
    start.parent = parent;
    start.argv = std::move(argv);
    return exec(pid, exe, start);
  }
  void fork(std::uint32_t pid, std::uint32_t child) {
    auto process = std::make_shared<Process>(*processes[pid]);
    process->key = key(child);
    process->parent = processes[pid];
    process->exec_seen = false;
    processes[child] = process;
    Event event = make(EventKind::fork, pid);
    event.facts = ForkFacts{process->key, process->image, process->cgroup};
    Enriched enriched;
    enriched.event = &event;
    enriched.process = processes[pid];
    enriched.target = process;
    judge->judge(enriched);
  }
  void exit(std::uint32_t pid) {
    Event event = make(EventKind::exit, pid);
    event.facts = ExitFacts{};
    send(event, processes[pid]);
  }
  Judgement attach(std::uint32_t pid, const std::string& cgroup) {
    auto process = std::make_shared<Process>(*processes[pid]);
    process->cgroup_path = cgroup;
    process->cgroup = std::hash<std::string>{}(cgroup);
    process->image = next_image_++;
    Event event = make(EventKind::cgroup_attach, pid);
    CgroupFacts facts;
    facts.id = process->cgroup;
    facts.new_image = process->image;
    facts.path = cgroup;
    event.facts = facts;
    processes[pid] = process;
    return send(event, process);
  }

  struct File {
    std::uint64_t ino = 1000;
    std::uint64_t parent_ino = 999;
    std::uint32_t access = AMBIT_ACCESS_READ;
    std::uint32_t mode = S_IFREG | 0644;
    std::int32_t ret = 3;
    std::uint32_t mnt_ns = kHostNs;
    std::uint32_t quality = 0;
    std::uint32_t target = 0;
    ResourceClass resource = ResourceClass::none;
  };
  Judgement open(std::uint32_t pid, const std::string& path, File file) {
    Event event = make(EventKind::open, pid);
    event.quality = file.quality;
    OpenFacts facts;
    facts.path = path;
    facts.ret = file.ret;
    facts.access = file.access;
    if (file.ret >= 0) {
      facts.object.id = {kDevice, file.ino};
      facts.object.parent_ino = file.parent_ino;
      facts.object.mode = file.mode;
      facts.object.mnt_ns = file.mnt_ns;
    }
    if (file.target != 0) facts.target = key(file.target);
    event.facts = std::move(facts);
    return send(event, processes[pid], file.resource);
  }
  Judgement read(std::uint32_t pid, const std::string& path) { return open(pid, path, {}); }
  Judgement write(std::uint32_t pid, const std::string& path) {
    File file;
    file.access = AMBIT_ACCESS_WRITE;
    return open(pid, path, file);
  }
  Judgement names(EventKind kind, std::uint32_t pid, const std::string& path, const std::string& path2 = {},
                  std::int32_t ret = 0) {
    Event event = make(kind, pid);
    NameFacts facts;
    facts.path = path;
    facts.path2 = path2;
    facts.ret = ret;
    event.facts = std::move(facts);
    return send(event, processes[pid]);
  }

  struct Peer {
    std::vector<std::string> names;  ///< all names of the address
    std::uint16_t sock_type = SOCK_STREAM;
    std::string name;
    NameSource source = NameSource::none;
  };
  Judgement net(EventKind kind, std::uint32_t pid, const std::string& address, std::uint16_t port, Peer peer) {
    Event event = make(kind, pid);
    NetFacts facts;
    const bool is_local = kind == EventKind::listen || kind == EventKind::bind;
    Endpoint& end = is_local ? facts.local : facts.remote;
    if (inet_pton(AF_INET, address.c_str(), end.address.data()) == 1) {
      facts.family = AF_INET;
    } else if (inet_pton(AF_INET6, address.c_str(), end.address.data()) == 1) {
      facts.family = AF_INET6;
    } else {
      facts.family = AF_UNIX;
      facts.unix_path = address;
    }
    end.port = port;
    facts.sock_type = peer.sock_type;
    event.facts = std::move(facts);
    Enriched enriched;
    enriched.event = &event;
    enriched.process = processes[pid];
    enriched.peer_name = peer.name;
    enriched.peer_names = peer.names;
    enriched.peer_name_source = peer.source;
    return judge->judge(enriched);
  }
  Judgement connect(std::uint32_t pid, const std::string& address, std::uint16_t port = 0) {
    return net(EventKind::connect, pid, address, port, {});
  }
  Judgement listen(std::uint32_t pid, const std::string& address, std::uint16_t port) {
    return net(EventKind::listen, pid, address, port, {});
  }
  Judgement act(EventKind kind, std::uint32_t pid, EventFacts facts) {
    Event event = make(kind, pid);
    event.facts = std::move(facts);
    return send(event, processes[pid]);
  }

  void advance(double seconds) { now_ += std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)); }
  /// Moves the clock and lets the judge know. Wall time begins at 2026-11-01.
  void tick(double seconds) {
    advance(seconds);
    Event event = make(EventKind::tick, 0);
    event.facts = TickFacts{std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}.time_since_epoch() + now_};
    send(event, nullptr);
  }
  void probe(const std::string& scope, bool ready = true, const std::string& source = "http") {
    Event event = make(EventKind::probe, 0);
    event.facts = ProbeFacts{scope, ready, source};
    send(event, nullptr);
  }
  [[nodiscard]] ImageId image(std::uint32_t pid) const { return processes.at(pid)->image; }
  static ProcessKey key(std::uint32_t pid) { return {pid, pid * 1'000'000'000ULL}; }
  Event make(EventKind kind, std::uint32_t pid) {
    now_ += std::chrono::microseconds(1);
    Event event;
    event.kind = kind;
    event.time = now_;
    if (pid != 0) {
      event.subject = key(pid);
      event.image = processes[pid]->image;
      event.cgroup = processes[pid]->cgroup;
    }
    return event;
  }
  Judgement send(const Event& event, ProcessRef process, ResourceClass resource = ResourceClass::none) {
    Enriched enriched;
    enriched.process = std::move(process);
    enriched.resource = resource;
    Event met = event;
    if (slots) test::give_slots(*slots, met);
    enriched.event = &met;
    return judge->judge(enriched);
  }

  std::optional<util::ObjectSlots> slots;  ///< paths are remembered as the decoder does
  std::unique_ptr<Judge> judge;
  std::map<std::uint32_t, ProcessRef> processes;
  std::vector<ResolvedObject> found;
  std::vector<ResolveRequest> requests;

 private:
  BootTime now_ = std::chrono::seconds(100);
  ImageId next_image_ = 1;
};

#define EXPECT_VERDICT(judgement, expected_outcome, expected_section)        \
  do {                                                                       \
    const auto& verdict_ = (judgement).verdict;                              \
    EXPECT_EQ(name_of(verdict_.outcome), name_of(Outcome::expected_outcome)) \
        << verdict_.grant << ": " << verdict_.reason;                        \
    EXPECT_EQ(name_of(verdict_.section), name_of(Section::expected_section)) \
        << verdict_.grant << ": " << verdict_.reason;                        \
  } while (false)

}  // namespace ambit::scope
