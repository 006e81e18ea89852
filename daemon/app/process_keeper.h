// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ambit/judgement.h"
#include "kernel/known_store.h"
#include "scope/judge.h"

namespace ambit::app {

/// Writes down what the pipeline knows of running processes, so that a daemon after this one can judge what they do
/// while none lives. An entry goes when the record that ended its image is released from the ring, as until then acts
/// before that record may be judged again. Belongs to the pipeline thread.
class ProcessKeeper {
 public:
  /// What a process is to Ambit itself: AMBIT_KNOWN_DAEMON, AMBIT_KNOWN_CANARY, or 0.
  using PartOf = std::function<std::uint32_t(const ProcessKey&)>;

  /// `max_entries` 0: off.
  ProcessKeeper(kernel::KnownStore& store, std::size_t max_entries, PartOf part_of = {})
      : store_(store), max_entries_(max_entries), part_of_(std::move(part_of)) {}

  [[nodiscard]] bool is_enabled() const noexcept { return max_entries_ != 0; }
  /// [after it was judged] Any event.
  void note(const Enriched& enriched, const scope::Judge& judge);
  /// Once a second: what has changed without an event of the process's own, as a phase that ended.
  void refresh(const scope::Judge& judge);
  /// The ring is released up to here.
  void released(std::uint64_t position);
  /// What the run before wrote down, as the ring begins: of a process that has two images there, the one that its first
  /// record there is of; parents first. The others' entries go once the ring is released up to `until`.
  std::vector<kernel::KnownRow> take_over(std::uint64_t until);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::unordered_set<ProcessKey> keys() const;
  /// Processes that found the table full.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  struct Entry {
    ImageId image = 0;
    ProcessRef process;  ///< as written; null: by the run before
    scope::Standing standing;
  };
  struct Ended {
    std::uint64_t position = 0;
    ProcessKey key;
    ImageId image = 0;
  };
  void write(const ProcessRef& process, const scope::Judge& judge, std::uint64_t position);
  void end(const ProcessKey& key, std::uint64_t position);

  kernel::KnownStore& store_;
  std::size_t max_entries_;
  PartOf part_of_;
  std::unordered_map<ProcessKey, Entry> entries_;
  std::deque<Ended> ended_;     ///< by position
  std::uint64_t position_ = 0;  ///< of the last event that had one
  std::uint64_t refused_ = 0;
};

}  // namespace ambit::app
