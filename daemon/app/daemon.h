// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>
#include <vector>

#include "canary_watch.h"
#include "collector/collector.h"
#include "collector/fanotify_watch.h"
#include "config/config.h"
#include "configuration_loader.h"
#include "control/server.h"
#include "file_watch.h"
#include "kernel/sensor.h"
#include "ledger/ledger.h"
#include "live_events.h"
#include "metrics/http_server.h"
#include "metrics/registry.h"
#include "pipeline.h"
#include "probe_runner.h"
#include "report.h"
#include "resolver_worker.h"
#include "sets.h"
#include "sink/delivery.h"

namespace ambit::app {

/// The daemon: makes the parts, joins them, and runs the io thread in the caller.
class Daemon {
 public:
  /// `config_files`: what a reload reads again; empty = the default files.
  Daemon(config::Config config, std::vector<std::string> config_files);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Starts everything, runs until SIGTERM or SIGINT, stops in order. Gives the process's exit code; what went wrong is
  /// on stderr in one sentence.
  int run();

 private:
  struct Failure {
    int exit_code = 0;
    std::string message;
  };
  using Step = std::optional<Failure>;

  Step load();
  Step check_host();
  Step open_ledger();
  Step open_doors();
  Step start_kernel();
  void begin_ring();
  void start_pipeline();
  void take_inventory();
  [[nodiscard]] std::vector<Event> cgroup_names() const;
  void start_delivery();
  void start_timers();
  void stop();

  void register_handlers();
  void on_signal();
  void every_quarter_second();
  void every_second();
  void run_canary();
  [[nodiscard]] std::vector<metrics::SignalRow> signals_now() const;
  void sweep_former_run();
  void watch_own_files();
  void check_pins();
  void inject(EventKind kind, EventFacts facts);
  Status start_recording(const nlohmann::json& request, std::shared_ptr<control::Stream> stream);
  Result<nlohmann::json> stop_recording();
  void drop_recording();
  void reload(control::Server::Reply reply);
  void reload_changed_files();
  void watch_files();
  void finish_reload(LoadedConfiguration next, Event users, const control::Server::Reply& reply);
  void refuse_reload(const std::string& why, const control::Server::Reply& reply);

  [[nodiscard]] metrics::StatusReport status() const;
  [[nodiscard]] metrics::Readiness readiness() const;
  [[nodiscard]] bool is_alive() const;
  /// All that was handed to the pipeline until expect_judged() was last called is judged.
  [[nodiscard]] bool is_caught_up() const;
  void expect_judged();
  [[nodiscard]] std::vector<sink::SinkConfig> sink_configs() const;

  config::Config config_;
  std::vector<std::string> config_files_;
  Sets sets_;
  ConfigurationLoader loader_;  ///< on `reloads_` once the io thread runs
  std::string boot_id_, host_, kernel_release_;
  WallTime started_{};
  std::string last_reload_;
  bool ready_told_ = false;
  BootTime own_files_watched_{};
  bool is_taken_over_ = false;  ///< what a run before left in the kernel is swept
  bool is_stopping_ = false;
  std::uint64_t judged_round_ = std::numeric_limits<std::uint64_t>::max();  ///< Pipeline::rounds() to wait for
  CanaryWatch canary_;

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer quarter_{io_}, second_{io_}, watchdog_{io_};
  FileWatch watch_{io_, [this] { reload_changed_files(); }};
  std::vector<std::string> watched_paths_;
  boost::asio::thread_pool workers_{2};
  /// One after the other, so that what is read last is in force last.
  boost::asio::strand<boost::asio::thread_pool::executor_type> reloads_{workers_.get_executor()};

  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<metrics::HttpServer> http_;
  std::unique_ptr<control::Server> control_;
  std::unique_ptr<kernel::Sensor> sensor_;
  std::unique_ptr<collector::Collector> collector_;
  std::unique_ptr<collector::FanotifyWatch> fanotify_;
  std::unique_ptr<ResolverWorker> resolver_;
  std::unique_ptr<OwnFiles> own_files_;
  std::unique_ptr<LiveEvents> live_;
  std::shared_ptr<Recording> recording_;  ///< outlives what the pipeline holds of it
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ProbeRunner> probes_;
  std::unique_ptr<sink::Delivery> delivery_;
  std::jthread pipeline_thread_;
};

}  // namespace ambit::app
