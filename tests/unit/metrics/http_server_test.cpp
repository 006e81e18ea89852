// SPDX-License-Identifier: Apache-2.0
#include "metrics/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "sample_report.h"
#include "util/fd.h"

namespace ambit::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    Providers providers{[] { return test::sample_report(); }, [] { return std::string("ambit_rules 1\n"); },
                        [this] { return is_alive_.load(); },
                        [this] {
                          return is_ready_.load() ? Readiness{true, {}} : Readiness{false, {"inventory is running"}};
                        }};
    auto server = HttpServer::listen(io_, "127.0.0.1", 0, std::move(providers), limits);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  [[nodiscard]] util::Fd connect() const {
    util::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{5, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static std::string read_all(const util::Fd& fd) {
    std::string out;
    char buffer[4096];
    for (;;) {
      const auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return out;
      out.append(buffer, static_cast<std::size_t>(n));
    }
  }
  [[nodiscard]] std::string raw(const std::string& request) const {
    const auto fd = connect();
    EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    return read_all(fd);
  }
  [[nodiscard]] std::string get(const std::string& target, const std::string& method = "GET") const {
    return raw(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  std::atomic<bool> is_alive_{true}, is_ready_{true};
  boost::asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST_F(HttpServerTest, AnswersEachPage) {
  start();
  EXPECT_THAT(get("/metrics"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("version=0.0.4"), HasSubstr("ambit_rules 1\n")));
  EXPECT_THAT(get("/metrics?x=1"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/html"), HasSubstr("Workloads"), HasSubstr("nosniff")));
  EXPECT_THAT(get("/status.json"), AllOf(HasSubstr("application/json"), HasSubstr("\"chat\"")));
}

TEST_F(HttpServerTest, TellsWhyItIsNotReadyOrDead) {
  start();
  is_alive_ = false;
  is_ready_ = false;
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(get("/readyz"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("inventory is running")));
}

TEST_F(HttpServerTest, RefusesWhatIsNoGetOfAKnownPage) {
  start();
  EXPECT_THAT(get("/etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/../etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/metrics", "POST"), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")));
  EXPECT_THAT(get("/metrics", "DELETE"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(raw("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  EXPECT_THAT(get("/metrics", "HEAD"), AllOf(HasSubstr("Content-Length: 14\r\n"), Not(HasSubstr("ambit_rules"))));
}

TEST_F(HttpServerTest, RefusesLargeHeadsAndBodies) {
  start();
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n"), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, KeepsAConnectionForSeveralRequests) {
  start();
  const auto answer =
      raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr("ok\n"), HasSubstr("ready\n")));
}

TEST_F(HttpServerTest, ClosesAnIdleConnection) {
  HttpLimits limits;
  limits.idle = std::chrono::milliseconds(100);
  start(limits);
  EXPECT_EQ(raw("GET /healthz HTT"), "");
}

TEST_F(HttpServerTest, ClosesConnectionsPastTheBound) {
  HttpLimits limits;
  limits.connections = 1;
  start(limits);
  const auto first = connect();
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_GT(::send(first.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
  char byte = 0;
  ASSERT_EQ(::recv(first.get(), &byte, 1, 0), 1);
  EXPECT_EQ(read_all(connect()), "");
}

TEST_F(HttpServerTest, NamesAddressAndPortWhenThePortIsTaken) {
  start();
  boost::asio::io_context other;
  const auto second = HttpServer::listen(other, "127.0.0.1", server_->port(), {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              HasSubstr("127.0.0.1:" + std::to_string(server_->port()) + ": Address already in use"));
}

TEST_F(HttpServerTest, RefusesANameAsAddress) {
  boost::asio::io_context other;
  EXPECT_FALSE(HttpServer::listen(other, "localhost", 0, {}));
}

}  // namespace
}  // namespace ambit::metrics
