// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "alert/alert_json.h"
#include "commands.h"
#include "daemon_link.h"
#include "ledger/ledger.h"
#include "output.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

int show(const json& alert, const Context& context) {
  if (context.is_json) {
    print_json(alert);
    return kFine;
  }
  const auto text = alert::explain_text(alert.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!text) {
    complain(text.error().message);
    return kDegraded;
  }
  print(*text);
  return kFine;
}

int explain_from_ledger(const std::string& id, const Context& context) {
  const auto config = load_config(context);
  if (!config) return kUsage;
  const auto reader = ledger::Reader::open(config->ledger.path);
  if (!reader) {
    complain(fmt::format("no daemon runs and its ledger cannot be read: {}", reader.error().message));
    return kDegraded;
  }
  const auto found = (*reader)->find_alert(id);
  if (!found) {
    complain(found.error().message);
    return kUsage;
  }
  return show(json::parse(found->body, nullptr, false), context);
}

int explain(const std::string& id, const Context& context) {
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const auto answer = client->call({{"op", "explain"}, {"id", id}});
  if (answer.fault == control::Fault::not_running) return explain_from_ledger(id, context);
  if (!answer.ok()) return finish(answer);
  return show(answer.body.value("alert", json::object()), context);
}

}  // namespace

Command add_explain(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("explain", "Show one alert with its evidence; without a daemon, from the ledger's file");
  auto id = std::make_shared<std::string>();
  command->add_option("alert", *id, "The alert's id or its beginning")->required();
  return {[id, &context] { return explain(*id, context); }, command};
}

}  // namespace ambit::cli
