// SPDX-License-Identifier: Apache-2.0
#include "canary_book.h"

#include <algorithm>

#include "ambit/abi/record.h"
#include "canary_expected.h"
#include "canary_objects.h"

namespace ambit::app {
namespace {

/// The word after the program's name that starts the helper.
constexpr std::string_view kCanaryCommand = "canary";

}  // namespace

bool CanaryBook::is_canary_exec(const Enriched& enriched) const {
  const Event& event = *enriched.event;
  if (event.kind != EventKind::exec || (event.quality & AMBIT_Q_INVENTORY) != 0 || !self_executable_.known())
    return false;
  const auto& exec = std::get<ExecFacts>(event.facts);
  return exec.parent.tgid == self_tgid_ && exec.exe.id == self_executable_ && exec.argv.size() >= 2 &&
         exec.argv[1] == kCanaryCommand;
}

bool CanaryBook::observe(const Enriched& enriched) {
  const Event& event = *enriched.event;
  if (event.kind == EventKind::traffic && ended_.contains(event.subject)) {
    seen_["traffic"] = event.time;
    return true;
  }
  const bool is_helper = is_canary_exec(enriched);
  if (!is_helper && !members_.contains(event.subject)) return false;
  if (members_.empty()) ended_.clear();
  if (is_helper) {
    const auto& argv = std::get<ExecFacts>(event.facts).argv;
    folder_ = argv.size() >= 3 ? argv[2] + std::string(kCanaryFolder) : "";
  }
  members_.insert(event.subject);
  images_.insert(event.image);
  const bool is_expected = is_helper || is_expected_of_canary(event, {folder_, members_});
  if (event.kind == EventKind::fork) members_.insert(std::get<ForkFacts>(event.facts).child);
  for (const auto& signal : signals_proved_by(event)) seen_[signal] = event.time;
  if (event.kind == EventKind::exit) {
    members_.erase(event.subject);
    ended_.insert(event.subject);
    if (members_.empty()) images_.clear();
  }
  return is_expected;
}

}  // namespace ambit::app
