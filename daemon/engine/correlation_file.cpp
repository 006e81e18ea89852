// SPDX-License-Identifier: Apache-2.0
#include "correlation_file.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace ambit::engine {
namespace {

using Node = YAML::Node;

constexpr std::array<std::string_view, 5> kTypes = {"event_count", "value_count", "value_sum", "temporal",
                                                    "temporal_ordered"};
/// Sigma's types that need all values of a window at once.
constexpr std::array<std::string_view, 3> kRefusedTypes = {"value_avg", "value_median", "value_percentile"};
constexpr auto kMinTimespan = std::chrono::milliseconds(100);
constexpr auto kMaxTimespan = std::chrono::hours(24 * 30);
constexpr std::size_t kMaxRules = 16, kMaxGroupBy = 8;
constexpr std::uint64_t kMaxValues = 1024;

class Reader {
 public:
  Reader(util::YamlReader& yaml, const util::Document& document, std::string what)
      : yaml_(yaml), document_(document), what_(std::move(what)) {}

  std::optional<CorrelationDef> run(const Node& node) {
    if (node.IsMap() && node["generate"]) {
      fail(node["generate"], "'generate' stands at the rules that only feed correlations, not here");
      return std::nullopt;
    }
    if (!yaml_.expect_map(node, what_, {"type", "rules", "group-by", "timespan", "condition", "aliases"}))
      return std::nullopt;
    read_type(node);
    read_names(node, "rules", kMaxRules, out_.rules);
    if (node["group-by"]) read_names(node, "group-by", kMaxGroupBy, out_.group_by);
    if (const auto aliases = node["aliases"]) read_aliases(aliases);
    read_timespan(node);
    if (is_good_) read_condition(node);
    if (!is_good_) return std::nullopt;
    return std::move(out_);
  }

 private:
  void fail(const Node& at, std::string_view message) {
    yaml_.error(at, fmt::format("{}: {}", what_, message));
    is_good_ = false;
  }

  void read_type(const Node& node) {
    const auto type = node["type"];
    if (!type) return fail(node, fmt::format("missing 'type' ({})", fmt::join(kTypes, ", ")));
    if (type.IsScalar() &&
        std::find(kRefusedTypes.begin(), kRefusedTypes.end(), type.Scalar()) != kRefusedTypes.end()) {
      return fail(type, fmt::format("'{}' is not supported: it needs every value of a window kept", type.Scalar()));
    }
    const auto word = yaml_.choice(type, what_ + ".type", {kTypes.begin(), kTypes.end()});
    if (!word) {
      is_good_ = false;
      return;
    }
    out_.type = static_cast<CorrelationType>(std::find(kTypes.begin(), kTypes.end(), *word) - kTypes.begin());
  }

  void read_names(const Node& node, const char* key, std::size_t most, std::vector<SourceText>& into) {
    const auto names = node[key];
    const auto what = fmt::format("{}.{}", what_, key);
    if (!names) return fail(node, fmt::format("missing '{}'", key));
    if (names.IsScalar()) {
      into.emplace_back(document_, names);
      return;
    }
    if (!yaml_.expect_list(names, what)) {
      is_good_ = false;
      return;
    }
    if (names.size() == 0 || names.size() > most)
      return fail(names, fmt::format("'{}' takes 1 to {} names, found {}", key, most, names.size()));
    for (const auto& name : names) {
      if (!yaml_.text(name, what)) {
        is_good_ = false;
        continue;
      }
      into.emplace_back(document_, name);
    }
  }

  void read_aliases(const Node& aliases) {
    if (!aliases.IsMap()) return fail(aliases, "aliases: expected a map from alias to {rule: field}");
    for (const auto& entry : aliases) {
      if (!yaml_.text(entry.first, what_ + ".aliases")) {
        is_good_ = false;
        return;
      }
      CorrelationDef::Alias alias{SourceText(document_, entry.first), {}};
      if (!entry.second.IsMap())
        return fail(entry.second, fmt::format("aliases.{}: expected a map from rule to field", entry.first.Scalar()));
      for (const auto& field : entry.second) {
        if (!yaml_.text(field.first, what_ + ".aliases") || !yaml_.text(field.second, what_ + ".aliases")) {
          is_good_ = false;
          return;
        }
        alias.fields.emplace_back(SourceText(document_, field.first), SourceText(document_, field.second));
      }
      out_.aliases.push_back(std::move(alias));
    }
  }

  void read_timespan(const Node& node) {
    const auto timespan = node["timespan"];
    if (!timespan) return fail(node, "missing 'timespan' (such as 30s, 5m, 1h)");
    const auto value = yaml_.duration(timespan, what_ + ".timespan");
    if (!value) {
      is_good_ = false;
      return;
    }
    if (*value < kMinTimespan || *value > kMaxTimespan) return fail(timespan, "timespan: expected 100ms to 30d");
    out_.timespan = *value;
  }

  void read_condition(const Node& node) {
    const auto condition = node["condition"];
    if (!condition) {
      if (!is_temporal(out_.type)) fail(node, "missing 'condition' (such as {gte: 10})");
      return;
    }
    if (out_.type == CorrelationType::temporal_ordered)
      return fail(condition, "temporal_ordered takes no 'condition': each of its rules has to match, in their order");
    const bool has_field = out_.type == CorrelationType::value_count || out_.type == CorrelationType::value_sum;
    std::vector<std::string> known = {"gt", "gte", "lt", "lte", "eq"};
    if (has_field) known.insert(known.begin(), "field");
    if (!yaml_.expect_map(condition, what_ + ".condition", known)) {
      is_good_ = false;
      return;
    }
    if (has_field) {
      const auto field = condition["field"];
      if (!field) return fail(condition, fmt::format("{} needs condition.field", name_of(out_.type)));
      if (!yaml_.text(field, what_ + ".condition.field")) {
        is_good_ = false;
        return;
      }
      out_.value = SourceText(document_, field);
    }
    read_bounds(condition);
    if (is_good_) check_bounds(condition);
  }

  std::optional<std::uint64_t> read_number(const Node& node, const char* key) {
    const auto what = fmt::format("{}.condition.{}", what_, key);
    std::optional<std::uint64_t> value;
    if (out_.type == CorrelationType::value_sum) {
      value = yaml_.bytes(node, what);  // less than 2^62
    } else if (const auto number = yaml_.integer(node, what, 0, 1'000'000'000)) {
      value = static_cast<std::uint64_t>(*number);
    }
    is_good_ = is_good_ && value.has_value();
    return value;
  }

  void set(std::optional<std::uint64_t>& bound, const Node& at, std::uint64_t value, std::string_view side) {
    if (bound) return fail(at, fmt::format("condition: two {} bounds", side));
    bound = value;
  }

  void read_bounds(const Node& condition) {
    if (const auto n = condition["gte"]) {
      if (const auto v = read_number(n, "gte")) set(out_.low, n, *v, "lower");
    }
    if (const auto n = condition["gt"]) {
      if (const auto v = read_number(n, "gt")) set(out_.low, n, *v + 1, "lower");
    }
    if (const auto n = condition["lte"]) {
      if (const auto v = read_number(n, "lte")) set(out_.high, n, *v, "upper");
    }
    if (const auto n = condition["lt"]) {
      const auto v = read_number(n, "lt");
      if (v && *v == 0) return fail(n, "condition: nothing is less than 0");
      if (v) set(out_.high, n, *v - 1, "upper");
    }
    if (const auto n = condition["eq"]) {
      if (const auto v = read_number(n, "eq")) {
        set(out_.low, n, *v, "lower");
        if (is_good_) set(out_.high, n, *v, "upper");
      }
    }
    if (is_good_ && !out_.low && !out_.high) fail(condition, "condition: expected one of gt, gte, lt, lte, eq");
  }

  void check_bounds(const Node& condition) {
    const auto high = out_.high.value_or(std::numeric_limits<std::uint64_t>::max());
    if (out_.low.value_or(0) > high) return fail(condition, "condition: no number is in this range");
    if (out_.type != CorrelationType::value_sum && high == 0)
      return fail(condition, "condition can never hold: a window begins with its first event, absence is not seen");
    if (out_.type == CorrelationType::value_count &&
        (out_.low.value_or(0) > kMaxValues || (out_.high && *out_.high > kMaxValues)))
      return fail(condition, fmt::format("value_count tells at most {} values apart", kMaxValues));
    if (out_.type != CorrelationType::temporal) return;
    if (out_.high) return fail(condition, "temporal takes only a lower bound: how many of its rules have to match");
    if (*out_.low < 1 || *out_.low > out_.rules.size())
      fail(condition, fmt::format("temporal: expected 1 to {} rules, found {}", out_.rules.size(), *out_.low));
  }

  util::YamlReader& yaml_;
  const util::Document& document_;
  std::string what_;
  CorrelationDef out_;
  bool is_good_ = true;
};

}  // namespace

std::string_view name_of(CorrelationType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)];
}

std::optional<CorrelationDef> read_correlation(util::YamlReader& yaml, const util::Document& document,
                                               const YAML::Node& node, const std::string& what) {
  return Reader(yaml, document, what + ": correlation").run(node);
}

}  // namespace ambit::engine
