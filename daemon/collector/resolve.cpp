// SPDX-License-Identifier: Apache-2.0
#include "collector/resolve.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include "root_view.h"
#include "util/path_pattern.h"

namespace ambit::collector {
namespace {

constexpr std::size_t kBatch = 128;  // descriptors held at once: far below the usual soft limit of 1024

std::vector<std::string> components_below(std::string_view pattern, std::string_view prefix) {
  std::vector<std::string> out;
  std::string_view rest = prefix == "/" ? pattern : pattern.substr(prefix.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    out.emplace_back(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  }
  return out;
}

std::string below(const std::string& directory, std::string_view name) {
  return directory == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", directory, name);
}

/// Collects objects of one pattern, identified in batches.
class Walk {
 public:
  Walk(const RootView& view, const Identify& identify, const ResolveLimits& limits, Resolution& out)
      : view_(view), identify_(identify), limits_(limits), out_(out) {}

  Status run(const util::PathPattern& pattern) {
    pattern_ = pattern.text().empty() ? "/" : pattern.text();
    parts_ = pattern.is_literal() ? std::vector<std::string>() : components_below(pattern_, pattern.literal_prefix());
    step(pattern.literal_prefix(), 0, 0);
    return flush();
  }

 private:
  void step(const std::string& path, std::size_t part, unsigned depth) {
    if (is_done()) return;
    if (part == parts_.size()) {
      take(path);
      return;
    }
    const auto& name = parts_[part];
    const bool is_tree = name == "**";
    if (!is_tree && name.find_first_of("*?") == std::string::npos) {
      step(below(path, name), part + 1, depth + 1);
      return;
    }
    if (is_tree) step(path, part + 1, depth);
    if (depth >= limits_.max_depth) {
      note(fmt::format("{}: deeper than {} directories below {}, the rest is not looked at", pattern_,
                       limits_.max_depth, path));
      return;
    }
    const auto directory = view_.directory(path);
    if (!directory.valid()) {
      if (errno != ENOENT && errno != ENOTDIR)
        note(fmt::format("{}: read {}: {}", pattern_, path, std::strerror(errno)));
      return;
    }
    // Symlinks may lead back up; a directory is walked once for each part of the pattern.
    struct stat st {};
    if (fstat(directory.get(), &st) != 0 || !walked_.emplace(part, st.st_dev, st.st_ino).second) return;
    for_each_name(directory, [&](std::string_view entry) {
      if (is_tree) {
        step_into_tree(below(path, entry), part, depth + 1);
      } else if (util::component_matches(name, entry)) {
        step(below(path, entry), part + 1, depth + 1);
      }
      return !is_done();
    });
  }

  /// One entry below `**`: a directory goes on with the same part; anything else counts only where the pattern ends
  /// here, as a part that follows lists the directory itself.
  void step_into_tree(const std::string& path, std::size_t part, unsigned depth) {
    const auto fd = view_.find(path);
    struct stat st {};
    if (!fd.valid() || fstat(fd.get(), &st) != 0) return;
    if (S_ISDIR(st.st_mode)) {
      step(path, part, depth);
    } else if (part + 1 == parts_.size()) {
      take(path);
    }
  }

  void take(const std::string& path) {
    if (found_ >= limits_.max_objects) {
      note(fmt::format("{}: more than {} objects, the rest is not looked at", pattern_, limits_.max_objects));
      is_cut_ = true;
      return;
    }
    // What ends below a tree may come twice: once as a name in its directory, once as the end of the pattern.
    if (!taken_.insert(path).second) return;
    auto fd = view_.find(path);
    if (!fd.valid()) {
      if (errno != ENOENT && errno != ENOTDIR)
        note(fmt::format("{}: open {}: {}", pattern_, path, std::strerror(errno)));
      return;
    }
    ++found_;
    waiting_.emplace_back(path, std::move(fd));
    if (waiting_.size() >= kBatch) failure_ = flush();
  }

  Status flush() {
    if (!failure_.ok() || waiting_.empty()) return failure_;
    std::vector<int> fds;
    for (const auto& [path, fd] : waiting_) fds.push_back(fd.get());
    const auto objects = identify_(fds);
    if (!objects.ok()) return objects.error();
    if (objects->size() != fds.size())
      return Error{fmt::format("identify {} objects: {} answers", fds.size(), objects->size())};
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const auto& o = (*objects)[i];
      if (o.ino == 0) continue;
      ResolvedObject object;
      object.pattern = pattern_;
      object.path = waiting_[i].first;
      object.id = {o.dev, o.ino};
      object.layer = o.layer;
      object.parent_dev = o.dev;
      object.parent_ino = o.parent_ino;
      object.is_directory = S_ISDIR(o.mode);
      object.real_path = view_.real_path(fds[i]);
      out_.objects.push_back(std::move(object));
    }
    waiting_.clear();
    return Ok{};
  }

  [[nodiscard]] bool is_done() const noexcept { return is_cut_ || !failure_.ok(); }

  void note(std::string text) {
    constexpr std::size_t kMaxNotes = 8;
    if (notes_++ < kMaxNotes) out_.notes.push_back(std::move(text));
  }

  const RootView& view_;
  const Identify& identify_;
  const ResolveLimits& limits_;
  Resolution& out_;
  std::string pattern_;
  std::vector<std::string> parts_;
  std::set<std::tuple<std::size_t, dev_t, ino_t>> walked_;
  std::set<std::string> taken_;
  std::vector<std::pair<std::string, util::Fd>> waiting_;
  std::size_t found_ = 0, notes_ = 0;
  bool is_cut_ = false;
  Status failure_ = Ok{};
};

}  // namespace

Result<Resolution> resolve_objects(const std::string& root, std::span<const std::string> patterns,
                                   const Identify& identify, const ResolveLimits& limits) {
  const auto view = RootView::open(root);
  if (!view.ok()) return view.error();
  Resolution out;
  for (const auto& text : patterns) {
    const auto pattern = util::PathPattern::make(text);
    if (!pattern.ok()) return pattern.error();
    Walk walk(*view, identify, limits, out);
    if (const auto status = walk.run(*pattern); !status.ok()) return status.error();
  }
  return out;
}

Event objects_event(std::string scope, FileId root, Resolution resolution, BootTime now) {
  Event event;
  event.kind = EventKind::objects;
  event.hook = AMBIT_HOOK_USER;
  event.time = now;
  event.facts = ObjectsFacts{std::move(scope), root, std::move(resolution.objects)};
  return event;
}

}  // namespace ambit::collector
