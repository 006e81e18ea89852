// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace ambit::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadResult load_text(std::string text) {
  const util::Document document{"test.yaml", std::move(text)};
  return load_documents({&document, 1});
}

TEST(Config, GivesDefaultsAndATerminalWhereNothingIsConfigured) {
  const auto r = load_documents({});
  EXPECT_TRUE(r.ok()) << util::to_string(r.diagnostics);
  EXPECT_EQ(r.config.http.address, "127.0.0.1");
  EXPECT_EQ(r.config.http.port, 9477);
  EXPECT_EQ(r.config.kernel.ring_bytes, 16U << 20);
  EXPECT_EQ(r.config.kernel.pin_path, "/sys/fs/bpf/ambit");
  EXPECT_THAT(r.config.scopes.paths, ElementsAre("/etc/ambit/scopes"));
  EXPECT_THAT(r.config.rules.paths, IsEmpty());
  ASSERT_EQ(r.config.sinks.size(), 1U);
  EXPECT_EQ(r.config.sinks[0].type, "terminal");
  EXPECT_EQ(r.config.sinks[0].format, "text");
}

TEST(Config, HowRulesWorkTogetherIsNamedByWordsThatAreKnown) {
  const auto usual = load_text("rules: {paths: [/b]}\n").config.rule_settings;
  EXPECT_EQ(usual.matching, "all");
  EXPECT_EQ(usual.minimum_priority, "debug");
  EXPECT_THAT(util::to_string(load_text("rules:\n  matching: frist\n").diagnostics),
              HasSubstr("test.yaml:2:13: error: rules.matching: unknown value 'frist'; did you mean 'first'?"));
  EXPECT_THAT(util::to_string(load_text("rules: {minimum_priority: warnin}\n").diagnostics),
              HasSubstr("rules.minimum_priority: unknown value 'warnin'; did you mean 'warning'?"));
  EXPECT_FALSE(load_text("scopes: {matching: first}\n").ok()) << "of rules only";
}

TEST(Config, ReadsEverySection) {
  const auto r = load_text(R"(
kernel: {ring_bytes: 4MiB, ring_reserve_bytes: 1MiB, max_processes: 1000, max_images: 2000, max_protected: 3000, max_watched_names: 100, max_dns_sockets: 101, max_told_acts: 102, max_copies: 105, max_forkers: 106, max_name_changes: 107, max_multishots: 108, max_losers: 103, max_sockets: 500, max_peers: 600, fork_storm: 700, flood_control: {share_percent: 25, images: 104}, seen_table: {enabled: false, entries: 4000}, pin_path: /bpf/x, cgroup2_path: /cg}
hooks: {deny: [tp_btf/sys_exit]}
scopes: {paths: [/a]}
rules: {paths: [/b, /c.yaml], matching: first, minimum_priority: notice}
packs: {paths: /d}
catalog: {paths: [/e]}
ledger: {path: /l.db, retention_days: 7}
alerts: {window: 30s}
canaries: {interval: 10m}
correlation: {tolerance: 2s, groups: 100, memory: 8MiB, waiting: 200}
sinks:
  - {name: siem, type: syslog, protocol: tls, host: log.example, format: json, min_severity: high, tls: {ca: /ca, cert: /c, key: /k, server_name: n}}
  - {name: file, type: file, path: /var/log/ambit.json, rotate: {bytes: 1MiB, files: 3}}
http: {enabled: false, address: "::1", port: 9000}
control: {socket: /run/x.sock}
log: {level: debug, format: json}
network: {resolvers: [192.0.2.1, "2001:db8::1"]}
)");
  ASSERT_TRUE(r.ok()) << util::to_string(r.diagnostics);
  const auto& c = r.config;
  EXPECT_EQ(c.kernel.ring_bytes, 4U << 20);
  EXPECT_EQ(c.kernel.ring_reserve_bytes, 1U << 20);
  EXPECT_EQ(c.kernel.max_protected, 3000U);
  EXPECT_EQ(c.kernel.max_sockets, 500U);
  EXPECT_EQ(c.kernel.max_peers, 600U);
  EXPECT_EQ(c.kernel.fork_storm, 700U);
  EXPECT_EQ(c.kernel.max_watched_names, 100U);
  EXPECT_EQ(c.kernel.max_dns_sockets, 101U);
  EXPECT_EQ(c.kernel.max_told_acts, 102U);
  EXPECT_EQ(c.kernel.max_copies, 105U);
  EXPECT_EQ(c.kernel.max_forkers, 106U);
  EXPECT_EQ(c.kernel.max_name_changes, 107U);
  EXPECT_EQ(c.kernel.max_multishots, 108U);
  EXPECT_EQ(c.kernel.max_losers, 103U);
  EXPECT_EQ(c.kernel.flood_share_percent, 25U);
  EXPECT_EQ(c.kernel.max_writers, 104U);
  EXPECT_FALSE(c.kernel.seen_enabled);
  EXPECT_EQ(c.kernel.seen_entries, 4000U);
  EXPECT_EQ(c.kernel.cgroup2_path, "/cg");
  EXPECT_EQ(c.kernel.pin_path, "/bpf/x");
  EXPECT_THAT(c.hooks.deny, ElementsAre("tp_btf/sys_exit"));
  EXPECT_EQ(to_string(c.hooks.origin), "test.yaml:3");
  EXPECT_THAT(c.rules.paths, ElementsAre("/b", "/c.yaml"));
  EXPECT_EQ(c.rule_settings.matching, "first");
  EXPECT_EQ(c.rule_settings.minimum_priority, "notice");
  EXPECT_THAT(c.packs.paths, ElementsAre("/d"));
  EXPECT_EQ(c.ledger.retention_days, 7U);
  EXPECT_EQ(c.alerts.window, std::chrono::seconds(30));
  EXPECT_EQ(c.canaries.interval, std::chrono::minutes(10));
  EXPECT_EQ(c.correlation.tolerance, std::chrono::seconds(2));
  EXPECT_EQ(c.correlation.groups, 100U);
  EXPECT_EQ(c.correlation.memory_bytes, 8U << 20);
  EXPECT_EQ(c.correlation.waiting, 200U);
  ASSERT_EQ(c.sinks.size(), 2U);
  EXPECT_EQ(c.sinks[0].port, 6514);
  EXPECT_EQ(c.sinks[0].min_severity, Severity::high);
  EXPECT_EQ(c.sinks[0].tls.server_name, "n");
  EXPECT_EQ(to_string(c.sinks[0].origin), "test.yaml:13");
  EXPECT_EQ(c.sinks[1].format, "ocsf");
  EXPECT_EQ(c.sinks[1].rotate.files, 3U);
  EXPECT_FALSE(c.http.enabled);
  EXPECT_EQ(c.http.port, 9000);
  EXPECT_EQ(to_string(c.http.origin), "test.yaml:15");
  EXPECT_EQ(c.log.format, "json");
  EXPECT_EQ(c.network.resolvers.size(), 2U);
}

struct Fault {
  const char* description;
  const char* text;
  int line;
  const char* message;
};

class ConfigFault : public ::testing::TestWithParam<Fault> {};

TEST_P(ConfigFault, IsNamedWithLineAndWhatWasExpected) {
  const auto& p = GetParam();
  const auto r = load_text(p.text);
  ASSERT_FALSE(r.ok()) << p.description;
  const auto it = std::find_if(r.diagnostics.begin(), r.diagnostics.end(), [&](const auto& d) {
    return d.line == p.line && d.file == "test.yaml" && d.message.find(p.message) != std::string::npos;
  });
  EXPECT_NE(it, r.diagnostics.end()) << p.description << ": " << util::to_string(r.diagnostics);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigFault,
    ::testing::Values(
        Fault{"unknown section", "http: {}\nlegder: {path: /x}\n", 2, "did you mean 'ledger'"},
        Fault{"unknown key", "http:\n  prot: 1\n", 2, "did you mean 'port'"},
        Fault{"port too large", "http:\n  port: 70000\n", 2, "from 0 to 65535"},
        Fault{"port not a number", "\nhttp:\n  port: web\n", 3, "found 'web'"},
        Fault{"host name as address", "http:\n  address: localhost\n", 2, "expected an IPv4 or IPv6 address"},
        Fault{"pins at no absolute path", "kernel:\n  pin_path: bpf/ambit\n", 2, "absolute path"},
        Fault{"ring no power of two", "kernel:\n  ring_bytes: 3MiB\n", 2, "power of two"},
        Fault{"reserve larger than ring", "kernel:\n  ring_bytes: 1MiB\n", 2, "more than half"},
        Fault{"size without unit known", "kernel:\n  ring_bytes: 3MB\n", 2, "expected a size"},
        Fault{"relative ledger", "ledger:\n  path: ledger.db\n", 2, "absolute path"},
        Fault{"relative rules folder", "rules:\n  paths: [rules]\n", 2, "absolute paths"},
        Fault{"section is a list", "log: [debug]\n", 1, "expected a map"},
        Fault{"log level", "log:\n  level: verbose\n", 2, "unknown value 'verbose'"},
        Fault{"resolver name", "network:\n  resolvers: [dns.example]\n", 2, "found 'dns.example'"},
        Fault{"sinks no list", "sinks: {name: x}\n", 1, "expected a list"},
        Fault{"sink without name", "sinks:\n  - {type: terminal}\n", 2, "needs a name"},
        Fault{"sink with odd name", "sinks:\n  - {name: A B, type: terminal}\n", 2, "expected at most 64 of"},
        Fault{"sink twice", "sinks:\n  - {name: a, type: terminal}\n  - {name: a, type: terminal}\n", 3,
              "stands twice"},
        Fault{"sink without type", "sinks:\n  - {name: a}\n", 2, "needs a type"},
        Fault{"sink of unknown type", "sinks:\n  - name: a\n    type: sylog\n", 3, "did you mean 'syslog'"},
        Fault{"unknown sink key", "sinks:\n  - name: a\n    type: terminal\n    fromat: text\n", 4,
              "did you mean 'format'"},
        Fault{"file sink without path", "sinks:\n  - {name: a, type: file}\n", 2, "needs a path"},
        Fault{"syslog sink without host", "sinks:\n  - {name: a, type: syslog}\n", 2, "needs a host"},
        Fault{"terminal with host", "sinks:\n  - {name: a, type: terminal, host: h}\n", 2, "has no host"},
        Fault{"tls settings over tcp", "sinks:\n  - {name: a, type: syslog, host: h, tls: {ca: /c}}\n", 2,
              "protocol: tls"},
        Fault{"certificate without key",
              "sinks:\n  - {name: a, type: syslog, protocol: tls, host: h, tls: {cert: /c}}\n", 2, "go together"},
        Fault{"canary interval", "canaries:\n  interval: 1s\n", 2, "from 5s to 24h"},
        Fault{"correlation tolerance", "correlation:\n  tolerance: 2m\n", 2, "from 0s to 60s"},
        Fault{"correlation memory", "correlation:\n  memory: 64KiB\n", 2, "1MiB to 16GiB"},
        Fault{"correlation groups", "correlation:\n  groups: 3\n", 2, "correlation.groups"},
        Fault{"unknown correlation key", "correlation:\n  group: 300\n", 2, "did you mean 'groups'"},
        Fault{"flood share", "kernel:\n  flood_control: {share_percent: 101}\n", 2, "share_percent"},
        Fault{"alert window", "alerts:\n  window: 2d\n", 2, "from 1s to 24h"},
        Fault{"not YAML", "http: [\n", 2, "not valid YAML"},
        Fault{"a text for a document", "hello\n", 1, "expected a map"}));

TEST(Config, NotesAllFaultsAtOnce) {
  const auto r = load_text("http: {port: x}\nlog: {level: y}\n");
  EXPECT_EQ(r.diagnostics.size(), 2U) << util::to_string(r.diagnostics);
}

TEST(Config, MergesFoldersByKeyAndSinksByName) {
  const test::TempDir dir;
  const auto main = dir.write(
      "ambit.yaml", "http: {port: 1000}\nsinks:\n  - {name: a, type: file, path: /a}\n  - {name: b, type: terminal}\n");
  dir.write(
      "conf.d/20.yaml",
      "sinks:\n  - {name: a, min_severity: high}\n  - {name: b, enabled: false}\n  - {name: c, type: terminal}\n");
  dir.write("conf.d/10.yaml", "http: {address: 127.0.0.2}\n");
  dir.write("conf.d/.hidden.yaml", "nonsense: 1\n");
  dir.write("conf.d/readme.txt", "nonsense: 1\n");
  const std::string files[] = {main, dir.path("conf.d")};
  const auto r = load(files);
  ASSERT_TRUE(r.ok()) << util::to_string(r.diagnostics);
  EXPECT_EQ(r.config.http.port, 1000);
  EXPECT_EQ(to_string(r.config.http.origin), main + ":1");
  EXPECT_EQ(r.config.http.address, "127.0.0.2");
  EXPECT_THAT(r.config.files, ElementsAre(main, dir.path("conf.d/10.yaml"), dir.path("conf.d/20.yaml")));
  ASSERT_EQ(r.config.sinks.size(), 2U);
  EXPECT_EQ(r.config.sinks[0].name, "a");
  EXPECT_EQ(r.config.sinks[0].path, "/a");
  EXPECT_EQ(r.config.sinks[0].min_severity, Severity::high);
  EXPECT_EQ(r.config.sinks[1].name, "c");
}

TEST(Config, RefusesANamedFileThatIsMissing) {
  const std::string files[] = {"/nonexistent/ambit.yaml"};
  const auto r = load(files);
  ASSERT_FALSE(r.ok());
  EXPECT_THAT(util::to_string(r.diagnostics), HasSubstr("/nonexistent/ambit.yaml: no such file"));
}

TEST(Config, WarnsOfAnEmptySinkListAndAddsNone) {
  const auto r = load_text("sinks: []\n");
  EXPECT_TRUE(r.ok());
  EXPECT_THAT(r.config.sinks, IsEmpty());
  ASSERT_EQ(r.diagnostics.size(), 1U);
  EXPECT_TRUE(r.diagnostics[0].is_warning);
}

}  // namespace
}  // namespace ambit::config
