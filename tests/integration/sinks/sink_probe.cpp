// SPDX-License-Identifier: Apache-2.0
// A ledger and one sink without a daemon, driven by lines on standard input:
//   raise FROM TO     submits alerts with the numbers FROM..TO; answers "raised TO" once they are committed
//   status            answers one line of JSON
//   quit
// usage: sink_probe LEDGER TRANSPORT HOST PORT [key=value...]   keys: format, ca, cert, key, name, confirm_ms
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "alert/builders.h"
#include "ledger/ledger.h"
#include "sink/delivery.h"

namespace {

using namespace ambit;

// "01M60DN9E8" and the number: a valid id that a reader of the receiver's file can tell.
AlertRef numbered(int n) {
  Alert alert = test::an_alert(fmt::format("01M60DN9E8{:016}", n));
  alert.object.path = fmt::format("/srv/models/act \"{}\".gguf", n);
  alert.rule = test::a_rule("AMB-1001", n % 2 == 0 ? Severity::critical : Severity::high);
  return std::make_shared<const Alert>(std::move(alert));
}

void apply(const std::string& argument, sink::SinkConfig& config, sink::Timing& timing) {
  const auto equals = argument.find('=');
  const std::string key = argument.substr(0, equals);
  const std::string value = argument.substr(equals + 1);
  if (key == "format") config.format = value;
  if (key == "ca") config.tls.ca = value;
  if (key == "cert") config.tls.cert = value;
  if (key == "key") config.tls.key = value;
  if (key == "name") config.tls.server_name = value;
  if (key == "confirm_ms") timing.confirm = std::chrono::milliseconds(std::stoi(value));
}

std::string status_line(const sink::Delivery& delivery, const ledger::Ledger& ledger) {
  const sink::SinkStatus s = delivery.status().at(0);
  return nlohmann::json{{"state", name_of(s.state)},
                        {"error", s.last_error},
                        {"delivered", s.delivered},
                        {"retried", s.retried},
                        {"lag", s.lag_messages},
                        {"unconfirmed", s.unconfirmed},
                        {"cursor", ledger.cursor("probe")},
                        {"last", ledger.last_sequence()}}
      .dump();
}

int probe(int argc, char** argv) {
  if (argc < 5) return 2;
  ledger::Options options;
  options.path = argv[1];
  options.boot_id = "probe";
  options.reserve_bytes = 0;
  auto ledger = ledger::Ledger::open(options);
  if (!ledger) {
    fmt::print(stderr, "{}\n", ledger.error().message);
    return 1;
  }
  sink::SinkConfig config;
  config.name = "probe";
  config.transport = argv[2];
  config.format = "ocsf";
  config.host = argv[3];
  config.port = static_cast<std::uint16_t>(std::stoi(argv[4]));
  sink::DeliveryOptions delivery_options;
  delivery_options.timing.backoff_min = std::chrono::milliseconds(100);
  delivery_options.timing.backoff_max = std::chrono::milliseconds(400);
  delivery_options.format.hostname = "probe-host";
  delivery_options.format.version = AMBIT_VERSION;
  for (int i = 5; i < argc; ++i) apply(argv[i], config, delivery_options.timing);
  if (const Status status = sink::check(config); !status) {
    fmt::print(stderr, "{}\n", status.error().message);
    return 2;
  }

  boost::asio::io_context io;
  auto work = boost::asio::make_work_guard(io);
  sink::Delivery delivery(io, **ledger, {config}, delivery_options);
  delivery.start();
  std::thread thread([&] { io.run(); });
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    std::istringstream words(line);
    std::string verb;
    int from = 0, to = 0;
    words >> verb >> from >> to;
    if (verb == "raise") {
      for (int n = from; n <= to; ++n) {
        ledger::Batch batch;
        batch.alerts.push_back(numbered(n));
        (*ledger)->submit(std::move(batch));
      }
      (*ledger)->sync();
      fmt::print("raised {}\n", to);
    } else {
      fmt::print("{}\n", status_line(delivery, **ledger));
    }
    std::fflush(stdout);
  }
  boost::asio::post(io, [&] {
    delivery.stop();
    work.reset();
  });
  thread.join();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("probe"));
  try {
    return probe(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "sink_probe: {}\n", e.what());
    return 1;
  }
}
