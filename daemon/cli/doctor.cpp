// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands.h"
#include "daemon_link.h"
#include "kernel/host.h"
#include "output.h"
#include "signal_table.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

/// A daemon that has just started is still trying its canaries.
constexpr auto kCanaryPatience = std::chrono::seconds(10);
constexpr auto kCanaryPoll = std::chrono::milliseconds(250);

bool any_signal(const json& report, const char* key, std::string_view value) {
  for (const auto& s : report.value("signals", json::array())) {
    if (s.value(key, "") == value) return true;
  }
  return false;
}

bool is_whole(const json& report) {
  for (const auto& s : report.value("signals", json::array())) {
    if (s.value("state", "") != "active") return false;
  }
  for (const auto* const unproved : {"missed", "waiting", "untried"}) {
    if (any_signal(report, "canary", unproved)) return false;
  }
  return true;
}

control::Answer ask(const control::Client& client) {
  const auto deadline = std::chrono::steady_clock::now() + kCanaryPatience;
  auto answer = client.call({{"op", "doctor"}});
  while (answer.ok() && any_signal(answer.body, "canary", "waiting") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kCanaryPoll);
    answer = client.call({{"op", "doctor"}});
  }
  return answer;
}

int code_of(const kernel::HostCheck& host, const control::Answer& answer) {
  if (host.exit_code != kFine) return host.exit_code;
  switch (answer.fault) {
    case control::Fault::none:
      return is_whole(answer.body) ? kFine : kDegraded;
    case control::Fault::not_permitted:
      return kPrivileges;
    // Whether this host can carry the sensor was asked, and answered.
    case control::Fault::not_running:
      return kFine;
    case control::Fault::broken:
    case control::Fault::refused:
      break;
  }
  return kDegraded;
}

std::string restart_line(const json& restart) {
  const auto path = restart.value("path", "");
  if (path.empty()) return "restart: nothing outlives the daemon (kernel.pin_path is empty)\n";
  const bool is_pinned = restart.value("is_pinned", false);
  const auto note = restart.value("note", "");
  return fmt::format(
      "restart: {} {}; this run {}{}{}\n",
      is_pinned ? paint("pinned", Tone::good) + " at" : paint("not pinned", Tone::bad) + " at", path,
      restart.value("is_continued", false) ? "went on with the ring of the one before" : "began a ring of its own",
      note.empty() ? "" : ": ", note);
}

void show(const kernel::HostCheck& host, const control::Answer& answer) {
  print(fmt::format("host: {}\n", host.exit_code == kFine ? paint("can carry the sensor", Tone::good)
                                                          : paint(host.message, Tone::bad)));
  for (const auto& note : host.notes) print(fmt::format("note: {}\n", note));
  if (!answer.ok()) {
    print(fmt::format("daemon: {}\nThe hooks in use and their canaries are known to a running daemon only.\n",
                      answer.error));
    return;
  }
  print(fmt::format("daemon: ambit {} on kernel {}\n\n", answer.body.value("version", ""),
                    answer.body.value("kernel", "")));
  print(signal_table(answer.body));
  print("\n" + restart_line(answer.body.value("restart", json::object())));
}

int examine(const Context& context) {
  const auto host = kernel::check_host();
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const auto answer = ask(*client);
  const int code = code_of(host, answer);
  if (context.is_json) {
    print_json({{"ok", code == kFine},
                {"host", {{"ok", host.exit_code == kFine}, {"message", host.message}, {"notes", host.notes}}},
                {"daemon",
                 {{"running", answer.ok()},
                  {"message", answer.error},
                  {"version", answer.ok() ? answer.body.value("version", "") : ""}}},
                {"restart", answer.ok() ? answer.body.value("restart", json::object()) : json::object()},
                {"signals", answer.ok() ? answer.body.value("signals", json::array()) : json::array()}});
  } else {
    show(host, answer);
  }
  return code;
}

}  // namespace

Command add_doctor(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("doctor", "Check the host, and per signal the hook in use, its blind spots and its canary");
  return {[&context] { return examine(context); }, command};
}

}  // namespace ambit::cli
