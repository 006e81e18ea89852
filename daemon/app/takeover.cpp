// SPDX-License-Identifier: Apache-2.0
// The way from where an earlier run stopped to now. First the state as that run wrote it down, then what the ring holds
// since, in its own time, then the state of now (inventory) and what came meanwhile. An act is judged by what held when
// it was done, not by what holds when it is read.
#include <thread>
#include <utility>

#include "ambit/abi/record.h"
#include "known_process.h"
#include "pipeline.h"

namespace ambit::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 250ms;  ///< as while running
/// How long the ring may wait for declared paths to be looked up: without them links and inodes are not known.
constexpr auto kPause = 5ms;
constexpr int kPauses = 200;
constexpr std::size_t kMaxHeld = 8192;

Event tick_at(BootTime time, WallTime wall) {
  Event tick;
  tick.kind = EventKind::tick;
  tick.hook = AMBIT_HOOK_USER;
  tick.time = time;
  tick.facts = TickFacts{wall};
  return tick;
}

}  // namespace

void Pipeline::take_over(const std::stop_token& stop) {
  catching_ = Catching::remembering;
  const auto on_event = [this](Event&& event) { handle_own(std::move(event)); };
  collector_.drain_injected(on_event);
  for (auto& event : former_->cgroups) {
    event.time = now();
    handle(event);
  }
  for (const auto& row : known_.take_over(former_->until)) {
    auto process = known_process(row);
    if (!process) continue;
    if (process->cgroup) handle(*process->cgroup);
    handle(process->exec);
    if (process->is_daemon) assessment_.canaries().adopt_daemon(process->exec);
    if (process->is_canary) assessment_.canaries().adopt_helper(process->exec);
    assessment_.judge().restore(process->exec.subject, process->standing);
    ghosts_.emplace(process->exec.subject, process->exec.image);
  }
  catching_ = Catching::behind;
  tell_kernel();
  for (int i = 0; i < kPauses && assessment_.judge().awaits_objects() && !stop.stop_requested(); ++i) {
    std::this_thread::sleep_for(kPause);
    collector_.drain_injected(on_event);
  }
}

/// Events that the daemon makes. What belongs to now waits while the past is judged.
void Pipeline::handle_own(Event&& event) {
  mark_own_files(event);
  if (is_at_present()) {
    handle(event);
    return;
  }
  switch (event.kind) {
    case EventKind::tick:
      if (now() == BootTime{}) {
        handle(tick_at(former_->end, std::get<TickFacts>(event.facts).wall - (event.time - former_->end)));
      }
      heartbeat_.store(event.time.count(), std::memory_order_relaxed);
      sensor_.beat(static_cast<std::uint64_t>(event.time.count()));
      return;
    case EventKind::objects:
    case EventKind::users:
    case EventKind::reload:
      event.time = now();  // it is what the past is judged by, too
      handle(event);
      return;
    default:
      if (held_.size() < kMaxHeld) {
        held_.push_back(std::move(event));
      } else {
        ++held_dropped_;
      }
  }
}

/// The clock of the past runs by its records: phases end and windows close in their own time.
void Pipeline::keep_time(const Event& event) {
  if (event.time - now() >= kTick) handle(tick_at(event.time, assessment_.wall_of(event.time)));
}

void Pipeline::end_catching_up() {
  if (catching_ == Catching::behind) {
    if (sensor_.ring().read_position() < former_->until) return;
    catching_ = Catching::merging;
    known_before_ = known_.keys();
    collector_.hold_inventory(false);
    return;
  }
  if (!collector_.is_inventory_through()) return;
  catching_ = Catching::no;
  drop_ghosts();
  assessment_.canaries().forget_former();
  for (auto& event : std::exchange(held_, {})) handle(event);
  former_.reset();
  known_before_.clear();
  is_catching_up_.store(false, std::memory_order_release);
}

/// What a process was and held when the run before ended was judged by that run, and what it did since by its records:
/// to find it once more is no news.
bool Pipeline::is_told_before(const Event& event) const {
  if ((event.quality & AMBIT_Q_INVENTORY) == 0) return false;
  return catching_ == Catching::remembering ||
         (catching_ == Catching::merging && known_before_.contains(event.subject));
}

/// Their end was lost with the records that did not fit into the ring.
void Pipeline::drop_ghosts() {
  for (const auto& [key, image] : std::exchange(ghosts_, {})) {
    Event end;
    end.kind = EventKind::exit;
    end.hook = AMBIT_HOOK_USER;
    end.quality = AMBIT_Q_INVENTORY;
    end.time = now();
    end.subject = key;
    end.image = image;
    end.facts = ExitFacts{};
    handle(end);
  }
}

}  // namespace ambit::app
