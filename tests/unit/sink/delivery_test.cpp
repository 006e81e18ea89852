// SPDX-License-Identifier: Apache-2.0
#include "sink/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <condition_variable>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "backoff.h"
#include "ledger/ledger_fixture.h"

namespace ambit::sink {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::asio::ip::udp;
using test::alert_id;
using test::batch_of;
using test::numbered_alert;

/// True once `what` is; false after ten seconds.
template <class What>
bool soon(What what) {
  for (int i = 0; i < 1000; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return what();
}

/// A receiver with octet counting that can be stopped and started on its port.
class Receiver {
 public:
  explicit Receiver(unsigned short port = 0)
      : acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    is_stopped_ = true;
    boost::system::error_code ignored;
    tcp::socket poke(io_);
    poke.connect(acceptor_.local_endpoint(), ignored);
    {
      const std::lock_guard lock(mutex_);
      if (peer_) ::shutdown(peer_->native_handle(), SHUT_RDWR);
    }
    thread_.join();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::size_t count_of(const std::string& text) const {
    const auto all = messages();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const std::string& m) { return m.find(text) != std::string::npos; }));
  }
  void break_connection() {
    const std::lock_guard lock(mutex_);
    if (peer_) ::shutdown(peer_->native_handle(), SHUT_RDWR);
  }

 private:
  void run() {
    while (!is_stopped_) {
      boost::system::error_code e;
      auto socket = std::make_shared<tcp::socket>(io_);
      acceptor_.accept(*socket, e);
      if (e || is_stopped_) continue;
      {
        const std::lock_guard lock(mutex_);
        peer_ = socket;
      }
      read(*socket);
      const std::lock_guard lock(mutex_);
      peer_.reset();
    }
  }
  void read(tcp::socket& socket) {
    boost::system::error_code e;
    for (;;) {
      std::size_t length = 0;
      for (char c = 0;;) {
        boost::asio::read(socket, boost::asio::buffer(&c, 1), e);
        if (e) return;
        if (c == ' ') break;
        ASSERT_TRUE(c >= '0' && c <= '9') << "frame";
        length = length * 10 + static_cast<std::size_t>(c - '0');
      }
      std::string message(length, '\0');
      boost::asio::read(socket, boost::asio::buffer(message), e);
      if (e) return;
      const std::lock_guard lock(mutex_);
      messages_.push_back(message);
    }
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> is_stopped_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  std::shared_ptr<tcp::socket> peer_;
  std::thread thread_;
};

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() {
    ledger::Options o;
    o.path = folder.file("ledger.db");
    o.boot_id = "boot-1";
    o.reserve_bytes = 0;
    o.wall_clock = [] { return test::kWall; };
    ledger = std::move(ledger::Ledger::open(o)).value();
    options.format.hostname = "gpu-07";
    options.timing.confirm = 200ms;
    options.timing.backoff_min = 20ms;
    options.timing.backoff_max = 100ms;
    options.timing.poll = 50ms;
    options.wall_clock = [] { return test::kWall + 3s; };
  }
  ~DeliveryTest() override { stop(); }

  void start(std::vector<SinkConfig> sinks) {
    delivery.emplace(io, *ledger, std::move(sinks), options);
    delivery->start();
    if (thread.joinable()) return;
    work.emplace(io.get_executor());
    thread = std::thread([this] { io.run(); });
  }
  void stop() {
    if (delivery) {
      std::promise<void> stopped;
      boost::asio::post(io, [&] {
        delivery->stop();
        stopped.set_value();
      });
      stopped.get_future().wait();
      delivery.reset();
    }
    work.reset();
    if (thread.joinable()) thread.join();
    io.restart();
  }
  void raise(int from, int to) {
    for (int n = from; n <= to; ++n) ledger->submit(batch_of({numbered_alert(n)}));
    ledger->sync();
  }
  SinkStatus status(std::size_t index = 0) const { return delivery->status().at(index); }

  static SinkConfig sink(const std::string& name, const std::string& transport, unsigned short port = 0) {
    SinkConfig config;
    config.name = name;
    config.transport = transport;
    config.format = "json";
    config.host = "127.0.0.1";
    config.port = port;
    return config;
  }
  SinkConfig file_sink(const std::string& name) const {
    SinkConfig config = sink(name, "file");
    config.path = folder.file(name);
    return config;
  }
  std::vector<std::string> lines(const std::string& name) const {
    std::vector<std::string> out;
    std::ifstream in(folder.file(name));
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  test::TempFolder folder;
  std::unique_ptr<ledger::Ledger> ledger;
  DeliveryOptions options;
  boost::asio::io_context io;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
  std::thread thread;
  std::optional<Delivery> delivery;
};

TEST_F(DeliveryTest, WritesEachMessageOnceInOrderAndMovesTheCursor) {
  start({file_sink("a"), file_sink("b")});
  raise(1, 300);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 300 && ledger->cursor("b") == 300; }));
  const auto all = lines("a");
  ASSERT_EQ(all.size(), 300U);
  for (int n = 1; n <= 300; ++n) EXPECT_NE(all[static_cast<std::size_t>(n - 1)].find(alert_id(n)), std::string::npos);
  EXPECT_EQ(lines("b").size(), 300U);
  EXPECT_TRUE(soon([&] { return status().delivered == 300; }));
  EXPECT_EQ(status().state, SinkState::ok);
  EXPECT_TRUE(soon([&] { return status().lag_messages == 0; }));
}

TEST_F(DeliveryTest, GoesOnWhereTheLastRunStopped) {
  start({file_sink("a")});
  raise(1, 3);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 3; }));
  stop();
  raise(4, 5);
  start({file_sink("a")});
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 5; }));
  EXPECT_EQ(lines("a").size(), 5U);
}

TEST_F(DeliveryTest, PassesOverWhatIsBelowTheMinimumSeverity) {
  SinkConfig config = file_sink("a");
  config.min_severity = Severity::critical;
  start({config});
  raise(1, 3);  // high
  auto critical = std::make_shared<Alert>(test::an_alert(alert_id(4)));
  critical->rule = test::a_rule("AMB-2", Severity::critical);
  ledger->submit(batch_of({critical}));
  ledger->sync();
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 4; }));
  EXPECT_EQ(lines("a").size(), 1U);
  EXPECT_TRUE(soon([&] { return status().filtered == 3 && status().delivered == 1; }));
}

TEST_F(DeliveryTest, ADeadSinkHoldsUpNobodyElse) {
  SinkConfig dead = sink("dead", "syslog/tcp", 1);
  start({dead, file_sink("a")});
  raise(1, 2);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 2; }));
  ASSERT_TRUE(soon([&] { return status().state == SinkState::down && status().lag_messages == 2; }));
  EXPECT_EQ(ledger->cursor("dead"), 0U);
  EXPECT_NEAR(status().lag_seconds, 3.0, 0.1);
  EXPECT_NE(status().last_error.find("connect 127.0.0.1:1"), std::string::npos);
}

TEST_F(DeliveryTest, AFileThatCannotBeOpenedIsRetried) {
  SinkConfig config = file_sink("a");
  config.path = folder.file("later/a");
  start({config});
  raise(1, 1);
  ASSERT_TRUE(soon([&] { return status().state == SinkState::down; }));
  std::filesystem::create_directory(folder.file("later"));
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 1; }));
  EXPECT_EQ(status().state, SinkState::ok);
  EXPECT_EQ(status().last_error, "");
}

TEST_F(DeliveryTest, ReopensFilesOnRequest) {
  start({file_sink("a")});
  raise(1, 1);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 1; }));
  std::filesystem::rename(folder.file("a"), folder.file("old"));
  delivery->reopen();
  ASSERT_TRUE(soon([&] { return std::filesystem::exists(folder.file("a")); }));
  raise(2, 2);
  ASSERT_TRUE(soon([&] { return lines("a").size() == 1; }));
  EXPECT_EQ(lines("old").size(), 1U);
}

TEST_F(DeliveryTest, TcpCountsAsDeliveredOnlyAfterTheTimeOnOneConnection) {
  options.timing.confirm = 700ms;
  Receiver receiver;
  start({sink("s", "syslog/tcp", receiver.port())});
  raise(1, 5);
  ASSERT_TRUE(soon([&] { return receiver.messages().size() == 5; }));
  EXPECT_EQ(ledger->cursor("s"), 0U);
  ASSERT_TRUE(soon([&] { return status().unconfirmed == 5 || ledger->cursor("s") == 5; }));
  ASSERT_TRUE(soon([&] { return ledger->cursor("s") == 5; }));
  EXPECT_TRUE(soon([&] { return status().delivered == 5; }));
  EXPECT_EQ(status().retried, 0U);
}

TEST_F(DeliveryTest, WhatIsYoungerIsSentAgainAfterABreakWithTheSameId) {
  options.timing.confirm = 60s;
  Receiver receiver;
  start({sink("s", "syslog/tcp", receiver.port())});
  raise(1, 4);
  ASSERT_TRUE(soon([&] { return receiver.messages().size() == 4; }));
  receiver.break_connection();
  ASSERT_TRUE(soon([&] { return receiver.messages().size() == 8; }));
  for (int n = 1; n <= 4; ++n) EXPECT_EQ(receiver.count_of("id=\"" + alert_id(n) + "\""), 2U);
  const auto all = receiver.messages();
  EXPECT_EQ(all[0], all[4]) << "a repeat is the same message, byte for byte";
  EXPECT_TRUE(soon([&] { return status().retried == 4; }));
  EXPECT_EQ(ledger->cursor("s"), 0U);
}

TEST_F(DeliveryTest, WhatIsOldEnoughIsNotSentAgain) {
  options.timing.confirm = 100ms;
  Receiver receiver;
  start({sink("s", "syslog/tcp", receiver.port())});
  raise(1, 4);
  ASSERT_TRUE(soon([&] { return ledger->cursor("s") == 4; }));
  receiver.break_connection();
  raise(5, 5);
  ASSERT_TRUE(soon([&] { return receiver.count_of(alert_id(5)) == 1; }));
  EXPECT_EQ(receiver.count_of("id=\"" + alert_id(4) + "\""), 1U);
}

TEST_F(DeliveryTest, NothingIsLostOverAReceiverThatGoesAndComes) {
  auto receiver = std::make_unique<Receiver>();
  const unsigned short port = receiver->port();
  start({sink("s", "syslog/tcp", port)});
  std::set<std::string> seen;
  const auto collect = [&] {
    for (const std::string& m : receiver->messages()) {
      const auto at = m.find("id=\"");
      seen.insert(m.substr(at + 4, 26));
    }
  };
  int next = 1;
  for (int round = 0; round < 5; ++round) {
    raise(next, next + 19);
    next += 20;
    std::this_thread::sleep_for(50ms);
    collect();
    receiver.reset();
    raise(next, next + 4);
    next += 5;
    std::this_thread::sleep_for(50ms);
    receiver = std::make_unique<Receiver>(port);
  }
  EXPECT_TRUE(soon([&] {
    collect();
    return seen.size() == static_cast<std::size_t>(next - 1);
  })) << seen.size();
  EXPECT_TRUE(soon([&] { return ledger->cursor("s") == static_cast<std::uint64_t>(next - 1); }));
}

TEST_F(DeliveryTest, ANameThatDoesNotResolveIsAStateOfItsOwn) {
  SinkConfig config = sink("s", "syslog/udp", 514);
  config.host = "no such host";  // a blank is in no name: refused without asking anyone
  start({config});
  ASSERT_TRUE(soon([&] { return status().state == SinkState::unresolved; }));
  EXPECT_NE(status().last_error.find("resolve 'no such host'"), std::string::npos);
}

TEST_F(DeliveryTest, UdpSendsOneMessageADatagramAndIsDeclaredLossy) {
  boost::asio::io_context receiver_io;
  udp::socket receiver(receiver_io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  start({sink("s", "syslog/udp", receiver.local_endpoint().port())});
  raise(1, 3);
  for (int n = 1; n <= 3; ++n) {
    std::string datagram(65536, '\0');
    datagram.resize(receiver.receive(boost::asio::buffer(datagram)));
    EXPECT_EQ(datagram.substr(0, 5), "<107>");
    EXPECT_NE(datagram.find(alert_id(n)), std::string::npos);
  }
  EXPECT_TRUE(soon([&] { return ledger->cursor("s") == 3; }));
  EXPECT_TRUE(status().is_lossy);
}

TEST_F(DeliveryTest, MessagesThatTheLedgerDroppedAreCounted) {
  start({file_sink("a")});
  raise(1, 2);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 2; }));
  stop();
  raise(3, 6);
  ledger.reset();
  ledger::Options o;
  o.path = folder.file("ledger.db");
  o.boot_id = "boot-1";
  o.reserve_bytes = 0;
  o.outbox_limit = 1;
  o.wall_clock = [] { return test::kWall; };
  ledger = std::move(ledger::Ledger::open(o)).value();
  ledger->register_sinks({"a"});
  ASSERT_TRUE(soon([&] { return ledger->status().undelivered_dropped == 3; }));
  start({file_sink("a")});
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 6; }));
  EXPECT_EQ(lines("a").size(), 3U);
  EXPECT_TRUE(soon([&] { return status().dropped == 3; }));
}

TEST_F(DeliveryTest, ReconfigureKeepsSameSinksAndReplacesOthers) {
  start({file_sink("a"), file_sink("b")});
  raise(1, 1);
  ASSERT_TRUE(soon([&] { return ledger->cursor("a") == 1 && ledger->cursor("b") == 1; }));
  SinkConfig moved = file_sink("b");
  moved.path = folder.file("moved");
  delivery->reconfigure({file_sink("a"), moved, file_sink("c")});
  ASSERT_TRUE(soon([&] { return delivery->status().size() == 3; }));
  raise(2, 2);
  ASSERT_TRUE(soon([&] { return lines("a").size() == 2 && lines("moved").size() == 1 && lines("c").size() == 2; }));
  EXPECT_TRUE(soon([&] { return status().delivered == 2; })) << "kept, with its counts";
  EXPECT_EQ(lines("b").size(), 1U);
}

TEST_F(DeliveryTest, DrainWaitsForReachableSinksOnly) {
  start({sink("dead", "syslog/tcp", 1), file_sink("a")});
  ASSERT_TRUE(soon([&] { return status(0).state == SinkState::down && status(1).state == SinkState::ok; }));
  raise(1, 50);
  std::promise<void> drained;
  delivery->drain(5s, [&] { drained.set_value(); });
  ASSERT_EQ(drained.get_future().wait_for(4s), std::future_status::ready);
  EXPECT_EQ(lines("a").size(), 50U);
}

TEST(SinkCheck, NamesWhatIsWrong) {
  SinkConfig config;
  config.name = "x";
  config.format = "jsn";
  EXPECT_NE(check(config).error().message.find("unknown format 'jsn'; did you mean 'json'? (known: ocsf, json, text)"),
            std::string::npos);
  config.format = "json";
  config.transport = "syslog";
  EXPECT_NE(check(config).error().message.find("unknown transport 'syslog'"), std::string::npos);
  config.transport = "file";
  EXPECT_FALSE(check(config).ok());
  config.path = "/var/log/x";
  EXPECT_TRUE(check(config).ok());
  config.transport = "syslog/tls";
  EXPECT_FALSE(check(config).ok());
  config.host = "h";
  config.port = 6514;
  EXPECT_TRUE(check(config).ok());
  config.tls.cert = "/c";
  EXPECT_FALSE(check(config).ok());
}

TEST(SinkSettings, BecomeAConfig) {
  config::SinkSettings settings;
  settings.name = "siem";
  settings.type = "syslog";
  settings.protocol = "tls";
  settings.format = "ocsf";
  settings.host = "h";
  settings.port = 6514;
  settings.tls.ca = "/ca";
  const SinkConfig config = make_config(settings);
  EXPECT_EQ(config.transport, "syslog/tls");
  EXPECT_EQ(config.tls.ca, "/ca");
  EXPECT_TRUE(check(config).ok());
}

TEST(BackoffTest, DoublesToItsLimitWithinTheUpperHalfAndStartsAgain) {
  Backoff backoff(500ms, 30s, 1);
  std::chrono::milliseconds base = 500ms;
  for (int i = 0; i < 12; ++i) {
    const auto wait = backoff.next();
    EXPECT_LE(wait, base);
    EXPECT_GE(wait, base / 2);
    base = std::min<std::chrono::milliseconds>(base * 2, 30s);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 500ms);
}

}  // namespace
}  // namespace ambit::sink
