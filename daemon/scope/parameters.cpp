// SPDX-License-Identifier: Apache-2.0
#include "parameters.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ambit::scope {
namespace {

constexpr int kMaxDepth = 32;       // nesting of a scope document; the schema itself needs 7
constexpr int kMaxNodes = 100'000;  // aliases can multiply a small text without bound

/// A node parsed from JSON text that claims to stand on `line` (from 1): yaml-cpp offers no other way to set a mark.
YAML::Node node_at_line(int line, const std::string& flow) {
  return YAML::Load(std::string(static_cast<std::size_t>(std::max(line - 1, 0)), '\n') + flow);
}

/// As JSON, which is YAML's flow style; bytes that are not UTF-8 are replaced rather than thrown over.
std::string to_flow(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The parameter's name if `text` is exactly "${name}".
std::string whole_reference(const std::string& text) {
  if (text.size() < 4 || !text.starts_with("${") || text.find('}') != text.size() - 1) return {};
  return text.substr(2, text.size() - 3);
}

class Substitution {
 public:
  Substitution(util::YamlReader& reader, const Parameters& values, std::set<std::string>& used)
      : reader_(reader), values_(values), used_(used) {}

  void walk(YAML::Node node, int depth) {
    if (!node.IsDefined() || has_given_up_) return;
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      reader_.error(node, "document is nested too deeply or too large");
      has_given_up_ = true;
      return;
    }
    if (node.IsScalar()) {
      put_text(node);
    } else if (node.IsSequence()) {
      walk_list(node, depth);
    } else if (node.IsMap()) {
      for (auto entry : node) {
        YAML::Node value = entry.second;
        if (const auto* list = whole_list(value)) {
          value = node_at_line(reader_.line_of(value), to_flow(*list));
        } else {
          walk(value, depth + 1);
        }
      }
    }
  }

 private:
  const std::vector<std::string>* whole_list(const YAML::Node& node) {
    if (!node.IsScalar()) return nullptr;
    const auto name = whole_reference(node.Scalar());
    const auto at = values_.find(name);
    if (at == values_.end() || !at->second.is_list) return nullptr;
    used_.insert(name);
    return &at->second.texts;
  }

  void walk_list(YAML::Node node, int depth) {
    bool has_lists = false;
    for (const auto& item : node) has_lists = has_lists || whole_list(item) != nullptr;
    if (!has_lists) {
      for (auto item : node) walk(item, depth + 1);
      return;
    }
    YAML::Node longer = node_at_line(reader_.line_of(node), "[]");
    for (auto item : node) {
      if (const auto* list = whole_list(item)) {
        for (const auto& text : *list) longer.push_back(node_at_line(reader_.line_of(item), to_flow(text)));
      } else {
        walk(item, depth + 1);
        longer.push_back(item);
      }
    }
    node = longer;
  }

  void put_text(YAML::Node& node) {
    if (node.Scalar().find("${") == std::string::npos) return;
    std::string fault;
    if (auto text = substitute_text(node.Scalar(), values_, used_, fault)) {
      node = *text;
    } else {
      reader_.error(node, fault);
    }
  }

  util::YamlReader& reader_;
  const Parameters& values_;
  std::set<std::string>& used_;
  int nodes_ = 0;
  bool has_given_up_ = false;
};

}  // namespace

std::optional<ParameterValue> read_parameter(util::YamlReader& reader, const YAML::Node& node, std::string_view what) {
  ParameterValue value;
  if (node.IsDefined() && node.IsSequence()) {
    value.is_list = true;
    value.texts = reader.texts(node, what);
    return value;
  }
  auto text = reader.text(node, what);
  if (!text) return std::nullopt;
  value.texts.push_back(std::move(*text));
  return value;
}

std::optional<std::string> substitute_text(const std::string& text, const Parameters& values,
                                           std::set<std::string>& used, std::string& fault) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const auto open = text.find("${", at);
    out.append(text, at, open - at);
    if (open == std::string::npos) return out;
    const auto close = text.find('}', open);
    if (close == std::string::npos) {
      fault = fmt::format("'{}': expected '}}' after '${{'", text);
      return std::nullopt;
    }
    const auto name = text.substr(open + 2, close - open - 2);
    const auto value = values.find(name);
    if (value == values.end()) {
      std::vector<std::string> known;
      for (const auto& [key, unused] : values) known.push_back(key);
      fault = util::unknown_word("parameter", name, known);
      return std::nullopt;
    }
    used.insert(name);
    if (value->second.is_list) {
      fault = fmt::format("parameter '{}' is a list: it can only stand alone as '${{{}}}'", name, name);
      return std::nullopt;
    }
    out += value->second.texts.front();
    at = close + 1;
  }
}

void substitute(util::YamlReader& reader, const YAML::Node& node, const Parameters& values,
                std::set<std::string>& used) {
  Substitution(reader, values, used).walk(node, 0);
}

}  // namespace ambit::scope
