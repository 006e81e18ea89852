// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ambit/event.h"
#include "enrich/catalog.h"
#include "util/memo.h"

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

 private:
  struct Visitor;
  Classification of_path(std::string_view path);

  std::shared_ptr<const Catalog> catalog_;
  util::TextMemo<Classification> paths_{4096};
};

}  // namespace ambit::enrich
