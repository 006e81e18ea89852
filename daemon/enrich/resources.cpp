// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <sys/socket.h>

#include <variant>

namespace ambit::enrich {

struct Classifier::Visitor {
  Classifier& self;

  Classification operator()(const OpenFacts& f) const { return self.of_path(f.path); }
  Classification operator()(const NameFacts& f) const {
    const auto first = self.of_path(f.path);
    return first.resource != ResourceClass::none ? first : self.of_path(f.path2);
  }
  Classification operator()(const CopyFacts& f) const { return self.of_path(f.path); }
  Classification operator()(const MountFacts& f) const { return self.of_path(f.path); }
  Classification operator()(const NetFacts& f) const {
    if (f.family == AF_UNIX) return self.of_path(f.unix_path);
    if (f.family != AF_INET && f.family != AF_INET6) return {};
    return self.catalog_->classify(IpAddress{f.family, f.remote.address}, f.remote.port);
  }
  Classification operator()(const DnsFacts& f) const { return self.catalog_->classify_name(f.question); }
  template <class Other>
  Classification operator()(const Other& /*facts*/) const {
    return {};
  }
};

Classification Classifier::of(const Event& event) {
  return catalog_ ? std::visit(Visitor{*this}, event.facts) : Classification{};
}

Classification Classifier::of_path(std::string_view path) {
  if (path.empty()) return {};
  const auto* known = paths_.get(path, [this](std::string_view text) { return catalog_->classify(text); });
  return known != nullptr ? *known : catalog_->classify(path);
}

}  // namespace ambit::enrich
