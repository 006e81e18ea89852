// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ambit/judgement.h"
#include "ambit/result.h"
#include "enrich/ip.h"
#include "util/diagnostics.h"

namespace ambit::enrich {

/// What an object is. `id` names the catalogue entry ("hf-token"); it lives as long as the catalogue.
struct Classification {
  ResourceClass resource = ResourceClass::none;
  std::string_view id;
};

/// Known locations of model artefacts, secrets, endpoints and devices (rules/catalog/*.yaml). Immutable once loaded.
/// Where several entries match a path, the class that matters more wins (process_memory, secret, runtime_socket,
/// device, weights, ... cache, log), then the entry that was written first.
class Catalog {
 public:
  /// Strict: an error names every fault with file and line. `diagnostics`, where given, gets them one by one, warnings
  /// too.
  static Result<std::shared_ptr<const Catalog>> load(std::span<const util::Document> documents,
                                                     std::vector<util::Diagnostic>* diagnostics = nullptr);

  /// `path`: absolute, as the process sees it, or a unix socket's path. Cost: a few hash look-ups per component.
  [[nodiscard]] Classification classify(std::string_view path) const;
  /// `port`: host order; entries may name one.
  [[nodiscard]] Classification classify(const IpAddress& address, std::uint16_t port) const;
  /// `name`: a DNS name, lower case.
  [[nodiscard]] Classification classify_name(std::string_view name) const;
  /// True for sockets and addresses that resolve names out of sight (DNS over TLS or HTTPS, nscd, resolved's own
  /// protocol).
  [[nodiscard]] bool is_opaque_resolver(std::string_view unix_path) const;
  [[nodiscard]] bool is_opaque_resolver(const IpAddress& address, std::uint16_t port) const;

  [[nodiscard]] std::size_t entries() const noexcept;

  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

 private:
  class Impl;
  explicit Catalog(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace ambit::enrich
