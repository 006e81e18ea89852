// SPDX-License-Identifier: Apache-2.0
// `spec.models`, `spec.secrets`, `spec.files` and `spec.devices`: what may be opened.
#include <algorithm>

#include <fmt/format.h>

#include "schema.h"
#include "util/path_pattern.h"

namespace ambit::scope {
namespace {

/// A section that is a list, or {mode, items} where it has a mode of its own.
YAML::Node list_of(util::YamlReader& reader, const YAML::Node& node, const std::string& what,
                   std::optional<Mode>& mode) {
  if (!node.IsMap()) return reader.expect_list(node, what) ? node : YAML::Node(YAML::NodeType::Sequence);
  if (!expect_keys(reader, node, what, {"mode", "items"})) return YAML::Node(YAML::NodeType::Sequence);
  mode = read_mode(reader, node["mode"], what + ".mode");
  const auto items = node["items"];
  return reader.expect_list(items, what + ".items") ? items : YAML::Node(YAML::NodeType::Sequence);
}

/// Each is one of `words` or an absolute path pattern.
std::vector<std::string> read_words_or_paths(util::YamlReader& reader, const YAML::Node& node, const std::string& what,
                                             const std::vector<std::string>& words, std::string_view kind,
                                             std::string_view path_of) {
  auto out = reader.texts(node, what);
  for (const auto& text : out) {
    if (text.starts_with('/')) {
      if (const auto pattern = util::PathPattern::make(text); !pattern)
        reader.error(node, fmt::format("{}: {}", what, pattern.error().message));
    } else if (std::find(words.begin(), words.end(), text) == words.end()) {
      reader.error(node, fmt::format("{}: {}; or the absolute path of {}", what, util::unknown_word(kind, text, words),
                                     path_of));
    }
  }
  return out;
}

Roles read_roles(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  return read_words_or_paths(reader, node, what, {"server", "children", "members"}, "role", "an executable");
}

Destinations read_destinations(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  if (!node.IsDefined()) return {};
  return read_words_or_paths(reader, node, what, {"network", "unix", "pipe", "memory"}, "destination", "a file");
}

Identities read_identities(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  Identities out = reader.texts(node, what);
  for (const auto& identity : out) {
    if (identity.empty())
      reader.error(node, what + ": expected a user or the absolute path of an executable, found ''");
    if (!identity.starts_with('/')) continue;
    if (const auto pattern = util::PathPattern::make(identity); !pattern) {
      reader.error(node, fmt::format("{}: {}", what, pattern.error().message));
    }
  }
  return out;
}

Identities read_writers(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  if (!node.IsDefined() || !expect_keys(reader, node, what, {"identities"}) ||
      !has_key(reader, node, what, "identities"))
    return {};
  return read_identities(reader, node["identities"], what + ".identities");
}

}  // namespace

void parse_models(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  std::vector<ModelSpec> models;
  std::size_t i = 0;
  for (const auto& item : list_of(reader, node, "spec.models", spec.models_mode)) {
    const auto what = fmt::format("spec.models[{}]", i++);
    if (!expect_keys(reader, item, what, {"name", "path", "read", "phases", "write", "copyTo"},
                     {"sha256", "manifestDigest", "formats", "onMismatch"}))
      continue;
    if (!has_key(reader, item, what, "name") || !has_key(reader, item, what, "path")) continue;
    ModelSpec model;
    model.at = where(reader, item);
    if (auto name = reader.text(item["name"], what + ".name")) model.name = std::move(*name);
    model.paths = read_paths(reader, item["path"], what + ".path");
    if (const auto read = item["read"]; read.IsDefined()) {
      if (read.IsMap()) {
        if (expect_keys(reader, read, what + ".read", {"processes", "identities"})) {
          if (read["processes"].IsDefined())
            model.read = read_roles(reader, read["processes"], what + ".read.processes");
          if (read["identities"].IsDefined())
            model.read_identities = read_identities(reader, read["identities"], what + ".read.identities");
        }
      } else {
        model.read = read_roles(reader, read, what + ".read");
      }
    }
    model.phases = read_phases(reader, item["phases"], what + ".phases");
    model.write_identities = read_writers(reader, item["write"], what + ".write");
    model.copy_to = read_destinations(reader, item["copyTo"], what + ".copyTo");
    const auto same =
        std::find_if(models.begin(), models.end(), [&](const ModelSpec& m) { return m.name == model.name; });
    if (same != models.end())
      reader.error(item, fmt::format("{}: model '{}' stands twice (also line {})", what, model.name, same->at.line));
    models.push_back(std::move(model));
  }
  spec.models = std::move(models);
}

void parse_secrets(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  std::vector<SecretSpec> secrets;
  std::size_t i = 0;
  for (const auto& item : list_of(reader, node, "spec.secrets", spec.secrets_mode)) {
    const auto what = fmt::format("spec.secrets[{}]", i++);
    if (!expect_keys(reader, item, what, {"id", "path", "owner", "readers", "phases", "write", "copyTo"},
                     {"rotateEvery", "expires", "expiresAt"}))
      continue;
    if (!has_key(reader, item, what, "id") || !has_key(reader, item, what, "path")) continue;
    SecretSpec secret;
    secret.at = where(reader, item);
    if (auto id = reader.text(item["id"], what + ".id")) secret.id = std::move(*id);
    secret.paths = read_paths(reader, item["path"], what + ".path");
    if (item["owner"].IsDefined()) {
      if (auto owner = reader.text(item["owner"], what + ".owner")) secret.owner = std::move(*owner);
    }
    if (item["readers"].IsDefined()) secret.readers = read_roles(reader, item["readers"], what + ".readers");
    secret.phases = read_phases(reader, item["phases"], what + ".phases");
    secret.write_identities = read_writers(reader, item["write"], what + ".write");
    secret.copy_to = read_destinations(reader, item["copyTo"], what + ".copyTo");
    const auto same =
        std::find_if(secrets.begin(), secrets.end(), [&](const SecretSpec& s) { return s.id == secret.id; });
    if (same != secrets.end())
      reader.error(item, fmt::format("{}: secret '{}' stands twice (also line {})", what, secret.id, same->at.line));
    secrets.push_back(std::move(secret));
  }
  spec.secrets = std::move(secrets);
}

void parse_files(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  if (!expect_keys(reader, node, "spec.files", {"mode", "read", "write", "execute", "deny"}, {"libraries"})) return;
  FilesSpec files;
  files.mode = read_mode(reader, node["mode"], "spec.files.mode");
  files.has_read = node["read"].IsDefined();
  files.has_write = node["write"].IsDefined();
  files.has_execute = node["execute"].IsDefined();
  if (files.has_read) files.read = read_path_entries(reader, node["read"], "spec.files.read");
  if (files.has_write) files.write = read_path_entries(reader, node["write"], "spec.files.write");
  if (files.has_execute) files.execute = read_path_entries(reader, node["execute"], "spec.files.execute");
  if (node["deny"].IsDefined()) files.deny = read_path_entries(reader, node["deny"], "spec.files.deny");
  spec.files = std::move(files);
}

void parse_devices(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  const auto items = list_of(reader, node, "spec.devices", spec.devices_mode);
  spec.devices = read_path_entries(reader, items, "spec.devices");
}

}  // namespace ambit::scope
