// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rule_file.h"
#include "util/yaml.h"

namespace ambit::engine {

/// What the readers of the items of a rules file share. Unknown keys are warned about, as in Falco; a key of the wrong
/// kind is a fault.
class ItemReader {
 public:
  using Keys = std::vector<std::string>;

  explicit ItemReader(const util::Document& document) : document_(document), yaml_(document.file) {}

 protected:
  /// False after a fault: a key that is no text, or stands twice.
  bool check_keys(const YAML::Node& map, const std::string& what, const Keys& known);
  [[nodiscard]] util::Diagnostic place(const YAML::Node& node) const;
  /// A text that is not empty; false after a fault, also where the key is missing.
  bool require(const YAML::Node& map, const char* key, const std::string& what, SourceText& out);
  bool optional_text(const YAML::Node& map, const char* key, const std::string& what, std::optional<SourceText>& out);
  bool optional_flag(const YAML::Node& map, const char* key, const std::string& what, std::optional<bool>& out);
  /// `append: true` of a list or macro, or `override: {KEY: append|replace}` for its one key; false after a fault.
  bool read_update(const YAML::Node& item, const std::string& what, const char* key, Update& out);
  /// `append: true`; false after a fault.
  bool read_append(const YAML::Node& item, const std::string& what, bool& out);

  const util::Document& document_;
  util::YamlReader yaml_;
};

/// Reads one rule item.
class RuleReader : public ItemReader {
 public:
  using ItemReader::ItemReader;

 protected:
  /// nullopt after a fault.
  std::optional<RuleDef> read_rule(const YAML::Node& item);

 private:
  void warn_of_ignored(const YAML::Node& item, const std::string& what);
  bool read_override(const YAML::Node& item, const std::string& what, RuleDef& out);
  bool read_priority(const YAML::Node& item, const std::string& what, RuleDef& out);
  bool read_exceptions(const YAML::Node& node, const std::string& what, std::vector<ExceptionDef>& out);
  bool read_rows(const YAML::Node& node, const std::string& what, ExceptionDef& out);
  bool read_text_or_list(const YAML::Node& node, const std::string& what, TextOrList& out);
  bool read_block(const YAML::Node& block, const std::string& what, RuleBlock& out);
  bool read_examples(const YAML::Node& node, const std::string& what, RuleDef& out);
  bool read_example(const YAML::Node& event, const std::string& what, bool must_fire, RuleDef& out);
  /// `beside`: keys that are no fields.
  bool read_event(const YAML::Node& event, const std::string& what, const Keys& beside, ExampleDef& out);
  bool read_sequence(const YAML::Node& events, const std::string& what, bool must_fire, RuleDef& out);
  bool read_time(const YAML::Node& event, const char* key, const std::string& what, std::chrono::nanoseconds& into);
};

/// The text without blanks and line breaks at its end.
std::string trimmed(const std::string& text);

}  // namespace ambit::engine
