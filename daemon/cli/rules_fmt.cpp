// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command_group.h"
#include "commands.h"
#include "config/documents.h"
#include "output.h"
#include "rule_format.h"

namespace ambit::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  bool is_check = false;
};

/// Replaces the file as a whole, so that a reader never sees half of it.
bool replace_file(const std::string& file, const std::string& text) {
  // What a link leads to is replaced, not the link.
  std::error_code ec;
  const auto target = std::filesystem::canonical(file, ec);
  const auto made = target.string() + fmt::format(".{}.tmp", ::getpid());
  std::ofstream out(made, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!ec && out) std::filesystem::permissions(made, std::filesystem::status(target).permissions(), ec);
  if (!ec && out) std::filesystem::rename(made, target, ec);
  if (!ec && out) return true;
  complain(fmt::format("write {}: {}", file, ec ? ec.message() : std::strerror(errno)));
  std::filesystem::remove(made, ec);
  return false;
}

int format_stdin() {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto formatted = format_rules({"standard input", text});
  if (!formatted) {
    complain(formatted.error().message);
    return kUsage;
  }
  print(*formatted);
  return kFine;
}

int format_files(const Options& options, const Context& context) {
  if (options.files == std::vector<std::string>{"-"}) return format_stdin();
  const auto read = config::read_documents(options.files, "rules");
  print_diagnostics(read.diagnostics);
  bool is_good = read.ok();
  std::vector<std::string> changed;
  for (const auto& document : read.documents) {
    const auto formatted = format_rules(document);
    if (!formatted) {
      complain(formatted.error().message);
      is_good = false;
    } else if (*formatted != document.text) {
      changed.push_back(document.file);
      if (!options.is_check) is_good = replace_file(document.file, *formatted) && is_good;
    }
  }
  if (context.is_json) {
    print_json({{"ok", is_good}, {"changed", changed}});
  } else {
    for (const auto& file : changed) print(fmt::format("{}{}\n", options.is_check ? "would change " : "", file));
  }
  if (!is_good) return kUsage;
  return options.is_check && !changed.empty() ? kFinding : kFine;
}

}  // namespace

Command add_rules_fmt(CLI::App& app, Context& context) {
  auto* command =
      command_group(app, "rules", "Detection rules").add_subcommand("fmt", "Write rule files in their usual form");
  auto options = std::make_shared<Options>();
  command->add_option("files", options->files, "Rule files or folders; - reads standard input")->required();
  command->add_flag("--check", options->is_check, "Change nothing; exit 1 where a file would change");
  return {[options, &context] { return format_files(*options, context); }, command};
}

}  // namespace ambit::cli
