// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "daemon_link.h"
#include "engine/filter.h"
#include "interrupt_fd.h"
#include "output.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string filter;
  std::uint64_t count = 0;
};

/// The daemon sends objects (--json) or JSON texts, and {"dropped": n} where this client was too slow. True for an
/// event.
bool show_line(std::string_view line, bool is_json) {
  const auto item = json::parse(line, nullptr, false);
  if (item.is_object() && item.size() == 1 && item.contains("dropped")) {
    complain(fmt::format("{} events were dropped: this client is too slow", item["dropped"].dump()));
    return false;
  }
  if (is_json) {
    print(line);
  } else if (item.is_string()) {
    print(item.get_ref<const std::string&>());
  } else {
    return false;
  }
  print("\n");
  std::fflush(stdout);
  return true;
}

int follow(const Options& options, const Context& context) {
  if (const auto filter = engine::Filter::compile(options.filter); !filter) {
    complain(fmt::format("--filter: {}", filter.error().message));
    return kUsage;
  }
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  const InterruptFd interrupt;
  std::uint64_t shown = 0;
  const auto answer = client->stream(
      {{"op", "events"}, {"filter", options.filter}, {"json", context.is_json}},
      [&](std::string_view line) {
        if (show_line(line, context.is_json)) ++shown;
        return (options.count == 0 || shown < options.count) && std::ferror(stdout) == 0;
      },
      interrupt.get());
  return finish(answer);
}

}  // namespace

Command add_events(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("events", "Follow events live until interrupted");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--filter", options->filter,
                   "Condition in the rule language, e.g. 'evt.type = open and scope.outcome != in_scope'")
      ->type_name("EXPR");
  command->add_option("--count", options->count, "End after this many events");
  return {[options, &context] { return follow(*options, context); }, command};
}

}  // namespace ambit::cli
