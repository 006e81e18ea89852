// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <fmt/format.h>
#include <filesystem>

#include "read_file.h"
#include "sections.h"

namespace ambit::config {
namespace {

struct Texts {
  std::vector<util::Document> documents;
  std::vector<util::Diagnostic> diagnostics;
};

void add_file(const std::string& path, Texts& out) {
  auto text = read_file(path);
  if (text) {
    out.documents.push_back({path, std::move(*text)});
  } else {
    out.diagnostics.push_back({path, 0, 0, "configuration: " + text.error().message});
  }
}

void add_folder(const std::string& path, Texts& out) {
  const auto files = list_yaml(path);
  if (!files) {
    out.diagnostics.push_back({path, 0, 0, "configuration: " + files.error().message});
    return;
  }
  for (const auto& file : *files) add_file(file, out);
}

void add(const std::string& path, Texts& out) {
  std::error_code ec;
  std::filesystem::is_directory(path, ec) ? add_folder(path, out) : add_file(path, out);
}

Texts read_texts(std::span<const std::string> files) {
  Texts out;
  for (const auto& file : files) add(file, out);
  if (!files.empty()) return out;
  for (const auto path : {kDefaultFile, kDefaultFolder}) {
    std::error_code ec;
    if (std::filesystem::exists(path, ec)) add(std::string(path), out);
  }
  return out;
}

void finish(LoadResult& result, bool has_sink_list) {
  auto& c = result.config;
  if (c.kernel.ring_reserve_bytes > c.kernel.ring_bytes / 2) {
    result.diagnostics.push_back(
        {c.kernel.origin.file, c.kernel.origin.line, 0,
         fmt::format("kernel.ring_reserve_bytes: {} is more than half of kernel.ring_bytes ({})",
                     c.kernel.ring_reserve_bytes, c.kernel.ring_bytes)});
  }
  for (auto& sink : c.sinks) finish_sink(sink, result.diagnostics);
  std::erase_if(c.sinks, [](const SinkSettings& s) { return !s.enabled; });
  if (c.sinks.empty() && !has_sink_list) {
    SinkSettings terminal;
    terminal.name = "terminal";
    terminal.type = "terminal";
    terminal.format = "text";
    c.sinks.push_back(std::move(terminal));
  }
  if (c.sinks.empty()) {
    result.diagnostics.push_back(
        {c.files.empty() ? "" : c.files.back(), 0, 0, "sinks: none enabled, alerts reach the ledger only", true});
  }
}

}  // namespace

LoadResult load_documents(std::span<const util::Document> documents) {
  LoadResult result;
  bool has_sink_list = false;
  for (const auto& document : documents) {
    result.config.files.push_back(document.file);
    util::YamlReader reader(document.file);
    for (const auto& node : reader.parse(document.text)) {
      apply_document(reader, node, result.config);
      has_sink_list = has_sink_list || (node.IsMap() && node["sinks"].IsDefined() && !node["sinks"].IsNull());
    }
    for (auto& d : reader.take_diagnostics()) result.diagnostics.push_back(std::move(d));
  }
  finish(result, has_sink_list);
  return result;
}

LoadResult load(std::span<const std::string> files) {
  auto texts = read_texts(files);
  auto result = load_documents(texts.documents);
  result.diagnostics.insert(result.diagnostics.begin(), std::make_move_iterator(texts.diagnostics.begin()),
                            std::make_move_iterator(texts.diagnostics.end()));
  return result;
}

}  // namespace ambit::config
