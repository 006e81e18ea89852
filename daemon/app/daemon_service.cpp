// SPDX-License-Identifier: Apache-2.0
// What the daemon does while it runs: time, probes, canaries, reloads, and the answers to those who ask.
#include <fcntl.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ambit/abi/record.h"
#include "canary_acts.h"
#include "collector/host.h"
#include "daemon.h"
#include "profile.h"
#include "service_notify.h"
#include "util/fd.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 250ms;
/// Ticks come four times a second; ten missed ones mean that the pipeline hangs.
constexpr auto kHeartbeatLimit = 5s;
/// How soon a file of Ambit's own that was replaced is watched again.
constexpr auto kOwnFilesInterval = 1min;
constexpr std::size_t kShownAlerts = 20;

void repeat(boost::asio::steady_timer& timer, std::chrono::nanoseconds interval, const std::function<void()>& body) {
  timer.expires_after(interval);
  timer.async_wait([&timer, interval, body](const boost::system::error_code& error) {
    if (error) return;
    body();
    repeat(timer, interval, body);
  });
}

std::string read_all(const util::Fd& fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t size = 0; (size = read(fd.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(size));
  return text;
}

/// Runs `ambit canary FOLDER`, waits for it and gives its output; on a worker thread.
std::string spawn_canary(const std::string& folder) {
  const char* const argv[] = {"ambit", "canary", folder.c_str(), nullptr};
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return "";
  const util::Fd read_end(pipe_ends[0]);
  util::Fd write_end(pipe_ends[1]);
  // Asio's sockets are not close-on-exec: a helper that outlives a killed daemon must not hold its port.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  pid_t child = 0;
  std::string output;
  if (posix_spawn(&child, "/proc/self/exe", &actions, nullptr, const_cast<char* const*>(argv), environ) == 0) {
    write_end = util::Fd();
    output = read_all(read_end);
    waitpid(child, nullptr, 0);
  }
  posix_spawn_file_actions_destroy(&actions);
  return output;
}

}  // namespace

void Daemon::on_signal() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal != SIGHUP) {
      is_stopping_ = true;
      io_.stop();
      return;
    }
    reload([](const Result<nlohmann::json>&) {});
    on_signal();
  });
}

void Daemon::start_timers() {
  repeat(quarter_, kTick, [this] { every_quarter_second(); });
  repeat(second_, 1s, [this] { every_second(); });
  if (const auto interval = watchdog_interval()) {
    repeat(watchdog_, *interval, [this] {
      if (is_alive()) notify_watchdog();
    });
  }
}

void Daemon::every_quarter_second() {
  collector_->inject(collector::make_tick());
}

void Daemon::every_second() {
  const auto snapshot = pipeline_->snapshot();
  probes_->set_targets(snapshot->probes);

  const auto now = collector::boot_now();
  if (is_caught_up() && canary_.is_due(now)) run_canary();
  if (canary_.awaits_judgement()) {
    for (auto& facts : canary_.judge(signals_now())) inject(EventKind::coverage, std::move(facts));
  }
  check_pins();
  drop_recording();
  if (now - own_files_watched_ > kOwnFilesInterval) watch_own_files();
  if (!is_taken_over_ && readiness().is_ready) sweep_former_run();
  if (!ready_told_ && readiness().is_ready) {
    ready_told_ = true;
    spdlog::info("ready: {}", snapshot->sets);
    notify_ready(snapshot->sets);
  }
}

/// All that this run wants of the kernel is told by now: decisions and protected objects that only a run before asked
/// for go.
void Daemon::sweep_former_run() {
  is_taken_over_ = true;
  if (!sensor_->pins().is_continued) return;
  sensor_->drop_stale_protection();
  sensor_->sweep_images();
}

void Daemon::watch_own_files() {
  own_files_watched_ = collector::boot_now();
  boost::asio::post(reloads_, [this, own = sets_.own] { own_files_->protect(*own); });
}

/// Whoever unlinks the pins takes nothing of this run, but the next one would begin anew.
void Daemon::check_pins() {
  const auto gone = sensor_->restore_pins();
  if (gone == 0) return;
  const bool is_back = sensor_->pins().is_pinned;
  spdlog::warn("pins removed={} restored={}{}", gone, is_back, is_back ? "" : " note=" + sensor_->pins().note);
  inject(EventKind::coverage, CoverageFacts{"pins", sensor_->pins().path, is_back ? "restored" : "removed"});
}

void Daemon::inject(EventKind kind, EventFacts facts) {
  Event event;
  event.kind = kind;
  event.hook = AMBIT_HOOK_USER;
  event.time = collector::boot_now();
  event.facts = std::move(facts);
  collector_->inject(std::move(event));
}

std::vector<metrics::SignalRow> Daemon::signals_now() const {
  const auto now = collector::boot_now();
  return signal_rows({*pipeline_->snapshot(), sensor_->signals(), canary_.run(), now, collector::wall_now() - now});
}

void Daemon::run_canary() {
  canary_.begin(collector::boot_now());
  // The folder of the control socket is writable even where the service's sandbox leaves nothing else.
  boost::asio::post(workers_, [this, folder = std::filesystem::path(config_.control.socket).parent_path()] {
    std::error_code error;
    const auto real = std::filesystem::canonical(folder, error);  // as the kernel will name it
    auto untried = untried_signals(spawn_canary(error ? folder.string() : real.string()));
    boost::asio::post(io_, [this, untried = std::move(untried)]() mutable {
      canary_.end(collector::boot_now(), std::move(untried));
    });
  });
}

void Daemon::reload(control::Server::Reply reply) {
  notify_status("reloading");
  boost::asio::post(reloads_, [this, reply = std::move(reply)] {
    auto next = loader_.load();
    boost::asio::post(io_, [this, next = std::move(next), users = collector::read_users(), reply]() mutable {
      finish_reload(std::move(next), std::move(users), reply);
    });
  });
}

/// What was written without a change of its content, or was refused already, is no news.
void Daemon::reload_changed_files() {
  boost::asio::post(reloads_, [this] {
    if (!loader_.has_news()) return boost::asio::post(io_, [this] { watch_files(); });
    boost::asio::post(io_, [this] {
      spdlog::info("reload: files changed");
      reload([](const Result<nlohmann::json>&) {});
    });
  });
}

void Daemon::watch_files() {
  auto paths = config_files_;
  if (paths.empty()) paths = {std::string(config::kDefaultFile), std::string(config::kDefaultFolder)};
  for (const auto* source : {&config_.scopes, &config_.rules, &config_.packs, &config_.catalog})
    paths.insert(paths.end(), source->paths.begin(), source->paths.end());
  if (const auto status = watch_.watch(paths); !status.ok()) {
    spdlog::warn("{}; changes there are in force after SIGHUP or 'ambit reload' only", status.error().message);
  }
  // They were read before anybody watched them.
  if (std::exchange(watched_paths_, paths) != paths) reload_changed_files();
}

void Daemon::finish_reload(LoadedConfiguration next, Event users, const control::Server::Reply& reply) {
  if (!next.fault.empty()) {
    refuse_reload(next.fault, reply);
    return watch_files();
  }
  // Opened at the start, and as they are until the next: what the reload read of them is not in force.
  next.config.control = config_.control;
  next.config.ledger = config_.ledger;
  config_ = std::move(next.config);
  sets_ = std::move(next.sets);
  const auto changes = describe(next.changes);
  const auto summary = describe(sets_);
  last_reload_ = "ok: " + summary;
  registry_->count_reload(true);
  spdlog::info("reload {}; {}", last_reload_, changes);
  canary_.set_interval(config_.canaries.interval);
  watch_own_files();
  watch_files();
  delivery_->reconfigure(sink_configs());
  delivery_->reopen();
  pipeline_->offer(sets_, std::move(next.changes));
  collector_->inject(std::move(users));
  inject(EventKind::reload, ReloadFacts{true, fmt::format("{}; {}", summary, changes)});
  expect_judged();
  notify_status(last_reload_);
  reply(nlohmann::json{{"summary", summary}, {"changes", changes}});
}

void Daemon::refuse_reload(const std::string& why, const control::Server::Reply& reply) {
  last_reload_ = "failed: " + why;
  registry_->count_reload(false);
  spdlog::error("reload refused, the running configuration stays in force: {}", why);
  inject(EventKind::reload, ReloadFacts{false, why});
  notify_status("reload refused, the running configuration stays in force");
  reply(Error{why});
}

Status Daemon::start_recording(const nlohmann::json& request, std::shared_ptr<control::Stream> stream) {
  drop_recording();
  if (recording_) return Error{"another recording is under way"};
  if (!is_caught_up()) return Error{"the daemon still judges what happened before it began: try again in a moment"};
  const auto filter_text = request.value("filter", "");
  auto filter = engine::Filter::compile(filter_text);
  if (!filter.ok()) return filter.error();
  RecordingRequest wanted{.filter_text = filter_text,
                          .filter = std::move(filter).value(),
                          .duration = std::chrono::milliseconds(request.value("duration_ms", std::int64_t{0})),
                          .max_bytes = request.value("max_bytes", std::uint64_t{0}),
                          .host = host_,
                          .kernel = kernel_release_};
  recording_ = std::make_shared<Recording>(std::move(wanted), std::move(stream));
  pipeline_->record(recording_);
  return Ok{};
}

Result<nlohmann::json> Daemon::stop_recording() {
  if (!recording_) return Error{"no recording is under way"};
  recording_->ask_to_end("stopped");
  return nlohmann::json::object();
}

/// Here and not where the pipeline lets go of it: its thread is waited for.
void Daemon::drop_recording() {
  if (recording_ && recording_->is_over() && pipeline_->recording() == nullptr) recording_.reset();
}

bool Daemon::is_alive() const {
  return pipeline_ != nullptr && collector::boot_now() - pipeline_->heartbeat() < kHeartbeatLimit;
}

// A round that is under way may have begun before the last injection; the one after it takes everything.
void Daemon::expect_judged() {
  judged_round_ = pipeline_->rounds() + 2;
}

bool Daemon::is_caught_up() const {
  return pipeline_ != nullptr && !pipeline_->is_catching_up() && pipeline_->rounds() >= judged_round_;
}

metrics::Readiness Daemon::readiness() const {
  metrics::Readiness out;
  if (is_stopping_) out.reasons.emplace_back("the daemon stops");
  if (!is_alive()) out.reasons.emplace_back("the pipeline does not beat");
  if (!is_caught_up()) out.reasons.emplace_back("the inventory or a reload is not judged yet");
  if (resolver_ && !resolver_->is_idle()) out.reasons.emplace_back("declared paths are being looked up");
  if (ledger_->is_lagging()) out.reasons.emplace_back("the ledger lags");
  if (ledger_->status().state == ledger::State::failed) out.reasons.emplace_back("the ledger cannot be written");
  if (pipeline_ != nullptr) {
    const auto snapshot = pipeline_->snapshot();
    for (const auto& workload : snapshot->workloads) {
      if (!workload.is_resolved)
        out.reasons.push_back(fmt::format("paths of scope {} are not looked up yet", workload.workload->name));
    }
  }
  for (const auto& signal : canary_.blind())
    out.reasons.push_back(fmt::format("signal {} is blind: its canary was not seen", signal));
  out.is_ready = out.reasons.empty();
  return out;
}

metrics::StatusReport Daemon::status() const {
  metrics::StatusReport report;
  report.version = AMBIT_VERSION;
  report.host = host_;
  report.kernel = kernel_release_;
  report.boot_id = boot_id_;
  report.abi = AMBIT_ABI;
  if (sensor_) report.restart = restart_row(sensor_->pins());
  report.now = collector::wall_now();
  report.started = started_;
  report.config_files = config_.files;
  report.last_reload = last_reload_;
  report.rules = static_cast<std::uint64_t>(std::count_if(sets_.rules->rules().begin(), sets_.rules->rules().end(),
                                                          [](const auto& rule) { return rule.is_enabled; }));
  report.rules_hash = sets_.rules->hash();
  report.scopes = sets_.scopes->size();
  report.losses = registry_->losses();
  report.events_total = registry_->events_total();
  report.alerts_total = registry_->alerts_total();
  report.ledger = ledger_row(config_.ledger.path, ledger_->status());
  if (const auto alerts = ledger_->last_alerts(kShownAlerts); alerts.ok()) report.alerts = alert_rows(*alerts);
  if (delivery_) report.sinks = sink_rows(delivery_->status());
  if (pipeline_) {
    const auto snapshot = pipeline_->snapshot();
    report.processes = snapshot->processes;
    report.workloads = workload_rows(*snapshot);
    report.ring_used_bytes = snapshot->ring_pending_bytes;
    report.ring_bytes = snapshot->ring_capacity_bytes;
    report.signals = signals_now();
    report.tables = snapshot->tables;
    add_kernel_tables(sensor_->tables(), report.tables);
    report.kernel_counts = snapshot->kernel_counts;
    report.queues.push_back({"collector", collector_->waiting(), collector::Options{}.max_injected});
    report.queues.push_back({"ledger", report.ledger.queued_rows, ledger::Options{}.queue_rows});
    report.queues.push_back({"ledger_memory", report.ledger.memory_alerts, ledger::Options{}.memory_alerts});
  }
  const auto ready = readiness();
  report.is_ready = ready.is_ready;
  report.not_ready = ready.reasons;
  report.degraded = degraded_rows(report);
  return report;
}

void Daemon::register_handlers() {
  control_->on("status",
               [this](const nlohmann::json&) -> Result<nlohmann::json> { return metrics::status_json(status()); });
  control_->on("doctor",
               [this](const nlohmann::json&) -> Result<nlohmann::json> { return metrics::status_json(status()); });
  control_->on("profile", [this](const nlohmann::json&) -> Result<nlohmann::json> {
    if (pipeline_ == nullptr) return Error{"the pipeline does not run"};
    const auto snapshot = pipeline_->snapshot();
    return profile_json(snapshot->profile, snapshot->time);
  });
  control_->on("explain", [this](const nlohmann::json& request) -> Result<nlohmann::json> {
    const auto alert = ledger_->find_alert(request.value("id", ""));
    if (!alert.ok()) return alert.error();
    return nlohmann::json{{"alert", nlohmann::json::parse(alert->body, nullptr, false)}};
  });
  control_->on_async("reload",
                     [this](const nlohmann::json&, control::Server::Reply reply) { reload(std::move(reply)); });
  control_->on_stream("record", [this](const nlohmann::json& request, std::shared_ptr<control::Stream> stream) {
    return start_recording(request, std::move(stream));
  });
  control_->on("record_stop", [this](const nlohmann::json&) { return stop_recording(); });
  control_->on_stream(
      "events", [this](const nlohmann::json& request, std::shared_ptr<control::Stream> stream) -> Status {
        auto filter = engine::Filter::compile(request.value("filter", ""));
        if (!filter.ok()) return filter.error();
        live_->add(std::move(filter).value(),
                   request.value("json", false) ? LiveEvents::Form::json : LiveEvents::Form::text, std::move(stream));
        return Ok{};
      });
}

}  // namespace ambit::app
