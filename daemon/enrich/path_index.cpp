// SPDX-License-Identifier: Apache-2.0
#include "path_index.h"

namespace ambit::enrich {
namespace {

bool is_literal(std::string_view text) noexcept {
  return text.find_first_of("*?") == std::string_view::npos;
}

std::string_view last_name(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);
}

/// "gguf" of "m.gguf"; empty where there is none.
std::string_view extension_of(std::string_view name) noexcept {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

/// The last literal component above the last name; empty where there is none.
std::string_view anchor_of(std::string_view pattern) noexcept {
  auto end = pattern.rfind('/');
  while (end != std::string_view::npos && end > 0) {
    const auto slash = pattern.rfind('/', end - 1);
    const auto component = pattern.substr(slash + 1, end - slash - 1);
    if (is_literal(component)) return component;
    end = slash;
  }
  return {};
}

}  // namespace

void PathIndex::add(util::PathPattern pattern, std::uint32_t owner) {
  const auto index = static_cast<std::uint32_t>(rules_.size());
  rules_.push_back({std::move(pattern), owner});
  const std::string_view text = rules_.back().pattern.text();
  const auto name = last_name(text);
  const auto extension = extension_of(name);
  if (is_literal(name)) {
    by_name_[std::string(name)].push_back(index);
  } else if (!extension.empty() && is_literal(extension)) {
    by_extension_[std::string(extension)].push_back(index);
  } else if (const auto anchor = anchor_of(text); !anchor.empty()) {
    by_directory_[std::string(anchor)].push_back(index);
  } else {
    rest_.push_back(index);
  }
}

std::uint32_t PathIndex::find(std::string_view path, const std::function<bool(std::uint32_t)>& accept) const {
  auto best = kNone;
  const auto try_bucket = [&](const Bucket& bucket) {
    for (const auto index : bucket) {
      const auto& rule = rules_[index];
      if (rule.owner < best && rule.pattern.matches(path) && accept(rule.owner)) best = rule.owner;
    }
  };
  const auto try_key = [&](const util::TextMap<Bucket>& map, std::string_view key) {
    if (const auto it = map.find(key); it != map.end()) try_bucket(it->second);
  };
  const auto name = last_name(path);
  try_key(by_name_, name);
  if (const auto extension = extension_of(name); !extension.empty()) try_key(by_extension_, extension);
  // The last name counts as a directory, too: "/d/**" includes "/d".
  for (std::size_t at = 0; at < path.size();) {
    const auto slash = path.find('/', at + 1);
    try_key(by_directory_, path.substr(at + 1, slash == std::string_view::npos ? slash : slash - at - 1));
    if (slash == std::string_view::npos) break;
    at = slash;
  }
  try_bucket(rest_);
  return best;
}

}  // namespace ambit::enrich
