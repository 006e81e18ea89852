// SPDX-License-Identifier: Apache-2.0
#include "config/documents.h"

#include <fmt/format.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "embedded_files.h"
#include "read_file.h"

namespace ambit::config {
namespace {

/// No document a person writes is near this size; it keeps a wrong path (a device, a weights file) from filling memory.
constexpr std::uintmax_t kMaxDocumentBytes = 8U << 20;

util::Diagnostic at(const Origin& origin, std::string message, bool is_warning = false) {
  return {origin.is_built_in() ? "built-in configuration" : origin.file, origin.line, 0, std::move(message),
          is_warning};
}

}  // namespace

std::string to_string(const Origin& origin) {
  if (origin.is_built_in()) return "built-in default";
  return origin.line > 0 ? fmt::format("{}:{}", origin.file, origin.line) : origin.file;
}

Result<std::string> read_file(const std::string& path) {
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);
  if (ec || !std::filesystem::exists(status)) return Error{fmt::format("{}: no such file", path)};
  if (!std::filesystem::is_regular_file(status)) return Error{fmt::format("{}: not a regular file", path)};
  const auto size = std::filesystem::file_size(path, ec);
  if (!ec && size > kMaxDocumentBytes) {
    return Error{fmt::format("{}: {} bytes, a document may have {}", path, size, kMaxDocumentBytes)};
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{fmt::format("open {}: {}", path, std::strerror(errno))};
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return Error{fmt::format("read {}: {}", path, std::strerror(errno))};
  return text;
}

Result<std::vector<std::string>> list_yaml(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ec;
  std::filesystem::directory_iterator it(folder, ec);
  for (; !ec && it != std::filesystem::directory_iterator(); it.increment(ec)) {
    const auto name = it->path().filename().string();
    // Editors and ConfigMap mounts leave hidden names beside the real ones.
    if (it->path().extension() == ".yaml" && !name.starts_with('.')) names.push_back(it->path().string());
  }
  if (ec) return Error{fmt::format("read folder {}: {}", folder, ec.message())};
  std::sort(names.begin(), names.end());
  return names;
}

Documents read_documents(const DocumentSource& source) {
  Documents out;
  if (source.paths.empty()) {
    out.documents = embedded(source.built_in);
    return out;
  }
  for (const auto& path : source.paths) {
    std::error_code ec;
    if (!std::filesystem::exists(path, ec)) {
      // A host without scopes yet is watched all the same, so the default folder may be missing.
      const bool is_default = source.origin.is_built_in();
      out.diagnostics.push_back(
          at(source.origin, fmt::format("{}: no such file or folder: {}", source.what, path), is_default));
      continue;
    }
    std::vector<std::string> files{path};
    if (std::filesystem::is_directory(path, ec)) {
      auto listed = list_yaml(path);
      if (!listed) {
        out.diagnostics.push_back(at(source.origin, fmt::format("{}: {}", source.what, listed.error().message)));
        continue;
      }
      files = std::move(*listed);
    }
    for (auto& file : files) {
      auto text = read_file(file);
      if (!text) {
        out.diagnostics.push_back(at(source.origin, fmt::format("{}: {}", source.what, text.error().message)));
      } else {
        out.documents.push_back({std::move(file), std::move(*text)});
      }
    }
  }
  return out;
}

Documents read_documents(std::span<const std::string> paths, const std::string& what) {
  return read_documents({what, {paths.begin(), paths.end()}, Embedded::none, {"command line", 0}});
}

std::vector<util::Document> embedded(Embedded kind) {
  std::span<const EmbeddedFile> files;
  switch (kind) {
    case Embedded::none:
      break;
    case Embedded::detections:
      files = embedded_detections();
      break;
    case Embedded::catalog:
      files = embedded_catalog();
      break;
    case Embedded::packs:
      files = embedded_packs();
      break;
  }
  std::vector<util::Document> out;
  out.reserve(files.size());
  for (const auto& file : files) out.push_back({std::string(file.name), std::string(file.text)});
  return out;
}

}  // namespace ambit::config
