// SPDX-License-Identifier: Apache-2.0
#include "scope/scope_set.h"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiled_scope.h"
#include "packs.h"
#include "spec_json.h"

namespace ambit::scope {
namespace {

void warn_expired(const Spec& spec, WallTime today, std::vector<util::Diagnostic>& diagnostics) {
  if (today == WallTime{}) return;
  for (const auto& exception : spec.exceptions) {
    if (exception.until > today) continue;
    diagnostics.push_back(
        {exception.at.file, exception.at.line, 0,
         fmt::format("exception for rule '{}' expired on {} and has no effect", exception.rule, exception.until_text),
         true});
  }
}

}  // namespace

ScopeSet::ScopeSet(std::vector<std::shared_ptr<const CompiledScope>> scopes) : scopes_(std::move(scopes)) {}

CompileResult ScopeSet::compile(std::span<const util::Document> scopes, std::span<const util::Document> packs,
                                WallTime today) {
  CompileResult result;
  auto& diagnostics = result.diagnostics;
  std::map<std::string, std::shared_ptr<const CompiledScope>> compiled;
  std::map<std::string, std::string> by_selector;
  try {
    PackTable table(packs, diagnostics);
    for (const auto& document : scopes) {
      for (const auto& head : read_heads(document, DocumentKind::scope, diagnostics)) {
        if (const auto other = compiled.find(head.name); other != compiled.end()) {
          diagnostics.push_back(
              {document.file, head.line, 0,
               fmt::format("scope '{}' is also in {}:{}", head.name, other->second->at.file, other->second->at.line)});
          continue;
        }
        const auto spec = table.expand(head, diagnostics);
        if (!spec) continue;
        warn_expired(*spec, today, diagnostics);
        const Where at{document.file, head.line};
        auto scope = compile_scope(head.name, head.labels, *spec, at);
        const auto selector = canonical(head.name, {}, *spec)["spec"]["select"].dump(
            -1, ' ', false, nlohmann::json::error_handler_t::replace);
        const auto [first, is_new] = by_selector.emplace(selector, head.name);
        if (!is_new) {
          const auto& other = *compiled.at(first->second);
          diagnostics.push_back(
              {document.file, spec->select->at.line, 0,
               fmt::format("scope '{}' selects exactly what scope '{}' in {}:{} selects: a process has one owner",
                           head.name, first->second, other.at.file, other.at.line)});
        }
        compiled.emplace(head.name, std::move(scope));
      }
    }
    table.check_unused(diagnostics);
  } catch (const YAML::Exception& e) {
    // The readers test each node's kind before use; this catches what a hostile text may still find.
    diagnostics.push_back({"", e.mark.line + 1, e.mark.column + 1, "not valid: " + e.msg});
  }
  if (util::has_errors(diagnostics)) return result;
  std::vector<std::shared_ptr<const CompiledScope>> sorted;
  sorted.reserve(compiled.size());
  for (auto& [name, scope] : compiled) sorted.push_back(std::move(scope));
  result.set = std::make_shared<const ScopeSet>(std::move(sorted));
  return result;
}

std::vector<WorkloadRef> ScopeSet::workloads() const {
  std::vector<WorkloadRef> out;
  for (const auto& scope : scopes_) out.push_back(scope->workload);
  return out;
}

std::string ScopeSet::effective(std::string_view name) const {
  for (const auto& scope : scopes_) {
    if (scope->name() == name) return nlohmann::json::parse(scope->canonical).dump(2);
  }
  return {};
}

std::string ScopeSet::hash(std::string_view name) const {
  for (const auto& scope : scopes_) {
    if (scope->name() == name) return scope->workload->scope_hash;
  }
  return {};
}

}  // namespace ambit::scope
