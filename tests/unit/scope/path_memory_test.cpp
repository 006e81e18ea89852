// SPDX-License-Identifier: Apache-2.0
// What is remembered of paths changes no verdict: two hosts live through the same random history, and only one
// remembers.
#include <array>
#include <random>

#include "util/archive_vocabulary.h"
#include "world.h"

namespace ambit::scope {
namespace {

const std::array<std::string, 4> kChat = {scope_text("chat", R"(  select: {cgroup: /chat}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8080/health"}, {quiet: 3s}], max: 60s}}
  models: [{name: gemma, path: "/srv/models/gemma/**", read: [server], phases: [load]}]
  secrets: [{id: token, path: /run/secrets/token, owner: ml, readers: [server]}]
  files: {read: [{path: "/usr/**", phases: [load]}, /etc/app/*.ini, /hub/current/data], write: [/tmp/**, {path: /var/cache/a, phases: [serve]}], deny: [/usr/private/**]}
  devices: [/dev/nvidia*]
)"),
                                          scope_text("chat", R"(  select: {cgroup: /chat}
  models: [{name: gemma, path: "/srv/models/**", read: [server]}]
  files: {read: ["/usr/**", "/proc/self/**"], write: [/srv/models/gemma/a.gguf]}
)"),
                                          scope_text("chat", R"(  select: {cgroup: /chat}
  files: {read: ["/**"], deny: [/tmp/x]}
)"),
                                          scope_text("chat", R"(  select: {cgroup: /chat}
  secrets: [{id: all, path: "/tmp/**", owner: ml, readers: [children], write: {identities: [sync]}}]
)")};
const std::array<std::string, 2> kOther = {scope_text("other", R"(  select: {cgroup: /other}
  models: [{name: own, path: "/srv/models/gemma/b.gguf", read: [members], write: {identities: [/usr/bin/sync]}}]
  files: {read: ["/etc/**"]}
)"),
                                           scope_text("other", R"(  select: {cgroup: /other}
  secrets: [{id: s, path: /etc/app/one.ini, owner: ml, readers: [server]}]
  files: {read: ["/srv/**"], write: ["/usr/lib/**"]}
)")};
const std::array<std::string, 26> kPaths = {"/usr/lib/a.so",
                                            "/usr/private/key",
                                            "/etc/app/one.ini",
                                            "/etc/app",
                                            "/srv/models/gemma/a.gguf",
                                            "/srv/models/gemma",
                                            "/srv/models",
                                            "/srv",
                                            "/srv/models/gemma/b.gguf",
                                            "/run/secrets/token",
                                            "/run/secrets",
                                            "/tmp/x",
                                            "/tmp",
                                            "/var/cache/a",
                                            "/var/cache",
                                            "/hub/current/data",
                                            "/hub/v2/data",
                                            "/hub/v3/data",
                                            "/dev/nvidia0",
                                            "/dev/null",
                                            "/proc/self/status",
                                            "/proc/10/status",
                                            "/",
                                            "relative",
                                            "/etc/shadow",
                                            ""};

class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) { with_.slots.emplace(16); }

  void live(int acts) {
    for (std::uint32_t pid = 10; pid < 16; ++pid) start(pid);
    for (int i = 0; i < acts && !::testing::Test::HasFailure(); ++i) act();
    EXPECT_EQ(changes_, 0U);
    const auto with = with_.judge->status();
    const auto without = without_.judge->status();
    for (std::size_t i = 0; i < with.size(); ++i) EXPECT_EQ(with[i].verdicts, without[i].verdicts);
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  template <class Array>
  const auto& one_of(const Array& array) {
    return array[below(array.size())];
  }

  static std::string text_of(const Judgement& judgement) {
    std::string text;
    util::ArchiveWriter archive(text);
    archive(judgement.workload ? judgement.workload->name : std::string(), judgement.is_member, judgement.is_entered,
            judgement.verdict, judgement.model, judgement.secret, judgement.secret_owner,
            std::uint64_t{judgement.scope_place}, judgement.is_repeatable);
    return text;
  }
  template <class Act>
  void both(const std::string& what, Act&& act) {
    const Judgement with = act(with_);
    const Judgement without = act(without_);
    EXPECT_EQ(text_of(with), text_of(without))
        << what << ": " << name_of(with.verdict.outcome) << ' ' << with.verdict.grant << " against "
        << name_of(without.verdict.outcome) << ' ' << without.verdict.grant;
  }

  void start(std::uint32_t pid) {
    const bool is_server = below(2) == 0;
    World::Start start;
    start.cgroup = std::array<std::string, 3>{"/chat", "/other", "/user.slice"}[below(3)];
    start.parent = below(2) == 0 ? 0 : 10 + static_cast<std::uint32_t>(below(2));
    if (start.parent >= pid) start.parent = 0;
    start.mnt_ns = below(6) == 0 ? 77 : kHostNs;
    both("exec", [&](World& world) { return world.exec(pid, is_server ? "/usr/bin/server" : "/usr/bin/sync", start); });
  }

  void act() {
    const auto pid = 10 + static_cast<std::uint32_t>(below(6));
    const auto& path = one_of(kPaths);
    const auto dice = below(1000);
    if (dice < 700) {
      World::File file;
      file.ino = below(3) == 0 ? 0 : 1000 + below(30);
      file.parent_ino = 90 + below(3);
      file.access = std::array<std::uint32_t, 4>{AMBIT_ACCESS_READ, AMBIT_ACCESS_READ, AMBIT_ACCESS_WRITE,
                                                 AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED}[below(4)];
      file.mode = std::array<std::uint32_t, 4>{S_IFREG, S_IFREG, S_IFDIR, S_IFCHR}[below(4)] | 0644U;
      file.ret = std::array<std::int32_t, 5>{3, 3, 3, -13, -2}[below(5)];
      file.quality = below(20) == 0 ? AMBIT_Q_PATH_CUT : 0;
      file.resource = below(5) == 0 ? ResourceClass::secret : ResourceClass::none;
      both("open " + path, [&](World& world) { return world.open(pid, path, file); });
    } else if (dice < 880) {
      const auto kind = std::array<EventKind, 6>{EventKind::rename, EventKind::unlink,  EventKind::link,
                                                 EventKind::mkdir,  EventKind::symlink, EventKind::rmdir}[below(6)];
      const auto second = kind == EventKind::rename || kind == EventKind::link || kind == EventKind::symlink
                              ? one_of(kPaths)
                              : std::string();
      const std::int32_t ret = below(5) == 0 ? -13 : 0;
      both("names " + path + " " + second, [&](World& world) { return world.names(kind, pid, path, second, ret); });
      questions();
    } else if (dice < 920) {
      const double seconds = static_cast<double>(below(3000)) / 1000;
      for (auto* world : {&with_, &without_}) world->tick(seconds);
    } else if (dice < 935) {
      for (auto* world : {&with_, &without_}) world->probe("chat");
    } else if (dice < 970) {
      start(pid);
    } else if (dice < 990) {
      find_anew();
      questions();
    } else {
      reload();
      questions();
    }
  }

  /// What the next answers of resolvers tell.
  void find_anew() {
    const auto target = one_of(std::array<std::string, 3>{"/hub/v2/data", "/hub/v3/data", ""});
    const auto model = 1000 + below(30);
    const auto secret = 1000 + below(30);
    for (auto* world : {&with_, &without_}) {
      world->found.clear();
      world->put("/hub/current/data", "/hub/current/data", 1000 + below(1), false, 90, target);
      world->put("/srv/models/gemma/**", "/srv/models/gemma", 91, true);
      world->put("/srv/models/**", "/srv/models/gemma/a.gguf", model, false, 92, target);
      world->put("/run/secrets/token", "/run/secrets/token", secret, false, 92, "/run/secrets/..data");
    }
  }
  void questions() {
    if (below(4) == 0) return;  // the answer comes later
    for (auto* world : {&with_, &without_}) world->answer_all();
    changes_ += with_.requests.size() != without_.requests.size() ? 1U : 0U;
  }
  void reload() {
    std::vector<std::string> scopes = {one_of(kChat), one_of(kOther)};
    if (below(3) == 0) scopes.pop_back();
    const auto set = compile(scopes).set;
    ASSERT_NE(set, nullptr);
    for (auto* world : {&with_, &without_}) world->judge->replace(set);
  }

  std::mt19937_64 random_;
  World with_{{kChat[0], kOther[0]}};
  World without_{{kChat[0], kOther[0]}};
  std::size_t changes_ = 0;
};

TEST(PathMemory, ChangesNoVerdictInAnyHistory) {
  for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Pair(seed).live(3000);
  }
}

}  // namespace
}  // namespace ambit::scope
