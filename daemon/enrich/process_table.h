// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

#include "ambit/process.h"
#include "enrich/enricher.h"

namespace ambit::enrich {

/// The processes known, each as its latest snapshot. Bounded in entries and bytes: ended ones make room, running ones
/// never do, so that a flood of new processes cannot push a long-running server out; new ones are refused instead.
class ProcessTable {
 public:
  ProcessTable(const Limits& limits, Counters& counters) : limits_(&limits), counters_(&counters) {}

  [[nodiscard]] ProcessRef find(const ProcessKey& key) const;
  /// nullptr when unknown. Valid until the table changes.
  [[nodiscard]] const ProcessRef* look_at(const ProcessKey& key) const;
  [[nodiscard]] ProcessRef find_image(ImageId image) const;
  /// The process with this pid whose start lies in [cut_start, cut_start + one clock tick): /proc tells no better. A
  /// start of zero says that it was gone when /proc was asked: then the last one that had the pid.
  [[nodiscard]] ProcessRef find_by_tick(const ProcessKey& cut) const;

  /// Adds or replaces the entry of `process->key`. An older process with the same pid has ended.
  void put(const ProcessRef& process, BootTime now);
  void mark_exited(const ProcessKey& key, BootTime when);
  /// Drops what ended longer ago than the grace.
  void reap(BootTime now);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Of text and arguments.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// [after it was read from an archive] Nothing is there that put() would not have made.
  [[nodiscard]] bool is_sound() const noexcept;
  template <class Archive>
  friend void describe(Archive& archive, ProcessTable& v) {
    archive(v.entries_, v.latest_start_, v.images_, v.exited_, v.bytes_);
  }

 private:
  struct Entry {
    ProcessRef process;
    std::size_t bytes = 0;
    bool has_exited = false;

    template <class Archive>
    friend void describe(Archive& archive, Entry& v) {
      archive(v.process, v.bytes, v.has_exited);
    }
  };
  struct ImageUse {
    ProcessRef process;
    std::size_t entries = 0;

    template <class Archive>
    friend void describe(Archive& archive, ImageUse& v) {
      archive(v.process, v.entries);
    }
  };
  using Entries = std::unordered_map<ProcessKey, Entry>;

  bool make_room(std::size_t bytes);
  void erase(Entries::iterator it);
  void use_image(const ProcessRef& process);
  void drop_image(ImageId image);

  const Limits* limits_;
  Counters* counters_;
  Entries entries_;
  std::unordered_map<std::uint32_t, std::uint64_t> latest_start_;  ///< by tgid
  std::unordered_map<ImageId, ImageUse> images_;
  std::deque<std::pair<BootTime, ProcessKey>> exited_;
  std::size_t bytes_ = 0;
};

}  // namespace ambit::enrich
