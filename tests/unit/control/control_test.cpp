// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/answer.h"
#include "control/client.h"
#include "control/server.h"
#include "socket_file.h"
#include "support/temp_dir.h"

namespace ambit::control {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class ControlTest : public ::testing::Test {
 protected:
  void listen(ServerLimits limits = {}) {
    auto server = Server::listen(io_, path_, limits);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    server_->on("echo", [](const json& request) -> Result<json> {
      return json{{"text", request.at("text").get<std::string>()}};
    });
    server_->on("fail", [](const json&) -> Result<json> { return Error{"it cannot be done"}; });
    server_->on_async("later", [this](const json&, const Server::Reply& reply) {
      worker_ = std::thread([reply] { reply(json{{"from", "worker"}}); });
    });
    server_->on_stream("events", [this](const json& request, const std::shared_ptr<Stream>& stream) -> Status {
      if (request.contains("filter") && request["filter"] == "bad") return Error{"filter: unknown field"};
      streams_.set_value(stream);
      return Ok{};
    });
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    if (worker_.joinable()) worker_.join();
    server_.reset();
  }
  /// A client that sends one line and then does not read.
  [[nodiscard]] util::Fd silent_client(const std::string& line) const {
    util::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = socket_address(path_);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address), 0);
    EXPECT_EQ(::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL), static_cast<ssize_t>(line.size()));
    return fd;
  }

  test::TempDir dir_;
  std::string path_ = dir_.path("run/control.sock");
  Client client_{path_};
  std::promise<std::shared_ptr<Stream>> streams_;
  boost::asio::io_context io_;
  std::unique_ptr<Server> server_;
  std::thread thread_, worker_;
};

TEST_F(ControlTest, AnswersARequest) {
  listen();
  const auto answer = client_.call({{"op", "echo"}, {"text", "hello"}});
  ASSERT_TRUE(answer.ok()) << answer.error;
  EXPECT_EQ(answer.body, json({{"text", "hello"}}));
}

TEST_F(ControlTest, AnswersFromAnotherThread) {
  listen();
  const auto answer = client_.call({{"op", "later"}});
  ASSERT_TRUE(answer.ok()) << answer.error;
  EXPECT_EQ(answer.body["from"], "worker");
}

TEST_F(ControlTest, TellsWhatWasWrong) {
  listen();
  struct Case {
    const char* description;
    json request;
    const char* error;
  };
  const Case cases[] = {
      {"handler refuses", {{"op", "fail"}}, "it cannot be done"},
      {"unknown op", {{"op", "nonsense"}}, "unknown op 'nonsense'"},
      {"no op", {{"x", 1}}, "a JSON object with \"op\""},
      {"op is no text", {{"op", 7}}, "a JSON object with \"op\""},
      {"no object", json::array({1}), "a JSON object with \"op\""},
      {"missing value", {{"op", "echo"}}, "echo: "},
      {"value of another type", {{"op", "echo"}, {"text", 1}}, "echo: "},
      {"stream refused", {{"op", "events"}, {"filter", "bad"}}, "unknown field"},
  };
  for (const auto& c : cases) {
    const auto answer = client_.call(c.request);
    EXPECT_EQ(answer.fault, Fault::refused) << c.description;
    EXPECT_THAT(answer.error, HasSubstr(c.error)) << c.description;
  }
}

TEST_F(ControlTest, RefusesALineThatIsTooLong) {
  ServerLimits limits;
  limits.request_bytes = 1024;
  listen(limits);
  const auto answer = client_.call({{"op", "echo"}, {"text", std::string(5000, 'x')}});
  EXPECT_FALSE(answer.ok());
  EXPECT_TRUE(client_.call({{"op", "echo"}, {"text", "short"}}).ok());
}

TEST_F(ControlTest, RefusesMoreClientsThanTheBound) {
  ServerLimits limits;
  limits.clients = 1;
  listen(limits);
  const auto first = silent_client("{\"op\":\"events\"}\n");
  streams_.get_future().get();
  const auto answer = client_.call({{"op", "echo"}, {"text", "x"}});
  EXPECT_EQ(answer.fault, Fault::refused);
  EXPECT_THAT(answer.error, HasSubstr("1 clients are connected"));
}

TEST_F(ControlTest, StreamsLinesInOrderUntilTheClientCloses) {
  listen();
  std::vector<std::string> lines;
  std::thread publisher([this] {
    const auto stream = streams_.get_future().get();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(stream->publish(std::to_string(i)));
    for (int i = 0; i < 500 && stream->is_open(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(stream->is_open());
    EXPECT_FALSE(stream->publish("late"));
  });
  const auto answer = client_.stream({{"op", "events"}}, [&](std::string_view line) {
    lines.emplace_back(line);
    return lines.size() < 100;
  });
  publisher.join();
  EXPECT_TRUE(answer.ok()) << answer.error;
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(lines.front(), "0");
  EXPECT_EQ(lines.back(), "99");
}

TEST_F(ControlTest, NeverWaitsForASlowClientAndTellsItWhatWasDropped) {
  ServerLimits limits;
  limits.stream_lines = 8;
  listen(limits);
  const auto slow = silent_client("{\"op\":\"events\"}\n");
  const auto stream = streams_.get_future().get();
  const std::string line = "\"" + std::string(10'000, 'x') + "\"";
  std::uint64_t refused = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) refused += stream->publish(line) ? 0U : 1U;
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(stream->dropped(), refused);
  EXPECT_EQ(server_->dropped_lines(), refused);
  EXPECT_TRUE(client_.call({{"op", "echo"}, {"text", "others are served"}}).ok());
  // Once the client reads, what it missed is told among the lines, in one count or several.
  const timeval wait{2, 0};
  ::setsockopt(slow.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  std::string pending;
  std::uint64_t told = 0;
  char buffer[65536];
  while (told < refused) {
    const auto n = ::recv(slow.get(), buffer, sizeof buffer, 0);
    if (n <= 0) break;
    pending.append(buffer, static_cast<std::size_t>(n));
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      const auto got = json::parse(pending.substr(0, end));
      if (got.is_object()) told += got.value("dropped", std::uint64_t{0});
      pending.erase(0, end + 1);
    }
  }
  EXPECT_EQ(told, refused);
}

TEST_F(ControlTest, OpensTheSocketToItsOwnerOnly) {
  listen();
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(ControlTest, ReplacesAStaleSocketAndNotALivingOne) {
  {
    auto left_behind = listen_on(path_);
    ASSERT_TRUE(left_behind);
  }
  listen();
  boost::asio::io_context other;
  const auto second = Server::listen(other, path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another daemon answers on " + path_));
}

TEST_F(ControlTest, DoesNotReplaceAFile) {
  const auto file = dir_.write("file", "precious");
  const auto server = Server::listen(io_, file);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("is no socket"));
}

TEST_F(ControlTest, RemovesItsSocketAtTheEnd) {
  listen();
  io_.stop();
  thread_.join();
  server_.reset();
  EXPECT_NE(::access(path_.c_str(), F_OK), 0);
}

TEST_F(ControlTest, SaysThatNoDaemonRuns) {
  const auto answer = client_.call({{"op", "status"}});
  EXPECT_EQ(answer.fault, Fault::not_running);
  EXPECT_THAT(answer.error, HasSubstr(path_));
}

TEST_F(ControlTest, GivesUpOnADaemonThatDoesNotAnswer) {
  listen();
  server_->on_async("never", [](const json&, const Server::Reply&) {});
  const auto answer = client_.call({{"op", "never"}}, 100ms);
  EXPECT_EQ(answer.fault, Fault::broken);
  EXPECT_THAT(answer.error, HasSubstr("does not answer in time"));
}

}  // namespace
}  // namespace ambit::control
