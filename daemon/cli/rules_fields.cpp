// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "engine/fields.h"
#include "output.h"
#include "rule_json.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  bool is_markdown = false;
};

std::string form_of(const engine::FieldInfo& field) {
  switch (field.argument) {
    case engine::FieldArgument::none:
      return std::string(field.name);
    case engine::FieldArgument::key:
      return fmt::format("{}[key]", field.name);
    case engine::FieldArgument::index:
    case engine::FieldArgument::optional_index:
      return fmt::format("{}[n]", field.name);
  }
  return {};
}

std::string type_of(const engine::FieldInfo& field) {
  const bool is_single = field.several == engine::Several::no;
  return is_single ? std::string(name_of(field.type))
                   : fmt::format("{}, {}", name_of(field.type), name_of(field.several));
}

json as_json() {
  json out{{"fields", json::array()}, {"refused", json::array()}, {"event_names", json::array()}};
  for (const auto& field : engine::fields()) {
    out["fields"].push_back({{"name", field.name},
                             {"form", form_of(field)},
                             {"type", name_of(field.type)},
                             {"several", name_of(field.several)},
                             {"events", kind_names(field.kinds)},
                             {"repeats", kind_names(field.repeats)},
                             {"doc", field.doc}});
  }
  for (const auto& field : engine::refused_fields())
    out["refused"].push_back({{"name", field.name}, {"reason", field.reason}, {"nearest", field.nearest}});
  for (const auto& row : engine::event_names()) {
    out["event_names"].push_back({{"name", row.name},
                                  {"kind", name_of(row.kind)},
                                  {"field", row.field},
                                  {"value", row.value},
                                  {"note", row.note}});
  }
  return out;
}

std::string as_markdown() {
  std::string out = "| field | type | meaning |\n|---|---|---|\n";
  for (const auto& field : engine::fields())
    out += fmt::format("| `{}` | {} | {} |\n", form_of(field), type_of(field), field.doc);
  out += "\n| refused field | why | nearest |\n|---|---|---|\n";
  for (const auto& field : engine::refused_fields()) {
    const auto nearest = field.nearest.empty() ? std::string() : fmt::format("`{}`", field.nearest);
    out += fmt::format("| `{}` | {} | {} |\n", field.name, field.reason, nearest);
  }
  out += "\n| system call | events | what differs |\n|---|---|---|\n";
  for (const auto& row : engine::event_names()) {
    auto events = fmt::format("`{}`", name_of(row.kind));
    if (!row.field.empty()) events += fmt::format(" with `{} = {}`", row.field, row.value);
    out += fmt::format("| `{}` | {} | {} |\n", row.name, events, row.note);
  }
  return out;
}

std::string as_table() {
  Table table({"field", "type", "meaning"});
  for (const auto& field : engine::fields()) table.add({form_of(field), type_of(field), std::string(field.doc)});
  return table.text();
}

int list_fields(const Options& options, const Context& context) {
  if (context.is_json) {
    print_json(as_json());
  } else {
    print(options.is_markdown ? as_markdown() : as_table());
  }
  return kFine;
}

}  // namespace

Command add_rules_fields(CLI::App& app, Context& context) {
  auto* command = command_group(app, "rules", "Detection rules")
                      .add_subcommand("fields", "List the fields that conditions and outputs may use; needs no daemon");
  auto options = std::make_shared<Options>();
  command->add_flag("--markdown", options->is_markdown,
                    "Tables for a page: fields, refused fields, names of system calls");
  return {[options, &context] { return list_fields(*options, context); }, command};
}

}  // namespace ambit::cli
