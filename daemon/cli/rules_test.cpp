// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "config/documents.h"
#include "output.h"
#include "recording_test.h"
#include "rule_files.h"
#include "table.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

std::vector<std::string> rules_without_examples(const engine::RuleSet& set) {
  std::vector<std::string> out;
  for (const auto& rule : set.rules()) {
    if (rule.examples_fire == 0 || rule.examples_silent == 0) out.push_back(rule.info->id);
  }
  return out;
}

/// What the tests of recordings came to.
struct Recordings {
  std::size_t tests = 0;
  std::vector<util::Diagnostic> differences;
};

void show(const std::vector<engine::ExampleResult>& results, const Recordings& recordings, const LoadedRules& loaded) {
  const auto& set = *loaded.set;
  std::size_t failed = 0;
  for (const auto& rule : loaded.left_out) {
    print(fmt::format("{} {}:{}: rule '{}' is left out and its examples are not run: {}\n", paint("note", Tone::warn),
                      rule.file, rule.line, rule.name, rule.reason));
  }
  for (const auto& r : results) {
    if (r.passed()) continue;
    ++failed;
    print(fmt::format("{} {}:{}: example of {} {}\n", paint("FAIL", Tone::bad), r.file, r.line, r.rule_id,
                      r.must_fire ? "should fire and stays silent" : "should stay silent and fires"));
  }
  for (const auto& d : recordings.differences)
    print(fmt::format("{} {}:{}: {}\n", paint("FAIL", Tone::bad), d.file, d.line, d.message));
  for (const auto& id : rules_without_examples(set)) {
    print(fmt::format("{} {} lacks an example that fires or one that stays silent\n", paint("note", Tone::warn), id));
  }
  failed += recordings.differences.size();
  print(fmt::format("{} rules, {} examples{}{}: {}\n", set.rules().size(), results.size(),
                    recordings.tests == 0 ? "" : fmt::format(", {} recording(s)", recordings.tests),
                    loaded.left_out.empty() ? "" : fmt::format(", {} left out", loaded.left_out.size()),
                    failed != 0                                ? fmt::format("{} failed", failed)
                    : results.empty() && recordings.tests == 0 ? "nothing was tested"
                                                               : "all as they should be"));
}

json to_json(const std::vector<engine::LeftOutRule>& rules) {
  auto list = json::array();
  for (const auto& rule : rules)
    list.push_back({{"rule", rule.name}, {"file", rule.file}, {"line", rule.line}, {"reason", rule.reason}});
  return list;
}

json to_json(const std::vector<engine::ExampleResult>& results) {
  auto list = json::array();
  for (const auto& r : results) {
    list.push_back({{"rule", r.rule_id},
                    {"file", r.file},
                    {"line", r.line},
                    {"must_fire", r.must_fire},
                    {"fired", r.fired},
                    {"passed", r.passed()},
                    {"also_fired", r.also_fired}});
  }
  return list;
}

struct Options {
  RuleChoice choice;
  std::vector<std::string> recordings;
};

/// Faults of the files, and recordings that cannot be read, go to `faults`.
Recordings test_recordings(const Options& options, const LoadedRules& loaded, const Context& context,
                           std::vector<util::Diagnostic>& faults) {
  Recordings out;
  const auto read = config::read_documents(options.recordings, "recording tests");
  faults.insert(faults.end(), read.diagnostics.begin(), read.diagnostics.end());
  for (const auto& document : read.documents) {
    const auto tests = read_recording_tests(document, faults);
    for (const auto& test : tests) {
      for (const auto& expected : test.alerts) {
        if (!expected.rule.empty() && loaded.set->find(expected.rule) == nullptr)
          faults.push_back({test.file, expected.line, 0, fmt::format("no rule has the id '{}'", expected.rule), false});
      }
      if (util::has_errors(faults)) continue;
      const auto found = context.judge_recording(test.recording, loaded.documents, loaded.options);
      if (!found.ok()) {
        faults.push_back({test.file, test.line, 0, found.error().message, false});
        continue;
      }
      ++out.tests;
      const auto differ = differences(test, *found);
      out.differences.insert(out.differences.end(), differ.begin(), differ.end());
    }
  }
  return out;
}

int refuse(const std::vector<util::Diagnostic>& faults, const Context& context) {
  print_faults(faults, context.is_json);
  return kUsage;
}

int test(const Options& options, const Context& context) {
  const auto loaded = load_rules(options.choice, context);
  if (loaded.set == nullptr) return refuse(loaded.diagnostics, context);
  std::vector<util::Diagnostic> faults;
  Recordings recordings;
  if (!options.recordings.empty()) recordings = test_recordings(options, loaded, context, faults);
  if (util::has_errors(faults)) return refuse(faults, context);
  const auto results = engine::run_examples(*loaded.set);
  const bool is_tested = !results.empty() || recordings.tests != 0;
  const bool is_good = is_tested && recordings.differences.empty() &&
                       std::all_of(results.begin(), results.end(), [](const auto& r) { return r.passed(); });
  if (context.is_json) {
    print_json({{"ok", is_good},
                {"examples", to_json(results)},
                {"recordings", recordings.tests},
                {"differences", diagnostics_json(recordings.differences)},
                {"left_out", to_json(loaded.left_out)},
                {"diagnostics", diagnostics_json(loaded.diagnostics)},
                {"rules_without_examples", rules_without_examples(*loaded.set)}});
  } else {
    print_diagnostics(loaded.diagnostics);
    show(results, recordings, loaded);
  }
  return is_good ? kFine : kFinding;
}

}  // namespace

Command add_rules_test(CLI::App& app, Context& context) {
  auto* command = command_group(app, "rules", "Detection rules")
                      .add_subcommand("test", "Run the examples of the rules; needs no daemon");
  auto options = std::make_shared<Options>();
  add_rule_choice(*command, options->choice);
  auto* recordings = command
                         ->add_option("--recordings", options->recordings,
                                      "Files that name a recording and the alerts expected of it, or folders of them")
                         ->type_name("PATH")
                         ->allow_extra_args(false);
  if (!context.judge_recording) command->remove_option(recordings);
  return {[options, &context] { return test(*options, context); }, command};
}

}  // namespace ambit::cli
