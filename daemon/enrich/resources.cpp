// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <sys/socket.h>

#include <variant>

namespace ambit::enrich {
namespace {

struct Visitor {
  const Catalog& catalog;

  Classification path(const std::string& text) const {
    return text.empty() ? Classification{} : catalog.classify(text);
  }

  Classification operator()(const OpenFacts& f) const { return path(f.path); }
  Classification operator()(const NameFacts& f) const {
    const auto first = path(f.path);
    return first.resource != ResourceClass::none ? first : path(f.path2);
  }
  Classification operator()(const CopyFacts& f) const { return path(f.path); }
  Classification operator()(const MountFacts& f) const { return path(f.path); }
  Classification operator()(const NetFacts& f) const {
    if (f.family == AF_UNIX) return path(f.unix_path);
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

Classification classify_event(const Catalog& catalog, const Event& event) {
  return std::visit(Visitor{catalog}, event.facts);
}

}  // namespace ambit::enrich
