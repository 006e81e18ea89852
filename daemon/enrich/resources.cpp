// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <sys/socket.h>

#include <variant>

namespace ambit::enrich {
namespace {

/// `of_path(text)`: what a path is.
template <class OfPath>
struct Visitor {
  const Catalog& catalog;
  const OfPath& of_path;

  Classification operator()(const OpenFacts& f) const { return of_path(f.path); }
  Classification operator()(const NameFacts& f) const {
    const auto first = of_path(f.path);
    return first.resource != ResourceClass::none ? first : of_path(f.path2);
  }
  Classification operator()(const CopyFacts& f) const { return of_path(f.path); }
  Classification operator()(const MountFacts& f) const { return of_path(f.path); }
  Classification operator()(const NetFacts& f) const {
    if (f.family == AF_UNIX) return of_path(f.unix_path);
    if (f.family != AF_INET && f.family != AF_INET6) return {};
    return catalog.classify(IpAddress{f.family, f.remote.address}, f.remote.port);
  }
  Classification operator()(const DnsFacts& f) const { return catalog.classify_name(f.question); }
  template <class Other>
  Classification operator()(const Other& /*facts*/) const {
    return {};
  }
};

}  // namespace

Classification Classifier::of(const Event& event) {
  if (!catalog_) return {};
  const auto of_path = [this](std::string_view path) { return this->of_path(path); };
  return std::visit(Visitor<decltype(of_path)>{*catalog_, of_path}, event.facts);
}

Classification Classifier::of_path(std::string_view path) {
  if (path.empty()) return {};
  const auto* known = paths_.get(path, [this](std::string_view text) { return catalog_->classify(text); });
  return known != nullptr ? *known : catalog_->classify(path);
}

}  // namespace ambit::enrich
