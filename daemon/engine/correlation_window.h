// SPDX-License-Identifier: Apache-2.0
// What one group of a correlation remembers of its events. They are added in the order of their times. What was
// restored from bytes is to be used only where is_sound() says so.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "correlation.h"
#include "sighting.h"

namespace ambit::engine {

/// An event as a window takes it.
struct Occurrence {
  BootTime time{};
  std::uint32_t ref = 0;     ///< which of the correlation's rules it matched
  std::uint64_t weight = 1;  ///< value_sum: the value
  std::string_view value;    ///< value_count: the value, as bytes
  const SightingRef& sighting;
};

/// An event that was part of what was found.
struct TrailMark {
  std::uint32_t ref = 0;
  SightingRef sighting;
  template <class Archive>
  friend void describe(Archive& archive, TrailMark& m) {
    archive(m.ref, m.sighting);
  }
};

/// What a window found.
struct Found {
  std::uint64_t count = 0;  ///< events; of value_count: one of each value
  std::uint64_t value = 0;  ///< what the condition looks at: events, different values, a sum, or rules
  std::vector<TrailMark> trail;
};

/// The latest events of a window.
class LatestMarks {
 public:
  static constexpr std::size_t kMost = 8;

  void add(std::uint32_t ref, const SightingRef& sighting);
  /// Those since `from`, oldest first.
  [[nodiscard]] std::vector<TrailMark> since(BootTime from) const;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool is_sound(const Correlation& c) const;

  template <class Archive>
  friend void describe(Archive& archive, LatestMarks& m) {
    archive(m.marks_, m.bytes_);
  }

 private:
  std::vector<TrailMark> marks_;  ///< oldest first
  std::size_t bytes_ = 0;
};

/// event_count and value_sum: numbers at times. A sliding window remembers at most kMost of them; past that, neighbours
/// are added up at the later one's time, so that what is counted can only be too much, by the distance of neighbours.
class SumWindow {
 public:
  static constexpr std::size_t kMost = 1024;

  /// True when the condition holds now.
  bool add(const Correlation& c, const Occurrence& o);
  [[nodiscard]] Found found(BootTime from) const;
  [[nodiscard]] bool is_sound(const Correlation& c) const;
  [[nodiscard]] std::size_t bytes() const noexcept { return entries_.size() * sizeof(Entry) + marks_.bytes(); }

  template <class Archive>
  friend void describe(Archive& archive, SumWindow& w) {
    archive(w.entries_, w.begin_, w.sum_, w.count_, w.marks_);
  }

 private:
  struct Entry {
    BootTime time{};
    std::uint64_t weight = 0, count = 0;
    template <class Archive>
    friend void describe(Archive& archive, Entry& e) {
      archive(e.time, e.weight, e.count);
    }
  };
  void slide(BootTime from);
  void merge();

  static constexpr std::uint64_t kMaxSum = 1ULL << 62;
  std::vector<Entry> entries_;  ///< in the order of their times; none where the window does not slide
  std::uint32_t begin_ = 0;     ///< before it: left the window
  std::uint64_t sum_ = 0, count_ = 0;
  LatestMarks marks_;
};

/// value_count: which values, and when last.
class ValueWindow {
 public:
  bool add(const Correlation& c, const Occurrence& o);
  [[nodiscard]] Found found(BootTime from) const;
  [[nodiscard]] bool is_sound(const Correlation& c) const;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + marks_.bytes(); }

  template <class Archive>
  friend void describe(Archive& archive, ValueWindow& w) {
    archive(w.values_, w.bytes_, w.marks_);
  }

 private:
  struct Seen {
    BootTime time{};
    std::string value;
    template <class Archive>
    friend void describe(Archive& archive, Seen& s) {
      archive(s.time, s.value);
    }
  };
  std::vector<Seen> values_;  ///< in the order of their times; at most one more than the condition asks for
  std::size_t bytes_ = 0;
  LatestMarks marks_;
};

/// temporal: when each of the rules matched last.
class RulesWindow {
 public:
  bool add(const Correlation& c, const Occurrence& o);
  [[nodiscard]] Found found(BootTime from) const;
  [[nodiscard]] bool is_sound(const Correlation& c) const;
  [[nodiscard]] std::size_t bytes() const noexcept;

  template <class Archive>
  friend void describe(Archive& archive, RulesWindow& w) {
    archive(w.last_);
  }

 private:
  std::vector<SightingRef> last_;  ///< by ref; null = not yet
};

/// temporal_ordered: for each length, the sequence of that length which began last.
class OrderWindow {
 public:
  bool add(const Correlation& c, const Occurrence& o);
  /// It would be one step of a sequence that has begun.
  [[nodiscard]] bool takes(const Correlation& c, std::uint32_t ref, BootTime time) const noexcept;
  [[nodiscard]] Found found(BootTime from) const;
  [[nodiscard]] bool is_sound(const Correlation& c) const;
  [[nodiscard]] std::size_t bytes() const noexcept;

  template <class Archive>
  friend void describe(Archive& archive, OrderWindow& w) {
    archive(w.sequences_);
  }

 private:
  using Sequence = std::vector<SightingRef>;
  std::vector<Sequence> sequences_;  ///< by ref: has matched up to that rule; empty = none
};

using Window = std::variant<SumWindow, ValueWindow, RulesWindow, OrderWindow>;
/// An empty one of the kind that the correlation needs.
Window make_window(const Correlation& c);

}  // namespace ambit::engine
