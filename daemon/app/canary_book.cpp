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
  if (event.kind != EventKind::exec || (event.quality & AMBIT_Q_INVENTORY) != 0) return false;
  const auto& exec = std::get<ExecFacts>(event.facts);
  if (exec.argv.size() < 2 || exec.argv[1] != kCanaryCommand) return false;
  if (is_helper_of_former(exec)) return true;
  return self_executable_.known() && exec.parent.tgid == self_tgid_ && exec.exe.id == self_executable_;
}

bool CanaryBook::is_helper_of_former(const ExecFacts& exec) const {
  return former_ && exec.parent == former_->key && exec.exe.id == former_->executable;
}

void CanaryBook::take_folder(const ExecFacts& exec) {
  folder_ = exec.argv.size() >= 3 ? exec.argv[2] + std::string(kCanaryFolder) : "";
}

void CanaryBook::adopt_daemon(const Event& exec) {
  const auto* facts = std::get_if<ExecFacts>(&exec.facts);
  if (facts != nullptr && facts->exe.id.known() && exec.subject.start_ns != 0) former_ = {exec.subject, facts->exe.id};
}

void CanaryBook::adopt_helper(const Event& exec) {
  const auto* facts = std::get_if<ExecFacts>(&exec.facts);
  if (facts == nullptr) return;
  members_.insert(exec.subject);
  images_.insert(exec.image);
  // Its children have its arguments, unless they run another program.
  if (facts->argv.size() >= 3 && facts->argv[1] == kCanaryCommand) take_folder(*facts);
}

/// Whoever of them still lives goes on as a member until it ends, as its exit may be in the ring behind.
void CanaryBook::forget_former() {
  former_.reset();
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
  if (is_helper) take_folder(std::get<ExecFacts>(event.facts));
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
