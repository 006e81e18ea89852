// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/diagnostics.h"

namespace ambit::util {

/// Reads YAML strictly: every fault is noted with file, line and what was expected, and reading goes on, so that a
/// person sees all faults at once. The getters return nullopt (or an empty node) after noting a fault.
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  /// All documents of a text; an unparsable text gives one diagnostic and no document.
  std::vector<YAML::Node> parse(const std::string& text);

  void error(const YAML::Node& at, std::string message);
  void error_at(int line, std::string message);
  void warn(const YAML::Node& at, std::string message);

  /// `node` must be a map whose keys are all in `known`; `what` names it in messages ("spec.models[0]").
  bool expect_map(const YAML::Node& node, std::string_view what, const std::vector<std::string>& known);
  bool expect_list(const YAML::Node& node, std::string_view what);

  std::optional<std::string> text(const YAML::Node& node, std::string_view what);
  std::optional<std::int64_t> integer(const YAML::Node& node, std::string_view what, std::int64_t min,
                                      std::int64_t max);
  std::optional<bool> boolean(const YAML::Node& node, std::string_view what);
  /// "500ms", "10s", "30m", "2h", "30d".
  std::optional<std::chrono::milliseconds> duration(const YAML::Node& node, std::string_view what);
  /// "64", "16KiB", "200MiB", "2GiB".
  std::optional<std::uint64_t> bytes(const YAML::Node& node, std::string_view what);
  /// A list of texts; a single text counts as a list of one.
  std::vector<std::string> texts(const YAML::Node& node, std::string_view what);
  /// One of `known`.
  std::optional<std::string> choice(const YAML::Node& node, std::string_view what,
                                    const std::vector<std::string>& known);

  [[nodiscard]] int line_of(const YAML::Node& node) const;
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] bool failed() const { return has_errors(diagnostics_); }
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }
  std::vector<Diagnostic> take_diagnostics() { return std::move(diagnostics_); }

 private:
  static int column_of(const YAML::Node& node);

  std::string file_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace ambit::util
