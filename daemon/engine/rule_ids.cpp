// SPDX-License-Identifier: Apache-2.0
#include "rule_ids.h"

#include <algorithm>
#include <unordered_set>

#include "util/digest.h"

namespace ambit::engine {
namespace {

constexpr std::size_t kMaxId = 64;
constexpr std::size_t kDigest = 8;

bool is_id_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string plain_id(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_id_char(lower)) {
      out += lower;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

std::string id_with_digest(std::string_view name, const std::string& plain) {
  return plain.substr(0, kMaxId - kDigest - 1) + "-" + util::sha256_hex(std::string(name)).substr(0, kDigest);
}

}  // namespace

bool is_rule_id(std::string_view id) noexcept {
  return id.size() <= kMaxId && std::all_of(id.begin(), id.end(), is_id_char);
}

RuleIds ids_of(const std::vector<DefinedRule>& rules) {
  std::unordered_set<std::string> taken;
  for (const auto& rule : rules) {
    if (rule.id) taken.insert(rule.id->text());
  }
  RuleIds out;
  for (const auto& rule : rules) {
    auto id = rule.id ? rule.id->text() : plain_id(rule.name);
    const bool is_fit = rule.id || (!id.empty() && id.size() <= kMaxId && taken.insert(id).second);
    if (!is_fit) taken.insert(id = id_with_digest(rule.name, id));
    out.emplace(rule.name, std::move(id));
  }
  return out;
}

}  // namespace ambit::engine
