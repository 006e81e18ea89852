// SPDX-License-Identifier: Apache-2.0
// What the rules tell of: by framework, and by behaviour of attackers.
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "config/documents.h"
#include "coverage_catalog.h"
#include "output.h"
#include "rule_files.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  RuleChoice choice;
  bool is_markdown = false;
};

struct Covered {
  const Framework::Id* id = nullptr;
  std::vector<std::string> rules;
};

/// Every id of the framework with the enabled rules that carry it.
std::vector<Covered> covered(const Framework& framework, const engine::RuleSet& rules) {
  std::vector<Covered> out;
  for (const auto& id : framework.ids) {
    Covered entry{&id, {}};
    for (const auto& rule : rules.rules()) {
      const auto& carried = ids_of(rule.info->frameworks, framework.key);
      if (rule.is_enabled && std::find(carried.begin(), carried.end(), id.id) != carried.end()) {
        entry.rules.push_back(rule.info->id);
      }
    }
    std::sort(entry.rules.begin(), entry.rules.end());
    out.push_back(std::move(entry));
  }
  return out;
}

/// Of a behaviour only the rules that are loaded and enabled.
std::vector<std::string> loaded(const std::vector<std::string>& ids, const engine::RuleSet& rules) {
  std::vector<std::string> out;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(out), [&](const std::string& id) {
    const auto* rule = rules.find(id);
    return rule != nullptr && rule->is_enabled;
  });
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, " "));
}

std::string told_by(const Behaviour& behaviour, const engine::RuleSet& rules) {
  if (!behaviour.is_seen()) return "not seen";
  return joined(loaded(behaviour.rules, rules));
}

/// What the behaviour's row says beside its rules.
std::string remark(const Behaviour& behaviour, const engine::RuleSet& rules) {
  if (behaviour.is_seen()) return behaviour.limits;
  const auto nearest = loaded(behaviour.nearest, rules);
  return nearest.empty() ? behaviour.unseen : fmt::format("{}; nearest: {}", behaviour.unseen, fmt::join(nearest, " "));
}

/// In a table's cell, a vertical bar would end the cell.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string markdown(const CoverageCatalog& catalog, const engine::RuleSet& rules) {
  std::string out = "| # | behaviour | told by | what is not seen of it |\n|---|---|---|---|\n";
  for (const auto& behaviour : catalog.behaviours) {
    out += fmt::format("| {} | {} | {} | {} |\n", behaviour.id, cell(behaviour.title), told_by(behaviour, rules),
                       cell(remark(behaviour, rules)));
  }
  for (const auto& framework : catalog.frameworks) {
    out += fmt::format("\n**{} {}**\n\n| id | rules |\n|---|---|\n", framework.name, framework.version);
    for (const auto& entry : covered(framework, rules)) {
      const auto title = entry.id->title.empty() ? "" : " " + cell(entry.id->title);
      out += fmt::format("| {}{} | {} |\n", entry.id->id, title, joined(entry.rules));
    }
  }
  return out;
}

std::string text(const CoverageCatalog& catalog, const engine::RuleSet& rules) {
  std::string out;
  Table behaviours({"#", "behaviour", "told by", "what is not seen of it"});
  std::size_t seen = 0;
  for (const auto& behaviour : catalog.behaviours) {
    const bool is_told = behaviour.is_seen() && !loaded(behaviour.rules, rules).empty();
    seen += is_told ? 1 : 0;
    behaviours.add({std::to_string(behaviour.id),
                    behaviour.title,
                    {told_by(behaviour, rules), is_told ? Tone::plain : Tone::warn},
                    {remark(behaviour, rules), Tone::dim}});
  }
  out += behaviours.text() + fmt::format("{} of {} behaviours are told\n", seen, catalog.behaviours.size());
  for (const auto& framework : catalog.frameworks) {
    const auto entries = covered(framework, rules);
    Table table({"id", "title", "rules"});
    std::size_t told = 0;
    for (const auto& entry : entries) {
      told += entry.rules.empty() ? 0 : 1;
      table.add({entry.id->id, entry.id->title, {joined(entry.rules), entry.rules.empty() ? Tone::dim : Tone::plain}});
    }
    out += fmt::format("\n{} {}: {} of {}\n{}", framework.name, framework.version, told, entries.size(), table.text());
  }
  return out;
}

/// Rules that behaviours name and that are not among those loaded.
std::vector<std::string> unknown_rules(const CoverageCatalog& catalog, const engine::RuleSet& rules) {
  std::vector<std::string> out;
  for (const auto& behaviour : catalog.behaviours) {
    for (const auto* ids : {&behaviour.rules, &behaviour.nearest}) {
      std::copy_if(ids->begin(), ids->end(), std::back_inserter(out),
                   [&](const std::string& id) { return rules.find(id) == nullptr; });
    }
  }
  return out;
}

json as_json(const CoverageCatalog& catalog, const engine::RuleSet& rules) {
  json frameworks = json::array();
  for (const auto& framework : catalog.frameworks) {
    json ids = json::array();
    for (const auto& entry : covered(framework, rules)) {
      ids.push_back({{"id", entry.id->id}, {"title", entry.id->title}, {"rules", entry.rules}});
    }
    frameworks.push_back(
        {{"key", framework.key}, {"name", framework.name}, {"version", framework.version}, {"ids", std::move(ids)}});
  }
  json behaviours = json::array();
  for (const auto& behaviour : catalog.behaviours) {
    behaviours.push_back({{"id", behaviour.id},
                          {"title", behaviour.title},
                          {"seen", behaviour.is_seen()},
                          {"rules", loaded(behaviour.rules, rules)},
                          {"nearest", loaded(behaviour.nearest, rules)},
                          {"limits", behaviour.limits},
                          {"reason", behaviour.unseen},
                          {"frameworks", behaviour.frameworks}});
  }
  return {{"frameworks", std::move(frameworks)},
          {"behaviours", std::move(behaviours)},
          {"unknown_rules", unknown_rules(catalog, rules)}};
}

int show_coverage(const Options& options, const Context& context) {
  const auto found = load_rules(options.choice, context);
  if (found.set == nullptr) {
    print_faults(found.diagnostics, context.is_json);
    return kUsage;
  }
  const auto documents = config::embedded(config::Embedded::catalog);
  const auto catalog = read_coverage_catalog(documents);
  if (context.is_json) {
    print_json(as_json(catalog, *found.set));
  } else {
    print(options.is_markdown ? markdown(catalog, *found.set) : text(catalog, *found.set));
  }
  return kFine;
}

}  // namespace

Command add_rules_coverage(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules")
          .add_subcommand("coverage", "What the rules tell of, by behaviour and framework; needs no daemon");
  auto options = std::make_shared<Options>();
  add_rule_choice(*command, options->choice);
  command->add_flag("--markdown", options->is_markdown, "As tables for a document");
  return {[options, &context] { return show_coverage(*options, context); }, command};
}

}  // namespace ambit::cli
