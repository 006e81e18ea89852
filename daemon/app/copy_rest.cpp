// SPDX-License-Identifier: Apache-2.0
#include "copy_rest.h"

#include <utility>
#include <variant>

namespace ambit::app {

void CopyRest::note(const Event& event) {
  const auto* copy = std::get_if<CopyFacts>(&event.facts);
  if (copy == nullptr || max_ == 0) return;
  const Key key{event.image, copy->from.id, copy->to.id};
  if (const auto found = known_.find(key); found != known_.end()) {
    order_.splice(order_.end(), order_, found->second.place);
    found->second.event = event;
    return;
  }
  if (known_.size() >= max_) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(key);
  known_.emplace(key, Known{event, std::prev(order_.end())});
}

std::optional<Event> CopyRest::event_of(const ambit_copy_row& row, BootTime now) const {
  const auto found =
      known_.find({row.key.image_id, {row.key.from_dev, row.key.from_ino}, {row.key.to_dev, row.key.to_ino}});
  if (found == known_.end()) return std::nullopt;
  Event event = found->second.event;
  event.time = now;
  event.position = 0;  // not in the ring
  event.cpu_seq = 0;
  auto& copy = std::get<CopyFacts>(event.facts);
  copy.bytes = row.bytes;
  copy.repeats = row.repeats - 1;  // one of them is this one
  return event;
}

}  // namespace ambit::app
