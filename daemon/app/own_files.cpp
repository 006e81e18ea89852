// SPDX-License-Identifier: Apache-2.0
#include "own_files.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "util/fd.h"

namespace ambit::app {
namespace {

namespace fs = std::filesystem;

void add_source(const config::DocumentSource& source, OwnPaths& out) {
  std::error_code error;
  for (const auto& path : source.paths) {
    if (!fs::is_directory(path, error)) {
      out.rules.insert(path);
      continue;
    }
    out.folders.insert(path);
    for (const auto& entry : fs::directory_iterator(path, error)) out.rules.insert(entry.path().string());
  }
}

std::string folder_of(const std::string& path) {
  return fs::path(path).parent_path().string();
}

}  // namespace

std::uint32_t OwnPaths::flags_of(const std::string& path) const {
  if (parts.contains(path)) return kOwnParts;
  if (rules.contains(path) || folders.contains(path) || folders.contains(folder_of(path))) return kOwnRules;
  return 0;
}

void OwnPaths::mark(NameFacts& facts) const {
  for (const auto* path : {&facts.path, &facts.path2}) {
    if (!path->empty()) facts.object.protected_flags |= flags_of(*path);
  }
}

OwnPaths own_paths(const config::Config& config, const std::string& program) {
  OwnPaths out;
  // Not the log and the index beside the ledger: who only reads it opens those for writing, too (sqlite3WalOpen()).
  out.parts = {config.ledger.path, config.control.socket, program};
  out.parts.erase("");
  out.rules.insert(config.files.begin(), config.files.end());
  out.folders.emplace(config::kDefaultFolder);
  out.pins = config.kernel.pin_path;
  for (const auto* source : {&config.scopes, &config.rules, &config.packs, &config.catalog}) add_source(*source, out);
  return out;
}

/// bpffs has no file handles for fanotify; its directory is told of as one of a model's.
void OwnFiles::protect_pins(const std::string& folder) {
  FileId found;
  const util::Fd fd(folder.empty() ? -1 : ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) {
    const int fds[] = {fd.get()};
    const auto objects = identify_(fds);
    if (objects.ok() && !objects->empty()) found = {objects->front().dev, objects->front().ino};
  }
  const std::lock_guard lock(mutex_);
  const auto former = std::exchange(pins_, found);
  if (former == found) return;
  if (former.known()) sensor_.unprotect_dir(former);
  if (!found.known()) return;
  if (const auto status = sensor_.protect_dir(found, kOwnParts); !status.ok())
    spdlog::warn("own files: {}: {}", folder, status.error().message);
}

void OwnFiles::protect(const OwnPaths& paths) {
  protect_pins(paths.pins);
  std::vector<std::pair<util::Fd, std::uint32_t>> files;
  std::set<std::string> folders = paths.folders;
  const auto add = [&](const std::set<std::string>& list, std::uint32_t flags) {
    for (const auto& path : list) {
      folders.insert(folder_of(path));
      util::Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
      if (fd.valid()) files.emplace_back(std::move(fd), flags);
    }
  };
  add(paths.parts, kOwnParts);
  add(paths.rules, kOwnRules);
  std::vector<int> fds;
  fds.reserve(files.size());
  for (const auto& [fd, flags] : files) fds.push_back(fd.get());
  const auto objects = identify_(fds);
  if (!objects.ok()) {
    spdlog::warn("own files are not watched: {}", objects.error().message);
    return;
  }
  const std::lock_guard lock(mutex_);
  std::set<FileId> found;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const FileId id{(*objects)[i].dev, (*objects)[i].ino};
    if (!id.known() || !found.insert(id).second) continue;
    if (const auto status = sensor_.protect_file(id, files[i].second); !status.ok())
      spdlog::warn("own files: {}", status.error().message);
  }
  for (const auto& id : std::exchange(protected_, found)) {
    if (!found.contains(id)) sensor_.unprotect_file(id);
  }
  if (watch_ == nullptr) return;
  for (const auto& folder : folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) continue;
    if (const auto status = watch_->add(folder); !status.ok())
      spdlog::warn("own files: {}: {}", folder, status.error().message);
  }
}

}  // namespace ambit::app
