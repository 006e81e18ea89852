// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <sys/socket.h>

#include <variant>

namespace ambit::enrich {

struct Classifier::Visitor {
  Classifier& self;
  const Event& event;

  Classification operator()(const OpenFacts& f) const { return self.of_path(f.path, event.object); }
  Classification operator()(const NameFacts& f) const {
    const auto first = self.of_path(f.path, event.object);
    return first.resource != ResourceClass::none ? first : self.of_path(f.path2, event.object2);
  }
  Classification operator()(const CopyFacts& f) const { return self.of_path(f.path, event.object); }
  Classification operator()(const MountFacts& f) const { return self.of_path(f.path, event.object); }
  Classification operator()(const NetFacts& f) const {
    if (f.family == AF_UNIX) return self.of_path(f.unix_path, event.object);
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
  return catalog_ ? std::visit(Visitor{*this, event}, event.facts) : Classification{};
}

bool Classifier::is_opaque_resolver(std::string_view unix_path, TextSlot slot) {
  if (!catalog_) return false;
  if (const auto* known = opaque_.find(slot)) return *known;
  const bool is_opaque = catalog_->is_opaque_resolver(unix_path);
  if (slot.is_known()) opaque_.keep(slot, is_opaque);
  return is_opaque;
}

Classification Classifier::of_path(std::string_view path, TextSlot slot) {
  if (path.empty()) return {};
  if (const auto* known = paths_.find(slot)) return *known;
  const auto found = catalog_->classify(path);
  if (slot.is_known()) paths_.keep(slot, found);
  return found;
}

}  // namespace ambit::enrich
