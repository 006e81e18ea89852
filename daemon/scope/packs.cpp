// SPDX-License-Identifier: Apache-2.0
#include "packs.h"

#include <algorithm>

#include <fmt/format.h>

#include "merge.h"

namespace ambit::scope {
namespace {

void note(util::YamlReader& reader, std::vector<util::Diagnostic>& diagnostics) {
  auto noted = reader.take_diagnostics();
  diagnostics.insert(diagnostics.end(), noted.begin(), noted.end());
}

/// "1" and "1.2" accept version "1.2.3".
bool accepts(std::string_view wanted, std::string_view version) {
  return version == wanted ||
         (version.starts_with(wanted) && version.size() > wanted.size() && version[wanted.size()] == '.');
}

std::vector<std::string> read_extends(util::YamlReader& reader, const YAML::Node& spec) {
  if (!spec.IsDefined() || !spec.IsMap()) return {};
  const auto extends = spec["extends"];
  return extends.IsDefined() ? reader.texts(extends, "spec.extends") : std::vector<std::string>{};
}

/// Defaults may name other parameters; done when nothing changes any more.
bool resolve_defaults(Parameters& values, std::string& fault) {
  constexpr int kMaxRounds = 8;  // depth of defaults that refer to defaults
  for (int round = 0; round < kMaxRounds; ++round) {
    bool has_changed = false;
    for (auto& [name, value] : values) {
      for (auto& text : value.texts) {
        if (text.find("${") == std::string::npos) continue;
        std::set<std::string> used;
        auto next = substitute_text(text, values, used, fault);
        if (!next) return false;
        text = std::move(*next);
        has_changed = true;
      }
    }
    if (!has_changed) return true;
  }
  fault = "parameters refer to each other in a circle";
  return false;
}

}  // namespace

PackTable::PackTable(std::span<const util::Document> documents, std::vector<util::Diagnostic>& diagnostics) {
  for (const auto& document : documents) {
    for (auto& head : read_heads(document, DocumentKind::pack, diagnostics)) add(std::move(head), diagnostics);
  }
}

void PackTable::add(Head head, std::vector<util::Diagnostic>& diagnostics) {
  util::YamlReader reader(head.source->file);
  if (const auto other = packs_.find(head.name); other != packs_.end()) {
    reader.error_at(head.line, fmt::format("pack '{}' is also in {}:{}", head.name, other->second.head.source->file,
                                           other->second.head.line));
    note(reader, diagnostics);
    return;
  }
  Pack pack;
  const auto spec = fresh_spec(head);
  pack.extends = read_extends(reader, spec);
  const YAML::Node parameters = spec.IsMap() ? spec["parameters"] : YAML::Node(YAML::NodeType::Undefined);
  if (parameters.IsDefined() && !parameters.IsMap()) reader.error(parameters, "spec.parameters: expected a map");
  if (parameters.IsDefined() && parameters.IsMap()) {
    for (const auto& entry : parameters) {
      const auto name = reader.text(entry.first, "spec.parameters");
      if (!name) continue;
      const auto what = fmt::format("spec.parameters.{}", *name);
      if (!expect_keys(reader, entry.second, what, {"description", "default", "example"})) continue;
      Declared declared;
      declared.pack = head.name;
      declared.at = where(reader, entry.first);
      if (const auto n = entry.second["default"]; n.IsDefined())
        declared.fallback = read_parameter(reader, n, what + ".default");
      if (const auto n = entry.second["example"]; n.IsDefined())
        declared.example = read_parameter(reader, n, what + ".example");
      reader.text(entry.second["description"], what + ".description");
      pack.parameters.emplace(*name, std::move(declared));
    }
  }
  note(reader, diagnostics);
  pack.head = std::move(head);
  auto name = pack.head.name;
  packs_.emplace(std::move(name), std::move(pack));
}

PackTable::Pack* PackTable::find(util::YamlReader& reader, const YAML::Node& at, const std::string& reference) {
  const auto mark = reference.find('@');
  const auto name = reference.substr(0, mark);
  const auto found = packs_.find(name);
  if (found == packs_.end()) {
    std::vector<std::string> known;
    for (const auto& [key, pack] : packs_) known.push_back(key);
    reader.error(at, fmt::format("spec.extends: {}", util::unknown_word("pack", name, known)));
    return nullptr;
  }
  auto& pack = found->second;
  if (mark != std::string::npos && !accepts(std::string_view(reference).substr(mark + 1), pack.head.version)) {
    reader.error(at, fmt::format("spec.extends: '{}' is wanted, but pack '{}' in {} is version '{}'", reference, name,
                                 pack.head.source->file, pack.head.version));
    return nullptr;
  }
  return &pack;
}

bool PackTable::collect(util::YamlReader& reader, const YAML::Node& at, const std::vector<std::string>& names,
                        std::vector<Pack*>& chain, std::vector<std::string>& path) {
  for (const auto& reference : names) {
    Pack* const pack = find(reader, at, reference);
    if (pack == nullptr) return false;
    const auto& name = pack->head.name;
    if (std::find(path.begin(), path.end(), name) != path.end()) {
      reader.error(at, fmt::format("spec.extends: packs extend each other in a circle: {} -> {}",
                                   fmt::join(path, " -> "), name));
      return false;
    }
    if (std::find(chain.begin(), chain.end(), pack) != chain.end()) continue;
    path.push_back(name);
    if (!collect(reader, at, pack->extends, chain, path)) return false;
    path.pop_back();
    chain.push_back(pack);
  }
  return true;
}

std::optional<Spec> PackTable::expand(const Head& head, std::vector<util::Diagnostic>& diagnostics) {
  util::YamlReader reader(head.source->file);
  YAML::Node node = fresh_spec(head);
  const bool is_scope = head.kind == DocumentKind::scope;
  const auto finish = [&] { note(reader, diagnostics); };
  std::vector<Pack*> chain;
  std::vector<std::string> path;
  const auto extends = is_scope ? read_extends(reader, node) : std::vector<std::string>{head.name};
  const YAML::Node extends_at = node.IsMap() && node["extends"].IsDefined() ? node["extends"] : node;
  if (!collect(reader, extends_at, extends, chain, path)) return finish(), std::nullopt;

  std::map<std::string, const Declared*> declared;
  for (auto* pack : chain) {
    pack->is_used = true;
    for (const auto& [name, parameter] : pack->parameters) declared[name] = &parameter;
  }
  Parameters values;
  const YAML::Node given = is_scope && node.IsMap() ? node["parameters"] : YAML::Node(YAML::NodeType::Undefined);
  if (given.IsDefined() && !given.IsMap()) {
    reader.error(given, "spec.parameters: expected a map");
    return finish(), std::nullopt;
  }
  if (given.IsDefined()) {
    for (const auto& entry : given) {
      const auto name = reader.text(entry.first, "spec.parameters");
      if (!name) continue;
      auto value = read_parameter(reader, entry.second, fmt::format("spec.parameters.{}", *name));
      if (!value) continue;
      const auto at = declared.find(*name);
      const bool wants_list = at != declared.end() && at->second->fallback && at->second->fallback->is_list;
      if (wants_list) value->is_list = true;  // a single text counts as a list of one
      values.emplace(*name, std::move(*value));
    }
  }
  for (const auto& [name, parameter] : declared) {
    if (values.contains(name)) continue;
    if (parameter->fallback) {
      values.emplace(name, *parameter->fallback);
    } else if (!is_scope && parameter->example) {
      values.emplace(name, *parameter->example);
    } else {
      reader.error(given.IsDefined() ? given : extends_at,
                   fmt::format("spec.parameters: '{}' is missing; pack '{}' needs it ({}:{})", name, parameter->pack,
                               parameter->at.file, parameter->at.line));
    }
  }
  std::string fault;
  if (!reader.failed() && !resolve_defaults(values, fault))
    reader.error(given.IsDefined() ? given : extends_at, "spec.parameters: " + fault);
  if (reader.failed()) return finish(), std::nullopt;

  Spec spec;
  bool failed = false;
  for (const auto* pack : chain) {
    util::YamlReader pack_reader(pack->head.source->file);
    YAML::Node pack_node = fresh_spec(pack->head);
    if (pack_node.IsMap()) pack_node.remove("parameters");
    std::set<std::string> used;
    substitute(pack_reader, pack_node, values, used);
    if (!pack_reader.failed()) merge(spec, parse_spec(pack_reader, pack_node, DocumentKind::pack));
    failed = failed || pack_reader.failed();
    note(pack_reader, diagnostics);
  }
  if (is_scope) {
    std::set<std::string> used;
    if (node.IsMap()) {
      for (const auto& entry : node) {
        if (entry.first.IsScalar() && entry.first.Scalar() != "parameters")
          substitute(reader, entry.second, values, used);
      }
    }
    if (given.IsDefined()) {
      std::vector<std::string> known;
      known.reserve(declared.size());
      for (const auto& [name, parameter] : declared) known.push_back(name);
      for (const auto& entry : given) {
        const auto& name = entry.first.Scalar();
        if (!declared.contains(name) && !used.contains(name)) {
          reader.error(entry.first, fmt::format("spec.parameters: {}", util::unknown_word("parameter", name, known)));
        }
      }
    }
    if (!reader.failed()) merge(spec, parse_spec(reader, node, DocumentKind::scope));
  }
  failed = failed || reader.failed();
  finish();
  if (failed) return std::nullopt;
  return spec;
}

void PackTable::check_unused(std::vector<util::Diagnostic>& diagnostics) {
  for (auto& [name, pack] : packs_) {
    if (!pack.is_used) expand(pack.head, diagnostics);
  }
}

}  // namespace ambit::scope
