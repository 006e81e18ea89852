// SPDX-License-Identifier: Apache-2.0
#include "daemon.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "ambit/abi/record.h"
#include "cli/cli.h"
#include "collector/host.h"
#include "service_notify.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

/// What ends the daemon at the stop of the service, whatever the sinks do.
constexpr auto kDrainLimit = 3s;
/// How long the last blocks of a recording are waited for, and in how many looks.
constexpr auto kRecordingLimit = 1s;
constexpr int kRecordingParts = 20;

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// The file that this process runs, as the kernel names it.
FileId own_executable(kernel::Sensor& sensor) {
  const util::Fd self(open("/proc/self/exe", O_PATH | O_CLOEXEC));
  const int fds[] = {self.get()};
  const auto objects = sensor.identify(fds);
  if (!objects.ok() || objects->empty()) return {};
  return {objects->front().dev, objects->front().ino};
}

std::vector<enrich::IpAddress> resolvers_of(const config::Config& config) {
  std::vector<enrich::IpAddress> out;
  auto texts = collector::read_resolvers();
  texts.insert(texts.end(), config.network.resolvers.begin(), config.network.resolvers.end());
  for (const auto& text : texts) {
    if (const auto address = enrich::parse_ip(text)) out.push_back(*address);
  }
  return out;
}

}  // namespace

Daemon::Daemon(config::Config config, std::vector<std::string> config_files)
    : config_(std::move(config)),
      config_files_(std::move(config_files)),
      loader_(config_files_),
      boot_id_(first_line("/proc/sys/kernel/random/boot_id")),
      started_(collector::wall_now()),
      canary_(config_.canaries.interval),
      registry_(std::make_unique<metrics::Registry>(AMBIT_VERSION, AMBIT_ABI)) {
  utsname names{};
  if (uname(&names) == 0) {
    host_ = names.nodename;
    kernel_release_ = names.release;
  }
}

Daemon::~Daemon() = default;

int Daemon::run() {
  // A reader of standard output or error that goes away is a sink that is down, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  const std::array steps = {&Daemon::load, &Daemon::check_host, &Daemon::open_ledger, &Daemon::open_doors,
                            &Daemon::start_kernel};
  for (const auto step : steps) {
    if (const auto failure = (this->*step)()) {
      fmt::print(stderr, "ambit: {}\n", failure->message);
      stop();
      return failure->exit_code;
    }
  }
  on_signal();
  watch_files();
  start_delivery();
  start_timers();
  io_.run();
  stop();
  return cli::kFine;
}

Daemon::Step Daemon::load() {
  auto loaded = load_sets(config_, started_);
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.is_warning) spdlog::warn("{}", util::to_string(diagnostic));
  }
  if (!loaded.ok()) return Failure{cli::kUsage, util::to_string(loaded.diagnostics)};
  sets_ = std::move(loaded.sets);
  loader_.begin(config_, sets_);
  return {};
}

Daemon::Step Daemon::check_host() {
  const auto check = kernel::check_host();
  if (check.exit_code != 0) return Failure{check.exit_code, check.message};
  for (const auto& note : check.notes) spdlog::warn("host: {}", note);
  return {};
}

Daemon::Step Daemon::open_ledger() {
  const auto folder = std::filesystem::path(config_.ledger.path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Failure{cli::kUsage, fmt::format("{}: ledger folder {}: {}", config::to_string(config_.ledger.origin),
                                            folder.string(), error.message())};
  }
  ledger::Options options;
  options.path = config_.ledger.path;
  options.boot_id = boot_id_;
  options.retention = std::chrono::hours(24) * config_.ledger.retention_days;
  ledger::Hooks hooks;
  hooks.on_commit = [this](std::size_t, std::size_t, std::chrono::nanoseconds took) {
    registry_->observe_commit(took);
  };
  auto ledger = ledger::Ledger::open(std::move(options), std::move(hooks));
  if (!ledger.ok()) return Failure{cli::kDegraded, ledger.error().message};
  ledger_ = std::move(ledger).value();
  // With the first commit, so that a kill before the first delivery leaves no alert that a new sink never gets.
  std::vector<std::string> names;
  for (const auto& sink : sink_configs()) names.push_back(sink.name);
  ledger_->register_sinks(names);
  return {};
}

Daemon::Step Daemon::open_doors() {
  auto server = control::Server::listen(io_, config_.control.socket);
  if (!server.ok()) {
    return Failure{cli::kUsage,
                   fmt::format("{}: {}", config::to_string(config_.control.origin), server.error().message)};
  }
  control_ = std::move(server).value();
  register_handlers();
  if (!config_.http.enabled) return {};
  metrics::Providers providers;
  providers.status = [this] { return status(); };
  providers.metrics = [this] { return registry_->expose(status()); };
  providers.is_alive = [this] { return is_alive(); };
  providers.readiness = [this] { return readiness(); };
  auto http = metrics::HttpServer::listen(io_, config_.http.address, config_.http.port, std::move(providers));
  if (!http.ok()) {
    return Failure{cli::kUsage, fmt::format("{}: {}", config::to_string(config_.http.origin), http.error().message)};
  }
  http_ = std::move(http).value();
  return {};
}

Daemon::Step Daemon::start_kernel() {
  kernel::Options options;
  options.ring_bytes = static_cast<std::uint32_t>(config_.kernel.ring_bytes);
  options.ring_reserve_bytes = static_cast<std::uint32_t>(config_.kernel.ring_reserve_bytes);
  options.max_processes = config_.kernel.max_processes;
  options.max_images = config_.kernel.max_images;
  options.max_protected = config_.kernel.max_protected;
  options.max_watched_names = config_.kernel.max_watched_names;
  options.max_dns_sockets = config_.kernel.max_dns_sockets;
  options.max_told_acts = config_.kernel.max_told_acts;
  options.max_copies = config_.kernel.max_copies;
  options.max_forkers = config_.kernel.max_forkers;
  options.max_name_changes = config_.kernel.max_name_changes;
  options.max_multishots = config_.kernel.max_multishots;
  options.max_losers = config_.kernel.max_losers;
  options.max_writers = config_.kernel.max_writers;
  options.flood_share_percent = config_.kernel.flood_share_percent;
  options.seen_entries = config_.kernel.seen_enabled ? config_.kernel.seen_entries : 0;
  options.max_sockets = config_.kernel.max_sockets;
  options.max_peers = config_.kernel.max_peers;
  options.fork_storm = config_.kernel.fork_storm;
  options.denied_hooks = config_.hooks.deny;
  options.cgroup2_path = config_.kernel.cgroup2_path;
  options.pin_path = config_.kernel.pin_path;
  options.max_known = config_.kernel.max_known;
  auto sensor = kernel::Sensor::load(options);
  if (!sensor.ok()) return Failure{cli::kDegraded, sensor.error().message};
  sensor_ = std::move(sensor).value();
  collector_ = std::make_unique<collector::Collector>(*sensor_);
  auto watch = collector::FanotifyWatch::start([this](Event event) { collector_->inject(std::move(event)); },
                                               collector::identify_with(*sensor_));
  if (watch.ok()) {
    fanotify_ = std::move(watch).value();
  } else {
    spdlog::warn("fanotify: {}; renames of protected objects by strangers are not seen", watch.error().message);
  }
  resolver_ = std::make_unique<ResolverWorker>(*collector_, collector::identify_with(*sensor_), fanotify_.get());
  collector_->inject(collector::make_tick());
  collector_->inject(collector::read_users());
  if (const auto attached = sensor_->attach(); !attached.ok()) return Failure{cli::kDegraded, attached.error().message};
  begin_ring();
  own_files_ = std::make_unique<OwnFiles>(*sensor_, collector::identify_with(*sensor_), fanotify_.get());
  own_files_->protect(*sets_.own);
  start_pipeline();  // after attach(), which settles what signals are blind; the ring holds what comes meanwhile
  take_inventory();
  return {};
}

/// Positions and losses go on where the last run over this ring ended; another ring leaves a gap behind it.
void Daemon::begin_ring() {
  const auto& pins = sensor_->pins();
  spdlog::info("ring generation={} pinned={} continued={}{}{}", pins.ring_generation, pins.is_pinned, pins.is_continued,
               pins.note.empty() ? "" : " note=", pins.note);
  ledger_->begin_ring(pins.ring_generation);
  const auto former_end = ledger_->former_end();
  if (pins.is_continued || !former_end) return;
  ledger::Batch batch;
  batch.gaps.push_back({*former_end, collector::wall_now(), "not_watched", "", 0});
  ledger_->submit(std::move(batch));
}

void Daemon::start_pipeline() {
  PipelineOptions options;
  const auto& pins = sensor_->pins();
  options.loss_totals = ledger_->loss_totals();
  options.ring_abandoned = pins.abandoned_records;
  options.max_known = pins.is_pinned ? config_.kernel.max_known : 0;
  if (pins.is_continued) {
    const BootTime end(static_cast<std::int64_t>(pins.former_beat_ns));
    options.losses_since = end;
    options.former = FormerRun{sensor_->ring().written_position(), end, cgroup_names()};
  }
  options.seen_entries = config_.kernel.seen_enabled ? config_.kernel.seen_entries : 0;
  options.assessment.self_tgid = static_cast<std::uint32_t>(getpid());
  options.assessment.self_executable = own_executable(*sensor_);
  options.assessment.alert.window = config_.alerts.window;
  options.assessment.correlation = {config_.correlation.groups, config_.correlation.memory_bytes,
                                    config_.correlation.tolerance, config_.correlation.waiting};
  options.assessment.alert.boot_id = boot_id_;
  options.assessment.alert.ring_generation = pins.ring_generation;
  options.assessment.alert.id_clock = ledger_->id_clock(collector::wall_now() - collector::boot_now());
  options.assessment.enrich.resolvers = resolvers_of(config_);
  for (const auto& signal : sensor_->signals()) {
    if (signal.state != kernel::HookState::active) options.assessment.blind_signals.push_back(signal.signal);
    if (signal.signal == "copy" && signal.state == kernel::HookState::active)
      options.max_copies = config_.kernel.max_copies;
    if (signal.signal == "traffic") options.counts_traffic = signal.state == kernel::HookState::active;
  }
  live_ = std::make_unique<LiveEvents>([this](bool wanted) { pipeline_->follow_events(wanted); });
  PipelineHooks hooks;
  hooks.on_resolve = [this](std::vector<scope::ResolveRequest> requests) { resolver_->post(std::move(requests)); };
  hooks.on_event = [this](const JudgedEvent& event) { live_->publish(event); };
  hooks.names_lost = [this] { return fanotify_ ? fanotify_->overflows() : 0; };
  pipeline_ = std::make_unique<Pipeline>(*collector_, *sensor_, *ledger_, *registry_, sets_, std::move(options),
                                         std::move(hooks));
  pipeline_thread_ = std::jthread([this](const std::stop_token& stop) { pipeline_->run(stop); });
}

std::vector<Event> Daemon::cgroup_names() const {
  const auto root =
      config_.kernel.cgroup2_path.empty() ? kernel::find_cgroup2() : Result<std::string>(config_.kernel.cgroup2_path);
  if (!root.ok()) return {};
  auto found = collector::cgroup_names(*root);
  return found.ok() ? std::move(found).value() : std::vector<Event>{};
}

void Daemon::take_inventory() {
  if (const auto status = collector_->take_inventory(cgroup_names()); !status.ok()) {
    spdlog::warn("inventory: {}", status.error().message);
  }
  expect_judged();
}

void Daemon::start_delivery() {
  sink::DeliveryOptions options;
  options.format.hostname = host_;
  options.format.machine_id = first_line("/etc/machine-id");
  options.format.boot_id = boot_id_;
  options.format.version = AMBIT_VERSION;
  options.format.colours = isatty(STDOUT_FILENO) != 0;
  delivery_ = std::make_unique<sink::Delivery>(io_, *ledger_, sink_configs(), std::move(options));
  delivery_->start();
  probes_ = std::make_unique<ProbeRunner>(io_, workers_,
                                          [this](ProbeFacts facts) { inject(EventKind::probe, std::move(facts)); });
}

std::vector<sink::SinkConfig> Daemon::sink_configs() const {
  std::vector<sink::SinkConfig> out;
  for (const auto& settings : config_.sinks) {
    if (settings.enabled) out.push_back(sink::make_config(settings));
  }
  return out;
}

void Daemon::stop() {
  notify_stopping();
  pipeline_thread_.request_stop();
  if (pipeline_thread_.joinable()) pipeline_thread_.join();
  if (ledger_) ledger_->sync();
  if (pipeline_) pipeline_->release();
  if (delivery_) {
    io_.restart();
    delivery_->drain(kDrainLimit, [this] { io_.stop(); });
    io_.run_for(kDrainLimit + 1s);
    delivery_->stop();
  }
  // Who records gets the end of it, too.
  for (int i = 0; recording_ && !recording_->is_over() && i < kRecordingParts; ++i) {
    io_.restart();
    io_.run_for(kRecordingLimit / kRecordingParts);
  }
  workers_.join();
  recording_.reset();
  probes_.reset();
  http_.reset();
  control_.reset();
  resolver_.reset();
  own_files_.reset();
  fanotify_.reset();
  delivery_.reset();
  ledger_.reset();
}

}  // namespace ambit::app
