// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <tuple>

#include "ambit/abi/copies.h"
#include "ambit/event.h"

namespace ambit::app {

/// What the last parts of a copy are to be told with: the kernel half counts them by process image and the two files
/// alone (Sensor::take_copies), names and peers were in the record before. Belongs to the pipeline thread.
class CopyRest {
 public:
  /// As many copies are remembered as the kernel half has room for; the oldest go first.
  explicit CopyRest(std::size_t max_copies) : max_(max_copies) {}

  /// Takes note of a `copy` event; others are left alone.
  void note(const Event& event);
  /// The event that tells the rest; none where nothing is remembered of this copy (it was told to a daemon before).
  [[nodiscard]] std::optional<Event> event_of(const ambit_copy_row& row, BootTime now) const;

 private:
  using Key = std::tuple<ImageId, FileId, FileId>;
  struct Known {
    Event event;
    std::list<Key>::iterator place;
  };

  std::size_t max_;
  std::map<Key, Known> known_;
  std::list<Key> order_;  ///< the longest known first
};

}  // namespace ambit::app
