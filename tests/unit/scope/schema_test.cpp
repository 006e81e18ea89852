// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "world.h"

namespace ambit::scope {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kSelect = "  select: {systemdUnit: llama.service}\n";

struct Fault {
  const char* description;
  std::string spec;  ///< after `owner`
  int line;
  const char* message;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.description;
}

class SchemaFault : public ::testing::TestWithParam<Fault> {};

TEST_P(SchemaFault, IsReportedWithLineAndExpectation) {
  const auto& fault = GetParam();
  const auto result = compile({scope_text("chat", fault.spec)});
  EXPECT_FALSE(result.set) << fault.description;
  bool is_found = false;
  for (const auto& d : result.diagnostics) {
    is_found = is_found ||
               (d.file == "scope0.yaml" && d.line == fault.line && d.message.find(fault.message) != std::string::npos);
  }
  EXPECT_TRUE(is_found) << fault.description << "\n" << util::to_string(result.diagnostics);
}

// The spec's own lines begin at 6.
INSTANTIATE_TEST_SUITE_P(
    Table, SchemaFault,
    ::testing::Values(
        Fault{"unknown key", kSelect + "  modells: []\n", 7, "did you mean 'models'?"},
        Fault{"unknown key in a section", kSelect + "  network: {egres: []}\n", 7, "did you mean 'egress'?"},
        Fault{"no selector", "  mode: alert\n", 5, "expected 'select'"},
        Fault{"empty selector", "  select: {}\n", 6, "expected at least one of systemdUnit"},
        Fault{"unit without suffix", "  select: {systemdUnit: llama}\n", 6, "llama.service"},
        Fault{"cgroup of everybody", "  select: {cgroup: \"/**\"}\n", 6, "own every process"},
        Fault{"executable digest", "  select: {executable: {path: /usr/bin/x, sha256: 00}}\n", 6,
              "sha256 is not supported in this version"},
        Fault{"container name", "  select: {container: {name: llama}}\n", 6, "name is not supported in this version"},
        Fault{"kubernetes selector", "  select: {kubernetes: {namespace: ml}}\n", 6,
              "kubernetes is not supported in this version"},
        Fault{"short container id", "  select: {container: {id: abc}}\n", 6, "12 to 64 hexadecimal digits"},
        Fault{"learn mode", kSelect + "  mode: learn\n", 7, "mode 'learn' is not supported in this version"},
        Fault{"enforce in a section", kSelect + "  files: {mode: enforce}\n", 7,
              "mode 'enforce' is not supported in this version"},
        Fault{"unknown mode", kSelect + "  mode: alrt\n", 7, "did you mean 'alert'?"},
        Fault{"glob that is not absolute", kSelect + "  files:\n    read: [models/**]\n", 8, "is not absolute"},
        Fault{"glob with stars inside", kSelect + "  files:\n    read: [/a/x**]\n", 8, "whole component"},
        Fault{"unknown phase", kSelect + "  files:\n    read:\n      - {path: /a, phases: [laod]}\n", 9,
              "did you mean 'load'?"},
        Fault{"planned phase", kSelect + "  files:\n    read:\n      - {path: /a, phases: [reload]}\n", 9,
              "'reload' is not supported"},
        Fault{"empty phases", kSelect + "  files:\n    read:\n      - {path: /a, phases: []}\n", 9,
              "at least one of load, serve"},
        Fault{"model digest", kSelect + "  models:\n    - {name: g, path: /m, sha256: {}}\n", 8,
              "sha256 is not supported"},
        Fault{"model without name", kSelect + "  models:\n    - {path: /m}\n", 8, "expected 'name'"},
        Fault{"model without path", kSelect + "  models:\n    - {name: g}\n", 8, "expected 'path'"},
        Fault{"model twice", kSelect + "  models:\n    - {name: g, path: /m}\n    - {name: g, path: /n}\n", 9,
              "stands twice"},
        Fault{"unknown role", kSelect + "  models:\n    - {name: g, path: /m, read: [sever]}\n", 8,
              "did you mean 'server'?"},
        Fault{"secret rotation", kSelect + "  secrets:\n    - {id: t, path: /s, rotateEvery: 30d}\n", 8,
              "rotateEvery is not supported"},
        Fault{"budgets", kSelect + "  budgets: {}\n", 7, "budgets is not supported in this version"},
        Fault{"host and cidr", kSelect + "  network:\n    egress:\n      - {host: a.b, cidr: 10.0.0.0/8}\n", 9,
              "either 'host' or 'cidr'"},
        Fault{"bad cidr", kSelect + "  network:\n    egress:\n      - {cidr: 10.0.0.300/8}\n", 9,
              "not an address or CIDR"},
        Fault{"host bits", kSelect + "  network:\n    egress:\n      - {cidr: 10.1.0.0/8}\n", 9,
              "bits set behind the prefix"},
        Fault{"address as host", kSelect + "  network:\n    egress:\n      - {host: 10.0.0.1}\n", 9,
              "write it as 'cidr'"},
        Fault{"port zero", kSelect + "  network:\n    ingress: {listen: [0]}\n", 8, "expected a port"},
        Fault{"range backwards", kSelect + "  network:\n    ingress: {listen: [9-8]}\n", 8, "expected a port"},
        Fault{"metadata word", kSelect + "  network: {metadataService: no}\n", 7, "unknown value 'no'"},
        Fault{"io word", kSelect + "  io: {ioUring: forbid}\n", 7, "unknown value 'forbid'"},
        Fault{"exception without end", kSelect + "  exceptions:\n    - {rule: AMB-1, reason: x}\n", 8,
              "an exception has to expire"},
        Fault{"exception with a bad date",
              kSelect + "  exceptions:\n    - {rule: AMB-1, reason: x, until: 2026-02-30}\n", 8, "expected a date"},
        Fault{"two ends in one entry", kSelect + "  phases:\n    load: {endsWhen: [{quiet: 1s, listenOn: 80}]}\n", 8,
              "one of http, quiet"},
        Fault{"pod readiness", kSelect + "  phases:\n    load: {endsWhen: [{podReady: true}]}\n", 8,
              "podReady is not supported"},
        Fault{"bad duration", kSelect + "  phases:\n    load: {max: 5 minutes}\n", 8, "expected a duration"},
        Fault{"https probe", kSelect + "  phases:\n    load: {endsWhen: [{http: \"https://x/\"}]}\n", 8,
              "expected an address such as http://"},
        Fault{"unknown pack", kSelect + "  extends: [lama-cpp]\n", 7, "unknown pack 'lama-cpp'"},
        Fault{"parameter of nobody", kSelect + "  parameters: {port: 1}\n", 7, "unknown parameter 'port'"},
        Fault{"parameter that is not given", kSelect + "  files:\n    read: [\"${dir}/x\"]\n", 8,
              "unknown parameter 'dir'"},
        Fault{"list where a map is expected", kSelect + "  network: []\n", 7, "expected a map"}));

TEST(ScopeSchema, AcceptsEverythingItDocuments) {
  const auto result = compile({R"(
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: chat-llama, labels: {environment: prod}}
spec:
  owner: {team: ml-platform, contact: ml@example.com}
  mode: alert
  select: {systemdUnit: llama.service, cgroup: "/system.slice/**", executable: {path: /usr/bin/llama-server}, user: [llama, 1001], container: {id: 0123456789ab, runtime: docker}}
  phases: {load: {endsWhen: [{http: "http://127.0.0.1:8080/health"}, {quiet: 10s}, {listenOn: 8080}], max: 30m}}
  models: [{name: gemma, path: "/srv/models/gemma/**", read: [server], phases: [load], write: {identities: [model-sync, /usr/bin/sync]}}]
  files: {mode: audit, read: [/a, {path: "/b/**", phases: [load]}], write: [/tmp/**], execute: [/usr/bin/x], deny: [/etc/shadow]}
  processes: {server: {executable: /usr/bin/llama-server, argv: "*-m*"}, children: [{executable: /usr/bin/gcc, phases: [load]}, /bin/true]}
  network:
    egress: [{host: hf.co, ports: [443], phases: [load]}, {cidr: 10.0.0.0/8, protocol: tcp}, {host: "*.example.com"}]
    ingress: {listen: [8080, 9000-9010, {port: 1024-65535, address: 127.0.0.0/8}], clients: [10.30.0.0/16]}
    unix: [/run/x.sock, "@abstract*", {path: /run/y, phases: [load]}]
    resolvers: [127.0.0.53]
    metadataService: deny
  secrets: {mode: alert, items: [{id: hf-token, path: /run/secrets/hf, owner: ml-platform, readers: [server], phases: [load]}]}
  devices: ["/dev/nvidia*"]
  io: {ioUring: deny, memfdExec: deny, ptrace: deny}
  exceptions: [{rule: AMB-1001, until: 2026-12-01, reason: debugging, approvedBy: alice}]
)"});
  EXPECT_THAT(util::to_string(result.diagnostics), IsEmpty());
  ASSERT_TRUE(result.set);
  EXPECT_EQ(result.set->hash("chat-llama").size(), 64U);
  EXPECT_THAT(result.set->effective("chat-llama"), HasSubstr("\"name\": \"gemma\""));
  EXPECT_THAT(result.set->effective("other"), IsEmpty());
}

TEST(ScopeSchema, TakesTheServiceManagersWordInBothForms) {
  for (const char* const end : {"sdNotify", "{sdNotify: true}"}) {
    const auto result = compile({scope_text(
        "chat", fmt::format("  select: {{systemdUnit: a.service}}\n  phases: {{load: {{endsWhen: [{}]}}}}\n", end))});
    EXPECT_TRUE(result.set);
    EXPECT_THAT(util::to_string(result.diagnostics), IsEmpty());
    EXPECT_THAT(result.set->effective("chat"), HasSubstr("\"sdNotify\": true"));
  }
}

TEST(ScopeSchema, RefusesAServiceManagersWordThatIsOff) {
  const auto result = compile(
      {scope_text("chat", "  select: {systemdUnit: a.service}\n  phases: {load: {endsWhen: [{sdNotify: false}]}}\n")});
  EXPECT_FALSE(result.set);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("sdNotify: expected true"));
}

TEST(ScopeSchema, ReportsAllFaultsAtOnce) {
  const auto result = compile({scope_text("chat", "  slect: {}\n  files: {red: []}\n  io: {ptrace: maybe}\n")});
  EXPECT_GE(result.diagnostics.size(), 4U) << util::to_string(result.diagnostics);
}

TEST(ScopeSchema, NamesBothFilesOfEqualSelectors) {
  const auto result = compile({scope_text("a", "  select: {systemdUnit: llama.service}\n"),
                               scope_text("b", "  select: {systemdUnit: [llama.service]}\n")});
  EXPECT_FALSE(result.set);
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("scope1.yaml:6"));
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("scope 'a' in scope0.yaml"));
}

TEST(ScopeSchema, AcceptsSelectorsThatDiffer) {
  EXPECT_TRUE(compile({scope_text("a", "  select: {systemdUnit: llama.service}\n"),
                       scope_text("b", "  select: {systemdUnit: other.service}\n")})
                  .set);
}

TEST(ScopeSchema, RefusesOneNameInTwoFiles) {
  const auto result = compile({scope_text("a", "  select: {user: x}\n"), scope_text("a", "  select: {user: y}\n")});
  EXPECT_THAT(util::to_string(result.diagnostics), HasSubstr("scope 'a' is also in scope0.yaml"));
}

TEST(ScopeSchema, ReportsBrokenYamlAndWrongKinds) {
  EXPECT_THAT(util::to_string(compile({"a: [b"}).diagnostics), HasSubstr("scope0.yaml:1"));
  EXPECT_THAT(util::to_string(compile({"just text"}).diagnostics), HasSubstr("expected a map"));
  EXPECT_THAT(
      util::to_string(compile({"apiVersion: ambit.dev/v1\nkind: Scop\nmetadata: {name: x}\nspec: {}\n"}).diagnostics),
      HasSubstr("did you mean 'Scope'?"));
  EXPECT_THAT(util::to_string(compile({"apiVersion: ambit.dev/v2\nkind: Scope\nmetadata: {name: X Y}\n"}).diagnostics),
              HasSubstr("expected 'spec'"));
}

TEST(ScopeSchema, SurvivesHostileYaml) {
  for (const char* const text : {"&a [*a]", "apiVersion: &x [*x]\nkind: {}\nmetadata: []\nspec: 1\n", "? [a]: b", "{}",
                                 "- - - -", "spec:\n  ? {a: b}\n  : c\n",
                                 "apiVersion: ambit.dev/v1\nkind: Scope\nmetadata: {name: a}\nspec: &s {owner: *s, "
                                 "select: *s, files: *s, models: [*s]}\n"}) {
    EXPECT_FALSE(compile({text}).set && !compile({text}).diagnostics.empty()) << text;
  }
}

TEST(ScopeSchema, WarnsOfAnExpiredException) {
  const auto text =
      scope_text("a", "  select: {user: x}\n  exceptions:\n    - {rule: AMB-1, until: 2026-12-01, reason: r}\n");
  const WallTime before = std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}.time_since_epoch();
  EXPECT_TRUE(compile({text}, {}, before).diagnostics.empty());
  const auto late = compile({text}, {}, before + std::chrono::hours(24));
  ASSERT_TRUE(late.set);
  EXPECT_THAT(util::to_string(late.diagnostics),
              HasSubstr("scope0.yaml:8: warning: exception for rule 'AMB-1' expired"));
}

TEST(ScopeHash, ChangesWithMeaningAndNotWithLayout) {
  const auto hash = [](const std::string& spec) { return compile({scope_text("a", spec)}).set->hash("a"); };
  const auto one = hash("  select: {user: x}\n  files: {read: [/a]}\n");
  EXPECT_EQ(one, hash("  files:\n    read:\n      - path: /a   # the same\n  select:\n    user: [x]\n"));
  EXPECT_NE(one, hash("  select: {user: x}\n  files: {read: [/b]}\n"));
}

}  // namespace
}  // namespace ambit::scope
