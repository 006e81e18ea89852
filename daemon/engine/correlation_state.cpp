// SPDX-License-Identifier: Apache-2.0
// What a correlator remembers, as bytes and back. Correlations are named by what they mean, so that state finds its
// place in a set that was compiled anew.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "correlator_impl.h"
#include "util/archive_vocabulary.h"

namespace ambit::engine {
namespace {

template <std::size_t Index = 0>
void make_alternative(std::size_t index, Window& window) {
  if constexpr (Index < std::variant_size_v<Window>) {
    if (index == Index) {
      window.emplace<Index>();
    } else {
      make_alternative<Index + 1>(index, window);
    }
  }
}

struct SavedGroup {
  std::string key;
  BootTime begun{}, last{};
  Window window;
  OccasionRef last_event;

  template <class Archive>
  friend void describe(Archive& archive, SavedGroup& g) {
    auto alternative = g.window.index();
    archive(g.key, g.begun, g.last, alternative);
    if constexpr (Archive::kReads) {
      if (alternative >= std::variant_size_v<Window>) return archive.fail();
      make_alternative(alternative, g.window);
    }
    std::visit([&](auto& kept) { archive(kept); }, g.window);
    archive(g.last_event);
  }
};

struct SavedTable {
  std::string fingerprint;
  std::vector<SavedGroup> groups;

  template <class Archive>
  friend void describe(Archive& archive, SavedTable& t) {
    archive(t.fingerprint, t.groups);
  }
};

struct SavedWaiting {
  OccasionRef occasion;
  std::vector<std::pair<std::string, std::uint32_t>> feeds;  ///< fingerprint, ref

  template <class Archive>
  friend void describe(Archive& archive, SavedWaiting& w) {
    archive(w.occasion, w.feeds);
  }
};

bool is_sound(const Correlation& c, const SavedGroup& group) {
  const bool has_place = !group.key.empty() || c.refs.front().keys.empty();
  return has_place && is_sound_time(group.begun) && is_sound_time(group.last) && group.begun <= group.last &&
         group.window.index() == make_window(c).index() && (group.last_event != nullptr) == c.is_decided_late() &&
         std::visit([&](const auto& window) { return window.is_sound(c); }, group.window);
}

/// False where the bytes make no sense. Groups come oldest first.
bool fill(const Correlation& c, std::vector<SavedGroup>&& groups, GroupTable& table) {
  BootTime before{};
  for (auto& saved : groups) {
    const auto rank = c.is_decided_late() ? saved.begun : saved.last;
    if (!is_sound(c, saved) || rank < before || table.find(saved.key) != nullptr) return false;
    before = rank;
    Group& group = table.add(saved.key, saved.begun, std::move(saved.window));
    group.last = saved.last;
    group.last_event = std::move(saved.last_event);
    table.measure(group);
  }
  return true;
}

}  // namespace

template <class Archive>
void describe(Archive& archive, Occasion& o) {
  archive(o.event, o.judged.enriched, o.judged.judgement, o.sighting);
  if constexpr (Archive::kReads) {
    o.judged.enriched.event = &o.event;
    if (o.sighting == nullptr || !is_sound_time(o.event.time) || !is_sound_time(o.sighting->time)) archive.fail();
  }
}

void Correlator::save(util::ArchiveWriter& archive) const {
  const auto& plan = impl_->plan();
  archive(impl_->settled, impl_->too_late, impl_->hurried);
  std::vector<SavedWaiting> waiting;
  for (const auto& each : impl_->waiting) {
    SavedWaiting saved{each.occasion, {}};
    for (const auto& feed : each.feeds) saved.feeds.emplace_back(plan.all[feed.correlation].fingerprint, feed.ref);
    waiting.push_back(std::move(saved));
  }
  std::vector<SavedTable> tables;
  for (std::size_t i = 0; i < plan.all.size(); ++i) {
    SavedTable saved{plan.all[i].fingerprint, {}};
    auto& table = impl_->machine->table(i);
    for (const Group* group = table.oldest(); group != nullptr; group = table.after(*group))
      saved.groups.push_back({group->key, group->begun, group->last, group->window, group->last_event});
    tables.push_back(std::move(saved));
  }
  archive(waiting, tables);
}

void Correlator::restore(util::ArchiveReader& archive) {
  const auto& plan = impl_->plan();
  for (std::size_t i = 0; i < plan.all.size(); ++i) impl_->machine->table(i).clear();
  impl_->waiting.clear();
  impl_->hits.clear();

  std::vector<SavedWaiting> waiting;
  std::vector<SavedTable> tables;
  archive(impl_->settled, impl_->too_late, impl_->hurried, waiting, tables);
  bool is_good = archive.ok() && is_sound_time(impl_->settled);
  BootTime before = impl_->settled;
  for (std::size_t n = 0; n < waiting.size() && is_good; ++n) {
    auto& saved = waiting[n];
    is_good = saved.occasion != nullptr && saved.occasion->event.time >= before;
    if (!is_good) break;
    before = saved.occasion->event.time;
    std::vector<CorrelationPlan::Feed> feeds;
    for (const auto& [fingerprint, ref] : saved.feeds) {
      const auto heir = plan.heir_of(fingerprint);
      if (!heir) continue;
      is_good = is_good && ref < plan.all[*heir].refs.size();
      feeds.push_back({*heir, ref});
    }
    impl_->waiting.push_back({std::move(saved.occasion), std::move(feeds)});
  }
  for (std::size_t n = 0; n < tables.size() && is_good; ++n) {
    const auto heir = plan.heir_of(tables[n].fingerprint);
    if (!heir) continue;
    is_good = fill(plan.all[*heir], std::move(tables[n].groups), impl_->machine->table(*heir));
  }
  if (is_good) return;
  archive.fail();
  for (std::size_t i = 0; i < plan.all.size(); ++i) impl_->machine->table(i).clear();
  impl_->waiting.clear();
  impl_->settled = {};
}

}  // namespace ambit::engine
