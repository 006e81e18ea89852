// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <fmt/format.h>

namespace ambit::scope {
namespace {

bool is_name(std::string_view text) {
  // Names become labels of metrics and keys of the ledger: letters, digits and three marks, 63 at most, as Kubernetes
  // has it.
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.front() != '.' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos;
}

void read_metadata(util::YamlReader& reader, const YAML::Node& node, Head& head) {
  const bool is_scope = head.kind == DocumentKind::scope;
  std::vector<std::string> known = {"name", "labels", "annotations"};
  if (!is_scope) known = {"name", "version", "description", "labels"};
  if (!expect_keys(reader, node, "metadata", known)) return;
  const auto name = node["name"];
  if (const auto text = reader.text(name, "metadata.name")) {
    head.name = *text;
    if (!is_name(*text)) {
      reader.error(name,
                   fmt::format("metadata.name: expected at most 63 of a-z, 0-9, '-', '.', '_', found '{}'", *text));
    }
  }
  if (const auto version = node["version"]; version.IsDefined())
    head.version = reader.text(version, "metadata.version").value_or("");
  const auto labels = node["labels"];
  if (!labels.IsDefined()) return;
  if (!labels.IsMap()) {
    reader.error(labels, "metadata.labels: expected a map of texts");
    return;
  }
  for (const auto& entry : labels) {
    const auto key = reader.text(entry.first, "metadata.labels");
    const auto value = reader.text(entry.second, "metadata.labels");
    if (key && value) head.labels.emplace_back(*key, *value);
  }
  std::sort(head.labels.begin(), head.labels.end());
}

}  // namespace

std::vector<Head> read_heads(const util::Document& source, DocumentKind expected,
                             std::vector<util::Diagnostic>& diagnostics) {
  util::YamlReader reader(source.file);
  std::vector<Head> heads;
  const std::string kind_name = expected == DocumentKind::scope ? "Scope" : "Pack";
  std::size_t index = 0;
  for (const auto& document : reader.parse(source.text)) {
    Head head;
    head.source = &source;
    head.index = index++;
    head.kind = expected;
    head.line = reader.line_of(document);
    if (!expect_keys(reader, document, "document", {"apiVersion", "kind", "metadata", "spec"}) && !document.IsMap())
      continue;
    reader.choice(document["apiVersion"], "apiVersion", {kApiVersion});
    reader.choice(document["kind"], "kind", {kind_name});
    if (const auto metadata = document["metadata"]; metadata.IsDefined()) {
      read_metadata(reader, metadata, head);
    } else {
      reader.error(document, "document: expected 'metadata' with a 'name'");
    }
    if (!document["spec"].IsDefined()) reader.error(document, "document: expected 'spec'");
    if (!head.name.empty() && document["spec"].IsDefined()) heads.push_back(std::move(head));
  }
  auto noted = reader.take_diagnostics();
  diagnostics.insert(diagnostics.end(), noted.begin(), noted.end());
  return heads;
}

YAML::Node fresh_spec(const Head& head) {
  util::YamlReader reader(head.source->file);
  const auto documents = reader.parse(head.source->text);
  return documents[head.index]["spec"];
}

}  // namespace ambit::scope
