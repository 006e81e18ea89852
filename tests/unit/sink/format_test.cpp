// SPDX-License-Identifier: Apache-2.0
#include "sink/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alert/alert_json.h"
#include "alert/builders.h"
#include "ocsf_check.h"

namespace ambit::sink {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

FormatContext context() {
  FormatContext c;
  c.hostname = "gpu-07";
  c.machine_id = "0123456789abcdef0123456789abcdef";
  c.boot_id = "6f1c2f9e-5f6e-4e8a-9a50-3d1c6c3f5a11";
  c.version = "0.1.0";
  c.sequence = 42;
  return c;
}

std::string rendered(const std::string& format, const Alert& alert, const FormatContext& c = context()) {
  auto text = format_alert(format, alert::alert_json(alert), c);
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : "";
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// What was agreed with receivers. A wanted change: AMBIT_UPDATE_GOLDEN=1 writes the files anew; read the difference.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(AMBIT_SOURCE_DIR) + "/tests/fixtures/sinks/" + name;
  if (std::getenv("AMBIT_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(text, file_text(path)) << name;
}

Alert with_endpoint(EventKind event, const std::string& address) {
  Alert alert = test::an_alert();
  alert.event = event;
  alert.object = {};
  alert.object.kind = "endpoint";
  alert.object.peer_address = address;
  alert.object.peer_port = 443;
  alert.object.peer_name = "hub.example.org";
  alert.object.protocol = "tcp";
  return alert;
}

// One alert of each shape that the pipeline can make.
std::vector<Alert> shapes() {
  std::vector<Alert> out;
  out.push_back(test::an_alert());
  out.push_back(with_endpoint(EventKind::connect, "169.254.169.254"));
  out.push_back(with_endpoint(EventKind::accept, "fd00::1"));
  out.push_back(with_endpoint(EventKind::listen, "0.0.0.0"));
  Alert& closed = out.emplace_back(test::an_alert());
  closed.revision = 1;
  closed.window_closed = true;
  closed.count = 12;
  closed.instances_more = 3;
  closed.wall_last += std::chrono::seconds(200);
  Alert& contained = out.emplace_back(test::an_alert());
  auto process = std::make_shared<Process>(*contained.process);
  process->container = ContainerIdentity{std::string(64, 'c'), "containerd", "0f9c2e1d-7a0e-4f5e-8a77-0c6d3f0f1a2b"};
  process->started = test::kBoot;
  process->systemd_unit = "chat.service";
  contained.process = process;
  contained.is_member = true;
  Alert& ptrace = out.emplace_back(test::an_alert());
  ptrace.event = EventKind::ptrace;
  ptrace.object = {};
  ptrace.object.kind = "process";
  ptrace.object.process = test::a_process(77, "/opt/server", "server");
  Alert& environ = out.emplace_back(ptrace);
  environ.event = EventKind::open;
  environ.object.path = "/proc/77/environ";
  Alert& dns = out.emplace_back(test::an_alert());
  dns.event = EventKind::dns;
  dns.object = {};
  dns.object.kind = "dns";
  dns.object.path = "evil.example.org";
  dns.object.peer_address = "10.0.0.53";
  dns.object.peer_port = 53;
  dns.object.protocol = "udp";
  Alert& docker = out.emplace_back(test::an_alert());
  docker.event = EventKind::connect;
  docker.object = {};
  docker.object.kind = "unix_socket";
  docker.object.path = "/run/docker.sock";
  Alert& loss = out.emplace_back();
  loss.id = "01M60DN9E80000000000000LSS";
  loss.rule = test::a_rule("AMB-9001", Severity::medium);
  loss.event = EventKind::loss;
  loss.wall_first = loss.wall_last = test::kWall;
  loss.object.kind = "loss";
  loss.object.path = "ring_full";
  Alert& frameworks = out.emplace_back(test::an_alert());
  auto rule = std::make_shared<RuleInfo>(*frameworks.rule);
  rule->frameworks.attack = {"TA0006", "T1552.001"};
  rule->frameworks.atlas = {"AML.TA0010", "AML.T0024.002"};
  rule->frameworks.csf = {"DE.CM-09"};
  frameworks.rule = rule;
  frameworks.quality = AMBIT_Q_USER_PATH;
  Alert& foreign = out.emplace_back(test::an_alert());
  foreign.object.path = "/";
  foreign.message = "bytes \xff\n";
  return out;
}

TEST(Formats, AreAsAgreed) {
  expect_golden("alert.ocsf.json", json::parse(rendered("ocsf", test::an_alert())).dump(1) + "\n");
  expect_golden("alert.json", json::parse(rendered("json", test::an_alert())).dump(1) + "\n");
  expect_golden("alert.txt", rendered("text", test::an_alert()) + "\n");
}

TEST(Formats, AreOneLineForEveryShape) {
  for (const std::string& format : format_names()) {
    for (const Alert& alert : shapes()) {
      const std::string line = rendered(format, alert);
      EXPECT_THAT(line, Not(HasSubstr("\n"))) << format;
      EXPECT_FALSE(line.empty());
    }
  }
}

TEST(Formats, RefuseUnknownNamesAndBrokenAlerts) {
  EXPECT_FALSE(format_alert("cefx", "{}", context()).ok());
  EXPECT_FALSE(format_alert("ocsf", "{", context()).ok());
}

test::OcsfCheck schema() {
  return test::OcsfCheck(
      json::parse(file_text(std::string(AMBIT_SOURCE_DIR) + "/tests/fixtures/sinks/ocsf-1.8.0-extract.json")));
}

TEST(Ocsf, IsValidForEveryShape) {
  test::OcsfCheck check = schema();
  for (const Alert& alert : shapes()) {
    EXPECT_THAT(check.check(json::parse(rendered("ocsf", alert))), ::testing::IsEmpty())
        << alert.object.kind << " " << name_of(alert.event);
    FormatContext tight = context();
    tight.max_bytes = 1500;
    EXPECT_THAT(check.check(json::parse(rendered("ocsf", alert, tight))), ::testing::IsEmpty());
  }
}

TEST(Ocsf, TheCheckFindsMistakes) {
  test::OcsfCheck check = schema();
  const json good = json::parse(rendered("ocsf", test::an_alert()));
  const auto fault_of = [&](auto change) {
    json event = good;
    change(event);
    const auto faults = check.check(event);
    return faults.empty() ? std::string() : faults.front();
  };
  EXPECT_EQ(fault_of([](json& e) { e["made_up"] = 1; }), "made_up: unknown");
  EXPECT_EQ(fault_of([](json& e) { e["finding_info"].erase("uid"); }), "finding_info.uid: missing");
  EXPECT_EQ(fault_of([](json& e) { e["severity_id"] = 9; }), "severity_id: 9 is not in the enumeration");
  EXPECT_EQ(fault_of([](json& e) { e["time"] = 1790000000; }), "time: 1790000000 is no timestamp_t");
  EXPECT_EQ(fault_of([](json& e) { e["evidences"] = json::array({json::object()}); }),
            "evidences[].: none of at_least_one");
  EXPECT_EQ(fault_of([](json& e) {
              e["metadata"]["profiles"] = {"security_control", "container"};
            }),
            "device: needs profile host");
  EXPECT_EQ(fault_of([](json& e) { e["evidences"][0]["actor"]["process"]["pid"] = "1"; }),
            "evidences[].actor.process.pid: \"1\" is no integer_t");
  EXPECT_EQ(fault_of([](json& e) { e["activity_id"] = 2; }), "type_uid: does not fit activity_id");
}

TEST(Ocsf, KeepsTheFindingsIdOverRevisions) {
  const auto all = shapes();
  const json first = json::parse(rendered("ocsf", all[0]));
  const json closed = json::parse(rendered("ocsf", all[4]));
  EXPECT_EQ(first["finding_info"]["uid"], closed["finding_info"]["uid"]);
  EXPECT_NE(first["metadata"]["uid"], closed["metadata"]["uid"]);
  EXPECT_EQ(first["activity_id"], 1);
  EXPECT_EQ(closed["activity_id"], 2);
  EXPECT_EQ(closed["type_uid"], 200402);
  EXPECT_EQ(closed["count"], 12);
}

TEST(Ocsf, TrustsRacyEvidenceLess) {
  const auto all = shapes();
  EXPECT_EQ(json::parse(rendered("ocsf", all[0]))["confidence_id"], 3);
  EXPECT_EQ(json::parse(rendered("ocsf", all[all.size() - 2]))["confidence_id"], 2);
}

TEST(Cutting, TakesTheLeastTellingFirstAndSaysSo) {
  Alert alert = test::an_alert();
  auto parent = std::make_shared<Process>(*alert.process->parent);
  parent->argv = {std::string(200, 'p')};
  auto process = std::make_shared<Process>(*alert.process);
  process->argv = {std::string(3000, 'a')};
  process->parent = parent;
  alert.process = process;
  FormatContext c = context();
  c.max_bytes = 4900;
  const std::string whole = rendered("ocsf", alert);
  const std::string less = rendered("ocsf", alert, c);
  ASSERT_GT(whole.size(), c.max_bytes);
  EXPECT_LE(less.size(), c.max_bytes + 400);
  EXPECT_THAT(whole, Not(HasSubstr("is_truncated")));
  EXPECT_THAT(less, HasSubstr("is_truncated"));
  EXPECT_THAT(less, HasSubstr("ancestors.argv"));
  EXPECT_THAT(less, HasSubstr("/srv/models/m.gguf"));
  c.max_bytes = 3200;
  EXPECT_LE(rendered("json", alert, c).size(), 3200U);
}

TEST(Text, PaintsOnlyOnRequestAndNeverPassesEscapes) {
  Alert alert = test::an_alert();
  alert.message = "name \x1b[2J";
  EXPECT_THAT(rendered("text", alert), Not(HasSubstr("\x1b")));
  EXPECT_THAT(rendered("text", alert), HasSubstr("name \\x1b[2J"));
  FormatContext c = context();
  c.colours = true;
  const std::string painted = rendered("text", alert, c);
  EXPECT_THAT(painted, HasSubstr("\x1b[1;31mHIGH"));
  EXPECT_THAT(painted, Not(HasSubstr("\x1b[2J")));
}

}  // namespace
}  // namespace ambit::sink
