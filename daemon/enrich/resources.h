// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ambit/event.h"
#include "enrich/catalog.h"
#include "util/text_slots.h"

namespace ambit::enrich {

/// What an event's object or peer is: the file it opens or renames (the first of both names that is anything), the
/// socket or address it speaks to, the name it asks for. Paths come again and again, so the last ones are remembered.
class Classifier {
 public:
  /// A null catalogue knows nothing.
  explicit Classifier(std::shared_ptr<const Catalog> catalog) : catalog_(std::move(catalog)) {}

  [[nodiscard]] const Catalog* catalog() const noexcept { return catalog_.get(); }
  /// Its id lives as long as the catalogue.
  Classification of(const Event& event);
  /// Names are asked for through this unix socket.
  [[nodiscard]] bool is_opaque_resolver(std::string_view unix_path, TextSlot slot);

 private:
  struct Visitor;
  Classification of_path(std::string_view path, TextSlot slot);

  std::shared_ptr<const Catalog> catalog_;
  util::SlotMemo<Classification> paths_;
  util::SlotMemo<bool> opaque_;
};

}  // namespace ambit::enrich
