// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace ambit::app {
namespace {

using collector::BlockKind;

template <class T>
Status read_all(const std::string& payload, T& value, std::string_view what) {
  util::ArchiveReader archive(payload);
  archive(value);
  if (!archive.is_at_end()) return Error{fmt::format("the {} of the recording make no sense", what)};
  return Ok{};
}

class Replay {
 public:
  Replay(const ReplaySets& sets, const ReplayHooks& hooks) : given_(sets), hooks_(hooks) {}

  Result<ReplayReport> run(collector::RecordingReader reader) {
    Status status = Ok{};
    while (auto block = reader.next()) {
      status = take(*block);
      if (!status.ok()) break;
    }
    report_.end = reader.end();
    // Checked by its sum and yet senseless: as good as damaged, where something could be judged before.
    if (!status.ok() && !is_begun_) return status.error();
    if (!status.ok())
      report_.end = {.is_whole = false, .reason = status.error().message, .offset = reader.offset(), .blocks = 0};
    if (!is_begun_) {
      return Error{fmt::format("nothing to replay: the recording ends at byte {} before its state: {}",
                               report_.end.offset, report_.end.reason)};
    }
    if (!given_.are_recorded()) {
      // Nothing comes after the recording, so nothing late is waited for; the daemon went on waiting.
      alerts_.clear();
      assessment_->settle(alerts_);
      tell_alerts();
    }
    report_.rules = assessment_->sets().rules;
    report_.open_windows = assessment_->alerter().stats().open_kinds;
    report_.last = assessment_->now();
    report_.last_wall = assessment_->wall();
    return std::move(report_);
  }

 private:
  Status take(const collector::RecordingReader::Block& block) {
    switch (block.kind) {
      case BlockKind::info:
        return take_info(block.payload);
      case BlockKind::sets:
        return take_sets(block.payload);
      case BlockKind::state:
        return take_state(block.payload);
      case BlockKind::events:
        return take_events(block.payload);
      case BlockKind::end:
        return take_end(block.payload);
    }
    return Ok{};
  }

  Status take_info(const std::string& payload) {
    auto& info = report_.info;
    // The layout stands first: what follows may have another form.
    util::ArchiveReader archive(payload);
    archive(info.layout);
    if (!archive.ok() || info.layout != layout_of_events())
      return Error{"recorded by another version of Ambit, which knows other events: replay it with that version"};
    has_info_ = true;
    return read_all(payload, info, "facts");
  }

  Status take_sets(const std::string& payload) {
    auto texts = std::make_shared<SetTexts>();
    if (auto status = read_all(payload, *texts, "rules and scopes"); !status.ok()) return status;
    auto recorded = compile(texts);
    if (!recorded.ok()) return recorded.error();
    if (given_.rules) texts->rules = *given_.rules;
    if (given_.scopes) texts->scopes = *given_.scopes;
    if (given_.matching) texts->options.matching = *given_.matching;
    if (given_.minimum_priority) texts->options.minimum_priority = *given_.minimum_priority;
    auto sets = given_.are_recorded() ? recorded : compile(texts);
    if (!sets.ok()) return sets.error();
    if (is_begun_) {
      assessment_->adopt(*sets);
      return Ok{};
    }
    recorded_ = std::move(recorded).value();
    sets_ = std::move(sets).value();
    return Ok{};
  }

  static Result<Sets> compile(const std::shared_ptr<const SetTexts>& texts) {
    auto loaded = compile_sets(texts, WallTime{});
    if (!loaded.ok()) return Error{util::to_string(loaded.diagnostics)};
    return std::move(loaded.sets);
  }

  Status take_state(const std::string& payload) {
    if (!has_info_ || !recorded_.rules || is_begun_) return Error{"the blocks of the recording are out of order"};
    Sets first = sets_;
    first.scopes = recorded_.scopes;  // the state's: positions in it mean these
    first.catalog = recorded_.catalog;
    assessment_.emplace(std::move(first), report_.info.options, [this] { assessment_->judge().drop_output(); });
    assessment_->judge().drop_output();
    if (auto status = assessment_->restore(payload); !status.ok()) {
      assessment_.reset();
      return status;
    }
    is_begun_ = true;
    if (!given_.are_recorded()) assessment_->alerter().forget_windows();
    if (given_.scopes) assessment_->adopt(sets_);
    return Ok{};
  }

  Status take_events(const std::string& payload) {
    if (!is_begun_) return Error{"the blocks of the recording are out of order"};
    util::ArchiveReader archive(payload);
    EventsHead head;
    archive(head);
    if (!archive.ok()) return Error{"a block of events makes no sense"};
    for (const auto& [kind, count] : head.left_out) report_.left_out[kind] += count;
    if (head.first > next_) {
      ++report_.gaps;
      report_.events_missing += head.first - next_;
    }
    next_ = head.first + head.count;
    for (auto left = head.count; left > 0; --left) {
      Event event;
      archive(event);
      if (!archive.ok()) return Error{"a block of events makes no sense"};
      judge(event);
    }
    return archive.is_at_end() ? Status(Ok{}) : Status(Error{"a block of events makes no sense"});
  }

  Status take_end(const std::string& payload) {
    RecordingEnd end;
    if (auto status = read_all(payload, end, "last words"); !status.ok()) return status;
    report_.end_reason = end.reason;
    if (end.events > next_) {
      ++report_.gaps;
      report_.events_missing += end.events - next_;
    }
    return Ok{};
  }

  void judge(const Event& event) {
    ++report_.events;
    alerts_.clear();
    const Assessed assessed = assessment_->assess(event, alerts_);
    assessment_->alert(assessed, alerts_);
    tell_alerts();
    if (hooks_.on_tick && event.kind == EventKind::tick) hooks_.on_tick(event.time);
  }

  void tell_alerts() {
    report_.alerts += alerts_.size();
    if (hooks_.on_alert) std::for_each(alerts_.begin(), alerts_.end(), hooks_.on_alert);
  }

  const ReplaySets& given_;
  const ReplayHooks& hooks_;
  ReplayReport report_;
  bool has_info_ = false, is_begun_ = false;
  Sets recorded_, sets_;
  std::optional<Assessment> assessment_;
  std::uint64_t next_ = 0;
  std::vector<AlertRef> alerts_;
};

}  // namespace

Result<ReplayReport> replay(std::istream& in, const ReplaySets& sets, const ReplayHooks& hooks) {
  auto reader = collector::RecordingReader::open(in);
  if (!reader.ok()) return reader.error();
  return Replay(sets, hooks).run(std::move(reader).value());
}

std::vector<UnjudgedRule> unjudged_rules(const ReplayReport& report) {
  std::vector<UnjudgedRule> out;
  const auto& blind = report.info.options.blind_signals;
  for (const auto& rule : report.rules->rules()) {
    if (!rule.is_enabled) continue;
    const auto left_out = std::find_if(report.left_out.begin(), report.left_out.end(), [&](const auto& entry) {
      return rule.kinds.test(static_cast<std::size_t>(entry.first));
    });
    if (left_out != report.left_out.end()) {
      out.push_back({rule.info, fmt::format("{} events of kind {} were left out by the filter", left_out->second,
                                            name_of(left_out->first))});
      continue;
    }
    const auto missing = std::find_if(rule.signals.begin(), rule.signals.end(), [&](const std::string& signal) {
      return std::find(blind.begin(), blind.end(), signal) != blind.end();
    });
    if (missing != rule.signals.end())
      out.push_back({rule.info, fmt::format("signal {} was blind when it was recorded", *missing)});
  }
  return out;
}

}  // namespace ambit::app
