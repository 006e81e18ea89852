// SPDX-License-Identifier: Apache-2.0
// What the blocks of a recording hold (collector/recording.h has the file itself).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "assessment.h"
#include "util/archive_vocabulary.h"

namespace ambit::app {

/// BlockKind::info.
struct RecordingInfo {
  std::string layout;  ///< layout_of_events() of the program that wrote it
  std::string version, host, kernel;
  std::string filter;  ///< condition; empty = every event is kept
  BootTime begun{};
  WallTime begun_wall{};
  AssessmentOptions options;
};
template <class Archive>
void describe(Archive& archive, RecordingInfo& v) {
  archive(v.layout, v.version, v.host, v.kernel, v.filter, v.begun, v.begun_wall, v.options);
}

/// Names the kinds of events in their order, and the ABI: recordings hold numbers of both.
std::string layout_of_events();

/// Events of one kind that the filter left out.
using LeftOut = std::vector<std::pair<EventKind, std::uint64_t>>;

/// What stands before the events of a block (BlockKind::events), which follow without anything between them.
struct EventsHead {
  std::uint64_t first = 0;  ///< place of the first event in the recording; a jump is a gap of events that were lost
  std::uint64_t count = 0;
  LeftOut left_out;  ///< since the block before
};
template <class Archive>
void describe(Archive& archive, EventsHead& v) {
  archive(v.first, v.count, v.left_out);
}

/// BlockKind::end.
struct RecordingEnd {
  std::string reason;
  std::uint64_t events = 0;   ///< that should be in the file
  std::uint64_t dropped = 0;  ///< of these, not in it: the reader of the stream was too slow
};
template <class Archive>
void describe(Archive& archive, RecordingEnd& v) {
  archive(v.reason, v.events, v.dropped);
}

}  // namespace ambit::app
