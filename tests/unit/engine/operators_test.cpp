// SPDX-License-Identifier: Apache-2.0
// Truth tables of operators and fields, through the filter that uses the same program as rules.
#include <gtest/gtest.h>

#include "engine/filter.h"
#include "sample_events.h"

namespace ambit::engine {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): a test's own helpers

bool holds(const std::string& condition, const JudgedEvent& event) {
  const auto filter = Filter::compile(condition);
  EXPECT_TRUE(filter.ok()) << condition << ": " << (filter.ok() ? "" : filter.error().message);
  return filter.ok() && filter.value().matches(event);
}

struct Row {
  const char* condition;
  bool expected;
};

class OpenTable : public testing::TestWithParam<Row> {};

TEST_P(OpenTable, Holds) {
  const auto event = judged(open("/srv/models/gemma/model.gguf"), Outcome::out_of_scope, Section::models);
  EXPECT_EQ(holds(GetParam().condition, event), GetParam().expected) << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(
    Operators, OpenTable,
    testing::Values(
        // equality
        Row{"evt.type = open", true}, Row{"evt.type=openat2", true}, Row{"evt.type = connect", false},
        Row{"evt.type != open", false}, Row{"evt.type != connect", true}, Row{"evt.type == open", true},
        Row{"proc.name = llama-server", true}, Row{"proc.name = 'llama-server'", true},
        Row{"proc.name = \"llama-server\"", true}, Row{"proc.name = llama", false}, Row{"proc.name != llama", true},
        Row{"proc.name = Llama-server", false},
        // sets
        Row{"proc.name in (sh, llama-server)", true}, Row{"proc.name in (sh,bash)", false},
        Row{"proc.name in ()", false}, Row{"not proc.name in ()", true}, Row{"user.uid in (0, 1000)", true},
        Row{"user.uid in (0, 0x3e8)", true},
        // text
        Row{"fd.name startswith /srv/", true}, Row{"fd.name startswith srv", false},
        Row{"fd.name endswith .gguf", true}, Row{"fd.name endswith .gg", false}, Row{"fd.name contains gemma", true},
        Row{"fd.name contains Gemma", false}, Row{"fd.name icontains GEMMA", true},
        Row{"fd.name icontains gemmb", false},
        // globs: whole string, a star crosses slashes
        Row{"fd.name glob \"/srv/*.gguf\"", true}, Row{"fd.name glob \"*.ggu\"", false},
        Row{"fd.name glob \"/srv/model?/*\"", true}, Row{"fd.name glob \"/srv/[a-n]odels/*\"", true},
        Row{"fd.name glob \"/srv/[!a-n]odels/*\"", false}, Row{"fd.name glob *", true},
        // path prefixes
        Row{"fd.name pmatch (/srv/models)", true}, Row{"fd.name pmatch (/srv/models/)", true},
        Row{"fd.name pmatch (/srv/model)", false}, Row{"fd.name pmatch (/etc, /srv)", true},
        Row{"fd.name pmatch (/)", true}, Row{"fd.name pmatch (/srv/models/gemma/model.gguf)", true},
        Row{"fd.name pmatch (/srv/*/gemma)", true}, Row{"fd.name pmatch (/srv/*/llama)", false},
        Row{"fd.name pmatch ()", false},
        // numbers
        Row{"fd.num >= 0", true}, Row{"fd.num < 3", false}, Row{"fd.num <= 3", true}, Row{"fd.num>3", false},
        Row{"evt.rawres = 3", true}, Row{"evt.res = SUCCESS", true}, Row{"evt.failed = false", true},
        Row{"evt.is_open_read=true", true}, Row{"evt.is_open_write=true", false},
        // logic
        Row{"evt.type = open and proc.name = sh", false}, Row{"evt.type = open or proc.name = sh", true},
        Row{"not evt.type = open", false}, Row{"not (evt.type = open and proc.name = sh)", true},
        Row{"not not evt.type = open", true}, Row{"proc.name = sh and evt.type = open or fd.num = 3", true},
        Row{"proc.name = sh and (evt.type = open or fd.num = 3)", false},
        Row{"not proc.name = sh and fd.num = 3", true},
        // a missing value is false for every operator, != too; only `not` turns it
        Row{"fd.sport = 1", false}, Row{"fd.sport != 1", false}, Row{"not fd.sport = 1", true},
        Row{"not fd.sport != 1", true}, Row{"fd.sport exists", false}, Row{"not fd.sport exists", true},
        Row{"fd.sport < 5", false}, Row{"fd.sport in (1)", false}, Row{"secret.id != x", false},
        Row{"secret.id = x", false}, Row{"secret.id in (x)", false}, Row{"secret.id startswith x", false},
        Row{"secret.id endswith x", false}, Row{"secret.id contains x", false}, Row{"secret.id icontains x", false},
        Row{"secret.id glob *", false}, Row{"secret.id pmatch (/)", false}, Row{"secret.id exists", false},
        Row{"not secret.id = x", true}, Row{"fd.ip != 1.2.3.4", false}, Row{"fd.net != 0.0.0.0/0", false},
        // ancestors
        Row{"proc.pname = supervise", true}, Row{"proc.aname[0] = llama-server", true},
        Row{"proc.aname[1] = supervise", true}, Row{"proc.aname[2] = systemd", true},
        Row{"proc.aname[3] exists", false}, Row{"proc.aname = systemd", true}, Row{"proc.aname = llama-server", false},
        Row{"proc.aname in (bash, systemd)", true}, Row{"proc.aname != systemd", true},
        Row{"not proc.aname = systemd", false}, Row{"proc.aexe[1] = supervise", true},
        Row{"proc.aexepath[2] startswith /usr/lib", true}, Row{"proc.apid[1] = 50", true},
        // what the process is
        Row{"proc.exe = llama-server", true}, Row{"proc.exepath = /usr/bin/llama-server", true},
        Row{"proc.exefile = llama-server", true}, Row{"proc.cmdline = \"llama-server -m /srv/m.gguf\"", true},
        Row{"proc.args = \"-m /srv/m.gguf\"", true}, Row{"proc.pcmdline = \"supervise -x\"", true},
        Row{"proc.pid = 100", true}, Row{"proc.ppid = 50", true}, Row{"container.id = host", true},
        Row{"container.type exists", false}, Row{"user.name = llm", true}, Row{"user.loginuid = -1", true},
        Row{"proc.duration > 12000000000", true}, Row{"proc.is_exe_from_memfd = false", true},
        // the object and the scope
        Row{"fd.directory = /srv/models/gemma", true}, Row{"fd.filename = model.gguf", true},
        Row{"fd.type = file", true}, Row{"fd.typechar = f", true}, Row{"fd.ino = 42", true}, Row{"fd.nlink = 1", true},
        Row{"scope.verdict = out_of_scope", true}, Row{"scope.section = models", true},
        Row{"scope.phase = serve", true}, Row{"scope.mode = alert", true}, Row{"workload.name = chat", true},
        Row{"workload.member = true", true}, Row{"workload.entered = false", true},
        Row{"workload.label[environment] = prod", true}, Row{"workload.label[tier] exists", false},
        Row{"resource.class exists", false}, Row{"evt.time startswith 12.", true}, Row{"evt.time = 12.000000034", true},
        Row{"quality.user_path = false", true}));

class ConnectTable : public testing::TestWithParam<Row> {};

TEST_P(ConnectTable, Holds) {
  const auto event = net(EventKind::connect, endpoint("10.1.2.3", 40000), endpoint("192.0.2.7", 443));
  EXPECT_EQ(holds(GetParam().condition, event), GetParam().expected) << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(
    TwoSidedFields, ConnectTable,
    testing::Values(
        // either end for = and in, neither for !=
        Row{"fd.ip = 10.1.2.3", true}, Row{"fd.ip = 192.0.2.7", true}, Row{"fd.ip = 1.1.1.1", false},
        Row{"fd.ip in (1.1.1.1, 192.0.2.7)", true}, Row{"fd.ip != 10.1.2.3", false}, Row{"fd.ip != 192.0.2.7", false},
        Row{"fd.ip != 1.1.1.1", true}, Row{"fd.port = 443", true}, Row{"fd.port = 40000", true},
        Row{"fd.port != 443", false}, Row{"fd.port != 80", true}, Row{"fd.port in (80, 443)", true},
        Row{"fd.net = 10.0.0.0/8", true}, Row{"fd.net = 192.0.2.0/24", true}, Row{"fd.net != 10.0.0.0/8", false},
        Row{"fd.net != 172.16.0.0/12", true}, Row{"fd.net in (172.16.0.0/12, 192.0.2.0/25)", true},
        // one end
        Row{"fd.sip = 192.0.2.7", true}, Row{"fd.sip = 10.1.2.3", false}, Row{"fd.cip = 10.1.2.3", true},
        Row{"fd.lip = 10.1.2.3", true}, Row{"fd.rip = 192.0.2.7", true}, Row{"fd.sport = 443", true},
        Row{"fd.cport = 40000", true}, Row{"fd.lport = 40000", true}, Row{"fd.rport = 443", true},
        Row{"fd.snet = 192.0.2.0/24", true}, Row{"fd.snet = 10.0.0.0/8", false}, Row{"fd.cnet = 10.0.0.0/8", true},
        Row{"fd.sip != 10.1.2.3", true}, Row{"fd.sport > 400", true}, Row{"fd.l4proto = tcp", true},
        Row{"fd.type = ipv4", true}, Row{"fd.name = '10.1.2.3:40000->192.0.2.7:443'", true},
        Row{"peer.address = 192.0.2.7", true}, Row{"peer.port = 443", true}, Row{"fd.snet = ::ffff:192.0.2.7", true},
        Row{"fd.snet = 0.0.0.0/0", true}, Row{"fd.snet = fd00::/8", false}));

TEST(Fields, AcceptHasTheLocalEndAsServer) {
  const auto event = net(EventKind::accept, endpoint("10.1.2.3", 8080), endpoint("192.0.2.7", 50000));
  EXPECT_TRUE(holds("fd.sport = 8080 and fd.cip = 192.0.2.7 and fd.lport = 8080 and fd.rip = 192.0.2.7", event));
}

TEST(Fields, AnEndThatIsNotKnownIsMissing) {
  const auto event = net(EventKind::connect, Endpoint{}, endpoint("192.0.2.7", 443));
  EXPECT_FALSE(holds("fd.cip exists", event));
  EXPECT_FALSE(holds("fd.lip != 1.1.1.1", event));
  EXPECT_TRUE(holds("fd.ip = 192.0.2.7 and fd.ip != 1.1.1.1 and fd.name = 192.0.2.7:443", event));
}

TEST(Fields, ListenerOnAllAddressesIsKnownByItsPort) {
  const auto event = net(EventKind::listen, endpoint("0.0.0.0", 8080), Endpoint{});
  EXPECT_TRUE(holds("fd.lport = 8080 and fd.sport = 8080 and fd.sip = 0.0.0.0", event));
}

TEST(Fields, MappedAddressEqualsItsIpv4Form) {
  const auto event = net(EventKind::connect, Endpoint{}, endpoint("::ffff:192.0.2.7", 443), AF_INET6);
  EXPECT_TRUE(holds("fd.sip = 192.0.2.7 and fd.snet = 192.0.2.0/24", event));
}

TEST(Fields, FailedOpenHasNoDescriptor) {
  const auto event = open("/etc/shadow", AMBIT_ACCESS_READ, -13);
  EXPECT_TRUE(holds("evt.res = EACCES and evt.failed = true and evt.rawres = -13 and not fd.num exists", event));
}

TEST(Fields, UnixSocketHasItsPath) {
  const auto event = unix_connect("/run/docker.sock");
  EXPECT_TRUE(
      holds("fd.type = unix and fd.name = /run/docker.sock and peer.path = /run/docker.sock and not fd.l4proto exists",
            event));
}

TEST(Fields, TargetIsKnownByItsNumberEvenWhenNothingElseIs) {
  auto event = open("/proc/77/mem");
  std::get<OpenFacts>(event.event->facts).target = {77, 9};
  EXPECT_TRUE(holds("target.pid = 77 and target.is_self = false and not target.name exists", event));
  std::get<OpenFacts>(event.event->facts).target = event.event->subject;
  EXPECT_TRUE(holds("target.is_self = true", event));
}

TEST(Fields, EventWithoutProcessHasMissingProcessFields) {
  auto event = of_kind(EventKind::tick);
  event.judged.enriched.process = nullptr;
  EXPECT_FALSE(holds("proc.name != x", event));
  EXPECT_TRUE(holds("not proc.name = x and evt.type = tick", event));
}

TEST(Fields, CapabilitiesAreNames) {
  auto p = std::make_shared<Process>(*server());
  p->cap_effective = (1ULL << 21) | (1ULL << 19);
  auto event = of_kind(EventKind::open);
  event.judged.enriched.process = p;
  EXPECT_TRUE(holds("thread.cap_effective = 'CAP_SYS_PTRACE CAP_SYS_ADMIN'", event));
}

TEST(Fields, ADocumentationIsReadAlone) {
  // Tables are sorted: the row above is another one than in the source.
  for (const auto& field : fields()) {
    for (const auto* begin : {"its ", "it is in", "the same"})
      EXPECT_FALSE(field.doc.starts_with(begin)) << field.name << ": " << field.doc;
    for (const auto* part : {" that hook", " that section", " that secret"})
      EXPECT_EQ(field.doc.find(part), std::string_view::npos) << field.name << ": " << field.doc;
  }
}

TEST(Fields, TableIsSortedDocumentedAndTextMatchesWhatConditionsSee) {
  const auto all = fields();
  ASSERT_GT(all.size(), 100U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i].doc.empty()) << all[i].name;
    EXPECT_NE(all[i].kinds.any(), all[i].name.starts_with("correlation.")) << all[i].name;
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
  }
  const auto event = judged(open("/srv/x"), Outcome::in_scope);
  EXPECT_EQ(field_text(event, "fd.name"), "/srv/x");
  EXPECT_EQ(field_text(event, "proc.aname"), "supervise,systemd");
  EXPECT_EQ(field_text(event, "proc.aname[2]"), "systemd");
  EXPECT_EQ(field_text(event, "workload.label[environment]"), "prod");
  EXPECT_EQ(field_text(event, "fd.sport"), "<NA>");
  EXPECT_EQ(field_text(event, "no.such"), "<NA>");
}

TEST(Fields, LongCommandLinesKeepTheirEnd) {
  // As much as a record can carry: nothing of it may be cut, or padding would hide arguments.
  std::vector<std::string> argv = {"python3"};
  for (int i = 0; i < 100; ++i) argv.emplace_back(79, 'x');
  argv.emplace_back("--evil");
  const auto p = process("python3", "/usr/bin/python3", argv, process("sh", "/bin/sh", argv));
  const auto event = exec(p);
  EXPECT_TRUE(
      holds("proc.cmdline endswith --evil and proc.args endswith --evil and proc.pcmdline endswith --evil", event));
}

}  // namespace
}  // namespace ambit::engine
