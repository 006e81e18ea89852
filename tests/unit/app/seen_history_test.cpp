// SPDX-License-Identifier: Apache-2.0
// The promise of the seen-table: whatever happens, the alerts are those that would be raised without it.
#include <gmock/gmock.h>

#include <random>

#include "seen_host.h"

namespace ambit::app::test {
namespace {

using namespace std::chrono_literals;

const std::string kHead = "apiVersion: ambit.dev/v1\nkind: Scope\n";

/// Two workloads, one of which reads the other's weights; the variants differ in what is granted.
std::shared_ptr<const scope::ScopeSet> scopes(int variant) {
  const std::string chat =
      kHead +
      "metadata: {name: chat}\nspec:\n"
      "  owner: {team: ml}\n"
      "  select: {cgroup: /chat}\n"
      "  phases: {load: {endsWhen: [{quiet: 5s}, {listenOn: 8080}], max: 60s}}\n"
      "  models: [{name: gemma, path: \"/srv/d0/**\", read: [members], write: {identities: [svc]}}]\n"
      "  secrets: [{id: token, path: /srv/d1/f2, owner: ml, readers: [members], phases: [load]}]\n" +
      (variant == 0 ? "  files: {read: [\"/srv/d1/**\", \"/srv/d2/**\"], write: [\"/srv/d2/**\"]}\n"
                    : "  files: {read: [\"/srv/d2/**\", {path: \"/srv/d1/**\", phases: [load]}], "
                      "deny: [\"/srv/d2/f1\"]}\n") +
      "  processes: {server: {executable: /usr/bin/server}, children: [{executable: /usr/bin/worker}]}\n" +
      (variant == 0 ? "  network: {egress: [{cidr: 10.0.0.0/8}]}\n"
                    : "  network: {egress: [{cidr: 10.0.0.1/32, ports: [443]}]}\n");
  const std::string embed = kHead +
                            "metadata: {name: embed}\nspec:\n"
                            "  owner: {team: ml}\n"
                            "  select: {cgroup: /embed}\n" +
                            (variant == 0 ? "  mode: alert\n" : "  mode: audit\n") +
                            "  files: {read: [\"/srv/d0/**\", \"/srv/d2/f0\"]}\n";
  std::vector<util::Document> documents{{"chat.yaml", chat}, {"embed.yaml", embed}};
  auto result = scope::ScopeSet::compile(documents, {});
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return result.set;
}

std::shared_ptr<const engine::RuleSet> rules(int variant) {
  const auto rule = [](const std::string& id, const std::string& condition) {
    return "- rule: " + id + "\n  id: " + id + "\n  desc: d\n  condition: " + condition +
           "\n  output: \"%evt.type %fd.name %scope.verdict %scope.reason\"\n  priority: warning\n";
  };
  std::string text =
      rule("T-1", "evt.type in (open, connect, send) and scope.verdict in (out_of_scope, denied)") +
      rule("T-2", "evt.type = open and model.name exists and not user.name = svc and scope.phase = serve");
  if (variant == 0) {
    text += rule("T-3", "evt.type = open and fd.name = /srv/d2/f3 and proc.name = worker");
    text += rule("T-4", "evt.type = connect and fd.sport = 80 and workload.name = chat");
  } else {
    text += rule("T-5", "evt.type = open and quality.protected = true and evt.is_open_write = true");
    text += rule("T-6", "evt.type = open and fd.filename = f0 and proc.pid > 12");
    text += rule("T-7", "evt.type in (connect, send) and fd.rport = 53 and user.uid = 1001");
  }
  std::vector<util::Document> documents{{"rules.yaml", text}};
  auto result = engine::RuleSet::compile(documents);
  EXPECT_NE(result.set, nullptr) << util::to_string(result.diagnostics);
  return result.set;
}

const std::array<Rulebook, 4>& books() {
  static const std::array<Rulebook, 4> all = {
      Rulebook{scopes(0), rules(0)}, {scopes(1), rules(0)}, {scopes(0), rules(1)}, {scopes(1), rules(1)}};
  return all;
}

constexpr int kDirectories = 4, kFiles = 4;

/// What one history has in mind: the tree, who runs, and the dice.
class History {
 public:
  History(std::uint32_t seed, Host& host) : dice_(seed), host_(host) {
    for (int d = 0; d < kDirectories; ++d) directories_.push_back("d" + std::to_string(d));
    host_.cgroup(10, "/chat");
    host_.cgroup(20, "/embed");
    host_.cgroup(30, "/user.slice");
    host_.learn_users();
    for (const std::uint32_t pid : {10U, 11U, 12U, 13U}) running_.push_back(pid);
    host_.move(10, 10, "/chat");
    host_.exec(10, "/usr/bin/server");
    host_.set_user(10, 1000);
    host_.fork(10, 11);
    host_.move(12, 20, "/embed");
    host_.exec(12, "/usr/bin/worker");
    host_.move(13, 30, "/user.slice");
    host_.exec(13, "/usr/bin/cat");
    host_.answer(objects());
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (roll(4) == 0) host_.answer(objects());
    }
  }

 private:
  std::uint32_t roll(std::uint32_t sides) { return static_cast<std::uint32_t>(dice_() % sides); }
  std::uint32_t someone() { return running_[roll(static_cast<std::uint32_t>(running_.size()))]; }

  Host::File file(std::uint32_t d, std::uint32_t f) const {
    return {"/srv/" + directories_[d], 100 + d, "f" + std::to_string(f), 1000 + 10 * d + f, S_IFREG | 0644};
  }
  /// What a look-up of the declared paths finds in the tree as it is.
  std::map<std::string, std::vector<ResolvedObject>> objects() const {
    std::map<std::string, std::vector<ResolvedObject>> out;
    const auto add = [&](const std::string& pattern, const std::string& path, std::uint64_t ino, bool is_directory) {
      ResolvedObject object;
      object.pattern = pattern;
      object.path = path;
      object.id = {Host::kDevice, ino};
      object.parent_dev = Host::kDevice;
      object.parent_ino = 99;
      object.is_directory = is_directory;
      out[pattern].push_back(std::move(object));
    };
    for (std::uint32_t d = 0; d < kDirectories; ++d) {
      const std::string path = "/srv/" + directories_[d];
      if (directories_[d] == "d0") {
        add("/srv/d0/**", path, 100 + d, true);
        for (std::uint32_t f = 0; f < kFiles; ++f)
          add("/srv/d0/**", path + "/f" + std::to_string(f), 1000 + 10 * d + f, false);
      }
      if (directories_[d] == "d1") add("/srv/d1/f2", path + "/f2", 1000 + 10 * d + 2, false);
    }
    return out;
  }

  void step() {
    const auto dice = roll(400);
    if (dice < 300) {
      // Mostly the same few again, as servers do.
      const auto d = roll(5) != 0 ? favourite_ % kDirectories : roll(kDirectories);
      const auto f = roll(5) != 0 ? favourite_ / kDirectories % kFiles : roll(kFiles);
      const auto way = roll(10);
      host_.open(someone(), file(d, f),
                 way < 8    ? AMBIT_ACCESS_READ
                 : way == 8 ? AMBIT_ACCESS_WRITE
                            : AMBIT_ACCESS_WRITE | AMBIT_ACCESS_CREATED);
    } else if (dice < 360) {
      static constexpr std::array<std::uint16_t, 4> kPorts = {443, 80, 53, 443};
      host_.connect(someone(), roll(4) == 0 ? 0xc0a80001 : 0x0a000001 + roll(2), kPorts[roll(4)],
                    roll(3) == 0 ? AMBIT_REC_SEND : AMBIT_REC_CONNECT);
    } else if (dice < 370) {
      host_.pass(std::chrono::milliseconds(roll(3000)));
    } else if (dice < 374) {
      favourite_ = roll(kDirectories * kFiles);
    } else if (dice < 378) {
      std::swap(directories_[roll(kDirectories)], directories_[roll(kDirectories)]);
      host_.directory_was_renamed();
    } else if (dice < 381) {
      directories_[3] = directories_[3] == "d3" ? "spare" : "d3";
      host_.directory_was_renamed();
    } else if (dice < 385) {
      host_.reload(books()[roll(4)]);
    } else if (dice < 388) {
      host_.listen(10, roll(2) == 0 ? 8080 : 9090);
    } else if (dice < 392) {
      if (running_.size() < 12) {
        running_.push_back(++last_);
        host_.fork(someone_but(last_), last_);
      }
    } else if (dice < 394) {
      static const std::array<std::string, 3> kPrograms = {"/usr/bin/server", "/usr/bin/worker", "/usr/bin/cat"};
      host_.exec(someone(), kPrograms[roll(3)]);
    } else if (dice < 396) {
      host_.set_user(someone(), 1000 + roll(2));
    } else if (dice < 398) {
      static const std::array<std::string, 3> kGroups = {"/chat", "/embed", "/user.slice"};
      const auto to = roll(3);
      host_.move(someone(), 10 * (to + 1), kGroups[to]);
    } else if (running_.size() > 3) {
      const auto at = roll(static_cast<std::uint32_t>(running_.size()));
      if (running_[at] == 10) return;
      host_.exit(running_[at]);
      running_.erase(running_.begin() + at);
    }
  }
  std::uint32_t someone_but(std::uint32_t pid) {
    auto other = someone();
    while (other == pid) other = someone();
    return other;
  }

  std::mt19937 dice_;
  Host& host_;
  std::vector<std::string> directories_;
  std::vector<std::uint32_t> running_;
  std::uint32_t favourite_ = 5, last_ = 100;
};

struct Outcome {
  std::vector<std::string> alerts;
  std::uint64_t hits = 0, records = 0;
};
Outcome play(std::uint32_t seed, Host::Table table, SeenModel::Fault fault = SeenModel::Fault::none) {
  Host host(table, books()[0], fault);
  History(seed, host).run(1500);
  return {host.alerts(), host.hits(), host.records()};
}

constexpr std::uint32_t kHistories = 120;

TEST(SeenHistory, AlertsAreThoseWithoutTheTable) {
  std::uint64_t alerts = 0, hits = 0;
  for (std::uint32_t seed = 1; seed <= kHistories; ++seed) {
    const auto without = play(seed, Host::Table::off);
    const auto with = play(seed, Host::Table::on);
    ASSERT_EQ(with.alerts, without.alerts) << "seed " << seed;
    ASSERT_EQ(without.hits, 0U);
    ASSERT_EQ(with.records + with.hits, without.records) << "seed " << seed << ": each act is sent or counted";
    alerts += with.alerts.size();
    hits += with.hits;
  }
  EXPECT_GT(alerts, 10'000U) << "the histories are worth their time";
  EXPECT_GT(hits, 5'000U) << "the table did something";
}

/// A kernel half that forgets one of its checks is found out by the same histories.
class SeenHistoryFault : public testing::TestWithParam<SeenModel::Fault> {};

TEST_P(SeenHistoryFault, IsNoticed) {
  std::uint32_t differing = 0;
  for (std::uint32_t seed = 1; seed <= kHistories; ++seed) {
    const auto without = play(seed, Host::Table::off);
    differing += play(seed, Host::Table::on, GetParam()).alerts != without.alerts ? 1U : 0U;
  }
  EXPECT_GT(differing, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, SeenHistoryFault,
                         testing::Values(SeenModel::Fault::judge_generation, SeenModel::Fault::workload_generation,
                                         SeenModel::Fault::path));

}  // namespace
}  // namespace ambit::app::test
