// SPDX-License-Identifier: Apache-2.0
#include "alert/alerter.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "instances.h"
#include "object_key.h"
#include "util/archive_vocabulary.h"
#include "util/digest.h"

namespace ambit::alert {
namespace {

std::string_view workload_name(const WorkloadRef& workload) {
  return workload ? std::string_view(workload->name) : std::string_view();
}

/// Of a correlation the group says what is of one kind, not the event that happened to complete it.
std::string kind_key(const JudgedEvent& judged, const Match& match, const std::string& object) {
  std::string key = match.rule->id;
  const auto add = [&key](std::string_view part) {
    key += '\0';
    key += part;
  };
  if (match.trail) {
    add(match.group);
    return key;
  }
  add(workload_name(judged.judgement.workload));
  add(judged.enriched.process ? std::string_view(judged.enriched.process->exe) : std::string_view());
  add(name_of(judged.judgement.verdict.outcome));
  add(object);
  return key;
}

}  // namespace

struct Alerter::Impl {
  struct Window {
    std::string key;
    AlertRef first;
    BootTime last{};
    std::uint64_t count = 1;
    Instances instances;
    bool is_changed = false;  // since the last checkpoint

    template <class Archive>
    friend void describe(Archive& archive, Window& v) {
      archive(v.key, v.first, v.last, v.count, v.instances, v.is_changed);
    }
  };
  using Windows = std::list<Window>;  // oldest first: all are of one length

  explicit Impl(Options given) : options(std::move(given)) {}

  [[nodiscard]] WallTime wall_of(BootTime time) const { return time + wall_minus_boot; }

  /// A loss has no subject: two images that lost records in the same second are told apart by this.
  [[nodiscard]] static ImageId loss_image(const Event& event) {
    const auto* const loss = std::get_if<LossFacts>(&event.facts);
    return loss != nullptr ? loss->image : 0;
  }

  std::string make_id(const Event& event, const std::string& object, const Match& match) const {
    std::string seed;
    if (event.position != 0) {
      seed = fmt::format("{}|{}|{}|{}", options.boot_id, options.ring_generation, event.position, match.rule->id);
    } else {
      // Made by the daemon: no place in the ring, so what it says stands for it.
      seed = fmt::format("{}|{}|{}|{}|{}:{}|{}|{}|{}", options.boot_id, options.ring_generation, event.time.count(),
                         name_of(event.kind), event.subject.tgid, event.subject.start_ns, loss_image(event), object,
                         match.rule->id);
    }
    // One event can complete a correlation for several groups.
    if (match.trail) seed += "|" + match.group;
    return util::make_ulid(event.time + options.id_clock.value_or(std::chrono::nanoseconds(0)), seed);
  }

  void raise(const JudgedEvent& judged, const Match& match, const AlertContext& context, const AlertObject& object,
             const std::string& object_text, std::string key, std::vector<AlertRef>& out) {
    const Event& event = judged.event();
    auto alert = std::make_shared<Alert>();
    alert->id = make_id(event, object_text, match);
    alert->rule = match.rule;
    alert->message = match.output;
    alert->event = event.kind;
    alert->time = event.time;
    alert->wall_first = alert->wall_last = wall_of(event.time);
    alert->workload = judged.judgement.workload;
    alert->is_member = judged.judgement.is_member;
    alert->is_entered = judged.judgement.is_entered;
    alert->verdict = judged.judgement.verdict;
    alert->process = judged.enriched.process;
    alert->object = object;
    alert->quality = event.quality;
    alert->hook = event.hook;
    alert->trail = match.trail;
    alert->context = context;

    if (windows.size() >= options.max_kinds && !windows.empty()) {
      close(windows.begin(), out);
      ++stats.evicted;
    }
    Window& window = windows.emplace_back();
    window.key = std::move(key);
    window.last = event.time;
    window.instances.add(event.subject, event.time);
    alert->instances = window.instances.listed();
    window.first = std::move(alert);
    by_key.emplace(window.key, std::prev(windows.end()));
    out.push_back(window.first);
    ++stats.raised;
  }

  void fold(Window& window, const Event& event) {
    ++window.count;
    window.last = std::max(window.last, event.time);
    window.instances.add(event.subject, event.time);
    window.is_changed = true;
    ++stats.folded;
  }

  [[nodiscard]] AlertRef closing_revision(const Window& window) const {
    auto alert = std::make_shared<Alert>(*window.first);
    alert->revision = 1;
    alert->window_closed = true;
    alert->count = window.count;
    alert->wall_last = alert->wall_first + (window.last - alert->time);
    alert->instances = window.instances.listed();
    alert->instances_more = window.instances.more();
    return alert;
  }

  // Nothing new since the first: no revision.
  void close(Windows::iterator window, std::vector<AlertRef>& out) {
    if (window->count > 1) out.push_back(closing_revision(*window));
    by_key.erase(window->key);
    windows.erase(window);
  }

  void close_until(BootTime now, std::vector<AlertRef>& out) {
    while (!windows.empty() && now - windows.front().first->time >= options.window) close(windows.begin(), out);
  }

  Options options;
  std::chrono::nanoseconds wall_minus_boot{0};
  Windows windows;
  std::unordered_map<std::string_view, Windows::iterator> by_key;  // views of Window::key
  Stats stats;
};

Alerter::Alerter(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Alerter::~Alerter() = default;

void Alerter::consider(const JudgedEvent& event, std::span<const Match> matches, const AlertContext& context,
                       std::vector<AlertRef>& out) {
  if (matches.empty()) return;
  const AlertObject object = object_of(event);
  const std::string object_text = object_key(event.event().kind, object);
  for (const Match& match : matches) {
    std::string key = kind_key(event, match, object_text);
    const auto open = impl_->by_key.find(key);
    if (open != impl_->by_key.end()) {
      if (event.event().time - open->second->first->time < impl_->options.window) {
        impl_->fold(*open->second, event.event());
        continue;
      }
      impl_->close(open->second, out);
    }
    impl_->raise(event, match, context, object, object_text, std::move(key), out);
  }
}

void Alerter::tick(BootTime now, WallTime wall, std::vector<AlertRef>& out) {
  impl_->wall_minus_boot = wall - now;
  if (!impl_->options.id_clock) impl_->options.id_clock = impl_->wall_minus_boot;
  impl_->close_until(now, out);
}

void Alerter::checkpoint(std::vector<AlertRef>& out) {
  for (Impl::Window& window : impl_->windows) {
    if (!std::exchange(window.is_changed, false)) continue;
    out.push_back(impl_->closing_revision(window));
  }
}

void Alerter::flush(std::vector<AlertRef>& out) {
  while (!impl_->windows.empty()) impl_->close(impl_->windows.begin(), out);
}

void Alerter::save(util::ArchiveWriter& archive) const {
  archive(impl_->options.id_clock, impl_->wall_minus_boot, impl_->windows);
}

void Alerter::restore(util::ArchiveReader& archive) {
  Impl::Windows windows;
  archive(impl_->options.id_clock, impl_->wall_minus_boot, windows);
  impl_->windows = std::move(windows);
  for (auto at = impl_->windows.begin(); at != impl_->windows.end() && archive.ok(); ++at) {
    const bool is_new = impl_->by_key.emplace(at->key, at).second;
    if (!is_new || !at->first || !at->first->rule) archive.fail();
  }
}

void Alerter::forget_windows() {
  impl_->by_key.clear();
  impl_->windows.clear();
}

Stats Alerter::stats() const noexcept {
  Stats stats = impl_->stats;
  stats.open_kinds = impl_->windows.size();
  stats.max_kinds = impl_->options.max_kinds;
  return stats;
}

}  // namespace ambit::alert
