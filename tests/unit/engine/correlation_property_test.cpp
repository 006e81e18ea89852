// SPDX-License-Identifier: Apache-2.0
// Random histories, late arrivals included: the correlator says what the plain model says.
#include <gtest/gtest.h>

#include <random>

#include "correlation_model.h"
#include "correlation_rules.h"
#include "engine/correlator.h"
#include "sample_events.h"
#include "util/archive.h"

namespace ambit::engine {
namespace {

using namespace correlating;  // NOLINT(google-build-using-namespace): a test's own helpers
using namespace std::chrono_literals;
using model::ModelAlert;
using model::ModelCorrelation;
using model::ModelEvent;
using Random = std::mt19937_64;

constexpr auto kTolerance = 500ms;
constexpr std::uint32_t kRules = 3;

/// Rule n holds where bit n of the process id is set, so that one event can match several.
std::string rules_text() {
  std::string out;
  for (std::uint32_t n = 0; n < kRules; ++n) {
    std::string ids;
    for (std::uint32_t bits = 0; bits < 1U << kRules; ++bits) {
      if ((bits >> n & 1U) != 0) ids += fmt::format("{}{}", ids.empty() ? "" : ", ", 1000 + bits);
    }
    out += base(fmt::format("R{}", n), fmt::format("evt.type = traffic and user.uid in ({})", ids));
  }
  return out;
}

struct Case {
  ModelCorrelation model;
  std::string text;
};

Case random_case(Random& random) {
  static const std::vector<std::string> kTypes = {"event_count", "value_count", "value_sum", "temporal",
                                                  "temporal_ordered"};
  Case out;
  auto& c = out.model;
  c.type = kTypes[random() % kTypes.size()];
  c.timespan = std::chrono::milliseconds(200 + random() % 4000);
  c.rules = c.type.starts_with("temporal") ? 2 + random() % 2 : 1 + random() % kRules;
  std::string condition;
  std::string field = c.type == "value_count" ? "field: peer.port, "
                      : c.type == "value_sum" ? "field: peer.bytes_out, "
                                              : "";
  const auto unit = c.type == "value_sum" ? 100U : 1U;
  if (c.type == "temporal" && random() % 2 == 0) {
    c.low = 1 + random() % c.rules;
    condition = fmt::format(", condition: {{gte: {}}}", c.low);
  } else if (c.type.starts_with("temporal")) {
    c.low = c.rules;
  } else if (random() % 3 != 0) {
    c.low = unit * (1 + random() % 6);
    condition = random() % 2 == 0 ? fmt::format(", condition: {{{}gte: {}}}", field, c.low)
                                  : fmt::format(", condition: {{{}gt: {}}}", field, c.low - 1);
  } else {
    c.low = unit * (random() % 3);
    c.high = c.low + unit * (1 + random() % 3);
    condition = fmt::format(", condition: {{{}gte: {}, lt: {}}}", field, c.low, c.high + 1);
  }
  std::string rules;
  for (std::uint32_t n = 0; n < c.rules; ++n) rules += fmt::format("{}R{}", n == 0 ? "" : ", ", n);
  out.text =
      rules_text() + correlation("C", fmt::format("type: {}, rules: [{}], group-by: [proc.name], timespan: {}ms{}",
                                                  c.type, rules, c.timespan / 1ms, condition));
  return out;
}

struct Arrival {
  BootTime arrives{};
  ModelEvent event;
  std::uint32_t bits = 0;
};

/// Events over some seconds; most arrive as they happen, some late, a few too late.
std::vector<Arrival> random_history(Random& random, std::uint32_t rules) {
  std::vector<Arrival> out;
  BootTime now = 100s;
  const auto count = 20 + random() % 120;
  const auto pace = 1 + random() % 400;
  for (std::size_t i = 0; i < count; ++i) {
    now += std::chrono::milliseconds(random() % pace);
    Arrival one;
    one.event.time = now;
    const auto dice = random() % 10;
    one.arrives = now + (dice < 6   ? 0ms
                         : dice < 9 ? std::chrono::milliseconds(random() % 500)
                                    : std::chrono::milliseconds(random() % 1500));
    one.bits = static_cast<std::uint32_t>(random() % (1U << kRules));
    for (std::uint32_t n = 0; n < rules; ++n) {
      if ((one.bits >> n & 1U) != 0) one.event.refs.insert(n);
    }
    one.event.group = std::string(1, static_cast<char>('a' + random() % 3));
    one.event.value = std::to_string(1 + random() % 5);
    one.event.weight = random() % 300;
    out.push_back(std::move(one));
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.arrives < b.arrives; });
  return out;
}

sample::Sample event_of(const Arrival& arrival) {
  auto out = sample::net(EventKind::traffic, {},
                         sample::endpoint("192.0.2.7", static_cast<std::uint16_t>(std::stoi(arrival.event.value))));
  out.event->time = arrival.event.time;
  std::get<NetFacts>(out.event->facts).bytes_out = arrival.event.weight;
  auto process = std::make_shared<Process>();
  process->key = {100, 1};
  process->comm = arrival.event.group;
  process->euid = 1000 + arrival.bits;
  out.judged.enriched.process = process;
  return out;
}

struct Compared {
  std::vector<ModelAlert> compiled, naive;
  std::size_t too_late = 0;
};

Compared run(const Case& one, const std::vector<Arrival>& history) {
  const auto set = set_of(one.text);
  const CorrelationLimits limits{.tolerance = kTolerance};
  auto correlator = std::make_unique<Correlator>(set, limits);
  std::vector<CorrelationAlert> found;
  std::vector<ModelEvent> counted;
  Compared out;
  BootTime settled{};
  BootTime next_tick = 100s;
  std::size_t at = 0;
  for (const auto& arrival : history) {
    if (at++ == history.size() / 2) {  // from here on by another, which got what the first remembered
      std::string state;
      util::ArchiveWriter writer(state);
      correlator->save(writer);
      correlator = std::make_unique<Correlator>(set, limits);
      util::ArchiveReader reader(state);
      correlator->restore(reader);
      EXPECT_TRUE(reader.is_at_end());
    }
    for (; next_tick <= arrival.arrives; next_tick += 250ms) {
      correlator->advance(next_tick, found);
      settled = std::max(settled, next_tick - kTolerance);
    }
    const auto event = event_of(arrival);
    std::vector<Match> matches;
    set->evaluate(event, matches);
    correlator->observe(event, matches, found);
    if (arrival.event.refs.empty()) continue;
    if (arrival.event.time < settled) {
      ++out.too_late;
    } else {
      counted.push_back(arrival.event);
    }
  }
  correlator->advance(next_tick + 1h, found);
  std::stable_sort(counted.begin(), counted.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  model::Model model(one.model);
  for (const auto& event : counted) model.add(event);
  out.naive = model.finish();
  for (const auto& f : found)
    out.compiled.push_back({f.event->event().time, f.event->enriched.process->comm,
                            std::stoull(f.match.output.substr(f.match.output.rfind(' ') + 1))});
  EXPECT_EQ(correlator->stats().too_late, out.too_late);
  EXPECT_EQ(correlator->stats().evicted, 0U);
  EXPECT_EQ(correlator->stats().groups, 0U);
  EXPECT_EQ(correlator->stats().bytes, 0U);
  return out;
}

TEST(CorrelationProperty, RandomHistoriesAgreeWithTheModel) {
  Random random(20261127);  // NOLINT(cert-msc51-cpp): the same histories each time
  std::size_t alerts = 0;
  std::size_t silent = 0;
  std::size_t late = 0;
  for (int i = 0; i < 1500; ++i) {
    const auto one = random_case(random);
    const auto history = random_history(random, one.model.rules);
    const auto result = run(one, history);
    ASSERT_EQ(result.compiled, result.naive) << "history " << i << "\n" << one.text;
    alerts += result.naive.size();
    silent += result.naive.empty() ? 1 : 0;
    late += result.too_late;
  }
  EXPECT_GT(alerts, 5'000U);
  EXPECT_GT(silent, 50U);
  EXPECT_GT(late, 500U);
}

TEST(CorrelationProperty, TheOrderOfArrivalDoesNotMatterInsideTheTolerance) {
  Random random(7);  // NOLINT(cert-msc51-cpp): the same histories each time
  for (int i = 0; i < 150; ++i) {
    const auto one = random_case(random);
    auto history = random_history(random, one.model.rules);
    // Different times, so that their order is the only one.
    std::stable_sort(history.begin(), history.end(),
                     [](const auto& a, const auto& b) { return a.event.time < b.event.time; });
    for (std::size_t k = 0; k < history.size(); ++k) history[k].event.time += BootTime(static_cast<std::int64_t>(k));
    auto in_order = history;
    for (auto& arrival : in_order) arrival.arrives = arrival.event.time;
    for (auto& arrival : history) arrival.arrives = arrival.event.time + std::chrono::milliseconds(random() % 250);
    std::stable_sort(history.begin(), history.end(),
                     [](const auto& a, const auto& b) { return a.arrives < b.arrives; });
    ASSERT_EQ(run(one, history).compiled, run(one, in_order).compiled) << one.text;
  }
}

}  // namespace
}  // namespace ambit::engine
