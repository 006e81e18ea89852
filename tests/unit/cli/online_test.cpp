// SPDX-License-Identifier: Apache-2.0
// Commands that talk to a daemon, held against one that answers what each test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli_run.h"
#include "control/server.h"
#include "kernel/host.h"
#include "support/temp_dir.h"

namespace ambit::cli {
namespace {

using nlohmann::json;
using test::run;
using ::testing::HasSubstr;
using ::testing::Not;

json ready_report() {
  return {
      {"version", "0.1.0"},
      {"host", "gpu-1"},
      {"kernel", "6.1"},
      {"is_ready", true},
      {"workloads", {{{"name", "chat"}, {"owner_team", "ml"}, {"mode", "alert"}, {"serving", 2}}}},
      {"signals",
       {{{"signal", "open"},
         {"hook", "tp_btf/sys_exit"},
         {"state", "active"},
         {"blind", "late names"},
         {"canary", "seen"}}}},
      {"sinks", {{{"name", "siem"}, {"transport", "syslog/tcp"}, {"state", "ok"}, {"delivered", 7}}}},
      {"alerts", {{{"id", "01HF"}, {"severity", "high"}, {"rule_id", "AMB-1001"}, {"message", "cat\x1b[31m read"}}}}};
}

class OnlineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = control::Server::listen(io_, socket_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    for (const char* op : {"status", "doctor"}) {
      server_->on(op, [this](const json&) -> Result<json> { return report_; });
    }
    server_->on("reload", [this](const json&) -> Result<json> {
      if (!reload_error_.empty()) return Error{reload_error_};
      return json{{"summary", "2 scopes, 20 rules"}};
    });
    server_->on("explain", [](const json& request) -> Result<json> {
      if (request.value("id", "") != "01HF") return Error{"no alert with id " + request.value("id", "")};
      return json{{"alert", {{"schema", 1}, {"id", "01HF"}, {"severity", "high"}, {"message", "cat read weights"}}}};
    });
    server_->on_stream("events", [](const json& request, const std::shared_ptr<control::Stream>& stream) -> Status {
      for (int i = 0; i < 3; ++i) {
        const json event{{"event", "open"}, {"n", i}};
        stream->publish(request.value("json", false) ? event.dump() : json("open number " + std::to_string(i)).dump());
      }
      return Ok{};
    });
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    thread_.join();
    server_.reset();
  }
  [[nodiscard]] test::Outcome ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket", socket_});
    return run(arguments);
  }

  ambit::test::TempDir dir_;
  std::string socket_ = dir_.path("control.sock");
  json report_ = ready_report();
  std::string reload_error_;
  boost::asio::io_context io_;
  std::unique_ptr<control::Server> server_;
  std::thread thread_;
};

TEST_F(OnlineTest, StatusOfAWholeDaemonIsFine) {
  const auto r = ask({"status"});
  EXPECT_EQ(r.code, kFine) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("ready"), HasSubstr("chat"), HasSubstr("siem"), HasSubstr("AMB-1001")));
  EXPECT_EQ(json::parse(ask({"status", "--json"}).out), report_);
}

TEST_F(OnlineTest, StatusOfADegradedOrUnreadyDaemonEndsWith4) {
  report_["degraded"] = {{{"reason", "sink_unresolved"}, {"detail", "siem: no address"}}};
  const auto degraded = ask({"status"});
  EXPECT_EQ(degraded.code, kDegraded);
  EXPECT_THAT(degraded.out, HasSubstr("sink_unresolved: siem: no address"));
  report_ = ready_report();
  report_["is_ready"] = false;
  report_["not_ready"] = {"the inventory is not merged yet"};
  const auto unready = ask({"status", "--json"});
  EXPECT_EQ(unready.code, kDegraded);
}

TEST_F(OnlineTest, EscapesWhatWatchedProcessesChose) {
  EXPECT_THAT(ask({"status"}).out, Not(HasSubstr("\x1b[31m")));
}

TEST_F(OnlineTest, DoctorShowsHookBlindSpotAndCanary) {
  const auto host = kernel::check_host().exit_code;
  const auto r = ask({"doctor"});
  EXPECT_EQ(r.code, host);
  EXPECT_THAT(r.out, AllOf(HasSubstr("tp_btf/sys_exit"), HasSubstr("late names"), HasSubstr("seen")));
}

TEST_F(OnlineTest, DoctorFindsARefusedHookAndAMissedCanary) {
  const auto host = kernel::check_host().exit_code;
  const int expected = host == kFine ? static_cast<int>(kDegraded) : host;
  report_["signals"][0]["state"] = "refused";
  EXPECT_EQ(ask({"doctor"}).code, expected);
  report_ = ready_report();
  report_["signals"][0]["canary"] = "missed";
  EXPECT_EQ(ask({"doctor", "--json"}).code, expected);
}

TEST_F(OnlineTest, EventsEndsAfterTheAskedNumber) {
  const auto text = ask({"events", "--count", "2"});
  EXPECT_EQ(text.code, kFine) << text.err;
  EXPECT_EQ(text.out, "open number 0\nopen number 1\n");
  const auto lines = ask({"events", "--count", "1", "--json"});
  EXPECT_EQ(json::parse(lines.out)["event"], "open");
}

TEST_F(OnlineTest, EventsRefusesABadFilterBeforeItAsks) {
  const auto r = ask({"events", "--filter", "proc.nam = sh"});
  EXPECT_EQ(r.code, kUsage);
  EXPECT_THAT(r.err, HasSubstr("--filter"));
}

TEST_F(OnlineTest, ReloadTellsWhatIsInForce) {
  EXPECT_THAT(ask({"reload"}).out, HasSubstr("2 scopes, 20 rules"));
  reload_error_ = "/etc/ambit/scopes/a.yaml:3: error: unknown key";
  const auto refused = ask({"reload"});
  EXPECT_EQ(refused.code, kUsage);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("a.yaml:3"), HasSubstr("running configuration stays in force")));
}

TEST_F(OnlineTest, ExplainShowsAnAlertAndRefusesAnUnknownId) {
  const auto r = ask({"explain", "01HF"});
  EXPECT_EQ(r.code, kFine) << r.err;
  EXPECT_THAT(r.out, HasSubstr("cat read weights"));
  const auto unknown = ask({"explain", "01ZZ"});
  EXPECT_EQ(unknown.code, kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("no alert with id 01ZZ"));
}

TEST(WithoutDaemon, CommandsSaySoAndEndWith4) {
  const ambit::test::TempDir dir;
  const auto socket = dir.path("none.sock");
  for (const char* command : {"status", "reload", "events"}) {
    const auto r = run({"--socket", socket, command});
    EXPECT_EQ(r.code, kDegraded) << command;
    EXPECT_THAT(r.err, AllOf(HasSubstr("no daemon listens on " + socket), HasSubstr("ambit run"))) << command;
  }
}

TEST(WithoutDaemon, ExplainNeedsALedgerThatCanBeRead) {
  const ambit::test::TempDir dir;
  const auto config = dir.write(
      "ambit.yaml", "ledger: {path: " + dir.path("none.db") + "}\ncontrol: {socket: " + dir.path("none.sock") + "}\n");
  const auto r = run({"--config", config, "explain", "01HF"});
  EXPECT_EQ(r.code, kDegraded);
  EXPECT_THAT(r.err, HasSubstr("none.db"));
}

TEST(WithoutDaemon, DoctorStillChecksTheHost) {
  const ambit::test::TempDir dir;
  const auto r = run({"--socket", dir.path("none.sock"), "doctor"});
  EXPECT_EQ(r.code, kernel::check_host().exit_code);
  EXPECT_THAT(r.out, AllOf(HasSubstr("host: "), HasSubstr("no daemon listens")));
}

}  // namespace
}  // namespace ambit::cli
