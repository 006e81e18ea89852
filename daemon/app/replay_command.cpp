// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "alert/alert_json.h"
#include "app/commands.h"
#include "cli/rule_options.h"
#include "config/documents.h"
#include "replay.h"
#include "sink/format.h"

namespace ambit::app {
namespace {

using nlohmann::json;

struct Options {
  std::string file;
  std::vector<std::string> rules, scopes, diff;
  cli::RuleOptions judging;
  std::string speed = "max";
};

/// Standard error: standard output is for alerts.
void complain(std::string_view text) {
  fmt::print(stderr, "ambit: {}\n", text);
}

void print_alert(const AlertRef& alert, const cli::Context& context) {
  auto line = alert::alert_json(*alert);
  if (!context.is_json) {
    sink::FormatContext how;
    how.colours = ::isatty(STDOUT_FILENO) != 0;
    if (auto text = sink::format_alert("text", line, how); text.ok()) line = std::move(text).value();
  }
  fmt::print("{}\n", line);
}

/// Lets ticks come as far apart as they came.
class RealTime {
 public:
  void wait_for(BootTime now) {
    if (begun_ == BootTime{}) begun_ = now;
    std::this_thread::sleep_until(started_ + (now - begun_));
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  BootTime begun_{};
};

/// What is wrong with the recording, for people; the exit code that it means.
int explain_end(const ReplayReport& report, const std::string& file) {
  if (!report.end.is_whole) {
    complain(fmt::format("{}: byte {}: {}; replayed up to {}", file, report.end.offset, report.end.reason,
                         alert::rfc3339(report.last_wall, 3)));
  }
  if (report.gaps != 0) {
    complain(fmt::format("{}: {} events are missing in {} gap(s), as the recording was written too slowly", file,
                         report.events_missing, report.gaps));
  }
  return report.is_whole() ? cli::kFine : cli::kDegraded;
}

void explain_rules(const ReplayReport& report) {
  for (const auto& unjudged : unjudged_rules(report))
    complain(fmt::format("{} {} cannot be judged: {}", unjudged.rule->id, unjudged.rule->name, unjudged.reason));
}

void summarise(const ReplayReport& report) {
  complain(fmt::format("{} events of {} from {} to {}: {} alerts; {} could have got more of the same", report.events,
                       report.info.host, alert::rfc3339(report.info.begun_wall, 3), alert::rfc3339(report.last_wall, 3),
                       report.alerts, report.open_windows));
}

std::optional<std::vector<util::Document>> read(const std::vector<std::string>& paths, const char* what, bool& is_ok) {
  if (paths.empty()) return std::nullopt;
  auto documents = config::read_documents(paths, what);
  if (!documents.ok()) {
    fmt::print(stderr, "{}\n", util::to_string(documents.diagnostics));
    is_ok = false;
  }
  return std::move(documents.documents);
}

Result<ReplayReport> replay_file(const std::string& file, const ReplaySets& sets, const ReplayHooks& hooks) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{fmt::format("{}: cannot be read", file)};
  auto report = replay(in, sets, hooks);
  if (!report.ok()) return Error{fmt::format("{}: {}", file, report.error().message)};
  return report;
}

int replay_once(const Options& options, const ReplaySets& sets, const cli::Context& context) {
  ReplayHooks hooks;
  RealTime clock;
  hooks.on_alert = [&](const AlertRef& alert) { print_alert(alert, context); };
  if (options.speed == "real") {
    hooks.on_tick = [&](BootTime now) {
      std::fflush(stdout);
      clock.wait_for(now);
    };
  }
  const auto report = replay_file(options.file, sets, hooks);
  std::fflush(stdout);
  if (!report.ok()) {
    complain(report.error().message);
    return cli::kUsage;
  }
  summarise(*report);
  if (!report->info.filter.empty() || sets.rules) explain_rules(*report);
  return explain_end(*report, options.file);
}

/// Alerts of one kind are one: what is about the same rule, workload, program and object. Their ids and messages may
/// differ, as another event may come to be the first.
using Alerts = std::map<std::string, AlertRef>;

std::string kind_of(const Alert& alert) {
  const AlertObject& o = alert.object;
  return fmt::format("{}\n{}\n{}\n{}\n{} {} {} {}:{} {} {}", alert.rule->id, alert.workload ? alert.workload->name : "",
                     alert.process ? alert.process->exe : "", name_of(alert.verdict.outcome), o.kind, o.path, o.path2,
                     o.peer_address, o.peer_port, o.peer_name, o.process ? o.process->exe : "");
}

Result<ReplayReport> collect(const std::string& file, const ReplaySets& sets, Alerts& alerts) {
  ReplayHooks hooks;
  hooks.on_alert = [&](const AlertRef& alert) { alerts.try_emplace(kind_of(*alert), alert); };
  return replay_file(file, sets, hooks);
}

std::vector<AlertRef> only_in(const Alerts& some, const Alerts& others) {
  std::vector<AlertRef> out;
  for (const auto& [kind, alert] : some) {
    if (!others.contains(kind)) out.push_back(alert);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return out;
}

json to_json(const std::vector<AlertRef>& alerts) {
  auto list = json::array();
  for (const auto& alert : alerts) list.push_back(json::parse(alert::alert_json(*alert), nullptr, false));
  return list;
}

json to_json(const std::vector<UnjudgedRule>& rules) {
  auto list = json::array();
  for (const auto& each : rules)
    list.push_back({{"rule", each.rule->id}, {"name", each.rule->name}, {"reason", each.reason}});
  return list;
}

void show_difference(const std::vector<AlertRef>& gained, const std::vector<AlertRef>& lost) {
  for (const auto* list : {&gained, &lost}) {
    for (const auto& alert : *list) {
      fmt::print("{} {} {} {} {}\n", list == &gained ? "gained" : "lost  ", alert::rfc3339(alert->wall_first, 3),
                 alert->rule->id, name_of(alert->rule->severity), alert::printable(alert->message));
    }
  }
  fmt::print("{} alert(s) gained, {} lost\n", gained.size(), lost.size());
}

int replay_difference(const Options& options, ReplaySets sets, const cli::Context& context) {
  std::array<Alerts, 2> alerts;
  std::array<std::optional<ReplayReport>, 2> reports;
  for (std::size_t i = 0; i < 2; ++i) {
    bool is_ok = true;
    sets.rules = read({options.diff[i]}, "rules", is_ok);
    if (!is_ok) return cli::kUsage;
    auto report = collect(options.file, sets, alerts[i]);
    if (!report.ok()) {
      complain(report.error().message);
      return cli::kUsage;
    }
    reports[i] = std::move(report).value();
  }
  const auto gained = only_in(alerts[1], alerts[0]), lost = only_in(alerts[0], alerts[1]);
  if (context.is_json) {
    fmt::print("{}\n", json{{"gained", to_json(gained)},
                            {"lost", to_json(lost)},
                            {"cannot_judge", to_json(unjudged_rules(*reports[1]))},
                            {"events", reports[1]->events},
                            {"whole", reports[1]->is_whole()}}
                           .dump(2, ' ', false, json::error_handler_t::replace));
  } else {
    show_difference(gained, lost);
    explain_rules(*reports[1]);
  }
  if (const int code = explain_end(*reports[1], options.file); code != cli::kFine) return code;
  return gained.empty() && lost.empty() ? cli::kFine : cli::kFinding;
}

int run_replay(const Options& options, const cli::Context& context) {
  bool is_ok = true;
  ReplaySets sets;
  sets.rules = read(options.rules, "rules", is_ok);
  sets.scopes = read(options.scopes, "scopes", is_ok);
  if (!is_ok) return cli::kUsage;
  if (!options.judging.matching.empty()) sets.matching = engine::matching_of(options.judging.matching);
  if (!options.judging.minimum_priority.empty()) sets.minimum_priority = options.judging.minimum_priority;
  return options.diff.empty() ? replay_once(options, sets, context) : replay_difference(options, sets, context);
}

}  // namespace

Result<cli::RecordedAlerts> judge_recording(const std::string& file, const std::vector<util::Document>& rules,
                                            const engine::CompileOptions& options) {
  cli::RecordedAlerts out;
  std::set<std::string> known;
  ReplayHooks hooks;
  hooks.on_alert = [&](const AlertRef& alert) {
    if (known.insert(alert->id).second) ++out.count[{alert->rule->id, alert->workload ? alert->workload->name : ""}];
  };
  const auto report = replay_file(file, {rules, std::nullopt, options.matching, options.minimum_priority}, hooks);
  if (!report.ok()) return report.error();
  for (const auto& unjudged : unjudged_rules(*report)) out.unjudged.emplace(unjudged.rule->id, unjudged.reason);
  if (!report->end.is_whole) out.damage = fmt::format("byte {}: {}", report->end.offset, report->end.reason);
  if (report->gaps != 0) out.damage = fmt::format("{} events are missing", report->events_missing);
  return out;
}

cli::Command add_replay(CLI::App& app, cli::Context& context) {
  auto* command = app.add_subcommand("replay", "Judge a recording again; needs no daemon");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->file, "What 'ambit record' wrote")->type_name("FILE")->required();
  auto* rules = command->add_option("--rules", options->rules, "Rule files or folders in place of the recorded ones")
                    ->type_name("PATH")
                    ->allow_extra_args(false);
  command->add_option("--scopes", options->scopes, "Scope files or folders in place of the recorded ones")
      ->type_name("PATH")
      ->allow_extra_args(false);
  command
      ->add_option("--diff", options->diff, "Alerts that the second rules give and the first do not, and the reverse")
      ->type_name("OLD NEW")
      ->expected(2)
      ->allow_extra_args(false)
      ->excludes(rules);
  cli::add_rule_options(*command, options->judging);
  command->add_option("--speed", options->speed, "max, or real: as fast as it happened")
      ->check(CLI::IsMember({"max", "real"}));
  return {[options, &context] { return run_replay(*options, context); }, command};
}

}  // namespace ambit::app
