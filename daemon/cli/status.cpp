// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "daemon_link.h"
#include "output.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

json rows(const json& report, const char* key) {
  return report.value(key, json::array());
}
std::string number(const json& row, const char* key) {
  return std::to_string(row.value(key, std::uint64_t{0}));
}
TableCell fault_count(const json& row, const char* key) {
  return {number(row, key), row.value(key, std::uint64_t{0}) > 0 ? Tone::bad : Tone::plain};
}

bool is_degraded(const json& report) {
  return !report.value("is_ready", false) || !rows(report, "degraded").empty();
}

void show_head(const json& r) {
  print(fmt::format("ambit {} on {} (kernel {}): {}\n", r.value("version", ""), r.value("host", ""),
                    r.value("kernel", ""), is_degraded(r) ? paint("degraded", Tone::bad) : paint("ready", Tone::good)));
  for (const auto& reason : rows(r, "not_ready")) print(fmt::format("not ready: {}\n", reason.get<std::string>()));
  for (const auto& d : rows(r, "degraded")) {
    print(fmt::format("degraded: {}: {}\n", d.value("reason", ""), d.value("detail", "")));
  }
  print(fmt::format("{} events, {} alerts, {} rules, {} scopes, {} processes\n", number(r, "events_total"),
                    number(r, "alerts_total"), number(r, "rules"), number(r, "scopes"), number(r, "processes")));
}

void show_restart(const json& r) {
  const auto restart = r.value("restart", json::object());
  if (restart.value("path", "").empty()) return;
  print(fmt::format(
      "restart: {}{}\n",
      restart.value("is_pinned", false) ? "pinned at " + restart.value("path", "") : paint("not pinned", Tone::bad),
      restart.value("is_continued", false) ? ", went on with the ring of the run before" : ""));
}

void show_workloads(const json& r) {
  Table table({"workload", "owner", "mode", "load", "serve", "in scope", "out of scope", "denied", "unknown"});
  for (const auto& w : rows(r, "workloads")) {
    table.add({w.value("name", ""), w.value("owner_team", ""), w.value("mode", ""), number(w, "loading"),
               number(w, "serving"), number(w, "in_scope"), fault_count(w, "out_of_scope"), fault_count(w, "denied"),
               number(w, "unknown")});
  }
  if (!table.empty()) print("\n" + table.text());
}

void show_sinks(const json& r) {
  Table table({"sink", "transport", "state", "waiting", "delivered", "dropped", "last error"});
  for (const auto& s : rows(r, "sinks")) {
    const auto state = s.value("state", "");
    table.add({s.value("name", ""),
               s.value("transport", ""),
               {state, state == "ok" ? Tone::good : Tone::warn},
               number(s, "lag_messages"),
               number(s, "delivered"),
               fault_count(s, "dropped"),
               s.value("last_error", "")});
  }
  if (!table.empty()) print("\n" + table.text());
}

void show_signals(const json& r) {
  std::size_t active = 0;
  std::vector<std::string> others;
  for (const auto& s : rows(r, "signals")) {
    if (s.value("state", "") == "active") {
      ++active;
    } else {
      others.push_back(fmt::format("{} ({})", s.value("signal", ""), s.value("state", "")));
    }
  }
  print(fmt::format("\nsignals: {} active{}\n", active,
                    others.empty() ? "" : fmt::format(", blind: {}", fmt::join(others, ", "))));
  for (const auto& loss : rows(r, "losses")) {
    if (loss.value("total", std::uint64_t{0}) > 0) {
      print(fmt::format("lost: {} {}\n", number(loss, "total"), loss.value("name", "")));
    }
  }
}

void show_alerts(const json& r) {
  Table table({"last alerts", "severity", "rule", "workload", "what"});
  for (const auto& a : rows(r, "alerts")) {
    const auto severity = a.value("severity", "");
    table.add({a.value("id", ""),
               {severity, severity == "high" || severity == "critical" ? Tone::bad : Tone::plain},
               a.value("rule_id", ""),
               a.value("workload", ""),
               a.value("message", "")});
  }
  if (!table.empty()) print("\n" + table.text());
}

int show_status(const Context& context) {
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const auto answer = client->call({{"op", "status"}});
  if (!answer.ok()) return finish(answer);
  if (context.is_json) {
    print_json(answer.body);
  } else {
    for (const auto show : {show_head, show_restart, show_workloads, show_sinks, show_signals, show_alerts})
      show(answer.body);
  }
  return is_degraded(answer.body) ? kDegraded : kFine;
}

}  // namespace

Command add_status(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("status", "What the daemon watches and whether it is whole (exit code 4 where it is not)");
  return {[&context] { return show_status(context); }, command};
}

}  // namespace ambit::cli
