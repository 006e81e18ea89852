// SPDX-License-Identifier: Apache-2.0
// `spec.phases` and `spec.exceptions`: the parts of a scope that depend on time.
#include <charconv>

#include <fmt/format.h>

#include "schema.h"

namespace ambit::scope {
namespace {

std::optional<PhaseEndSpec> parse_end(util::YamlReader& reader, const YAML::Node& node, const std::string& what) {
  if (node.IsScalar() && node.Scalar() == "sdNotify") {
    PhaseEndSpec end;
    end.sd_notify = true;
    return end;
  }
  if (!expect_keys(reader, node, what, {"http", "quiet", "sdNotify", "listenOn"}, {"podReady", "operator", "signal"}))
    return std::nullopt;
  if (node.size() != 1) {
    reader.error(node, fmt::format("{}: expected one of http, quiet, sdNotify, listenOn per list entry", what));
    return std::nullopt;
  }
  PhaseEndSpec end;
  if (const auto n = node["http"]; n.IsDefined()) {
    end.http = reader.text(n, what + ".http");
    if (end.http && !end.http->starts_with("http://")) {
      reader.error(n, fmt::format("{}.http: expected an address such as http://127.0.0.1:8080/health, found '{}'", what,
                                  *end.http));
      return std::nullopt;
    }
  }
  if (const auto n = node["quiet"]; n.IsDefined()) end.quiet = reader.duration(n, what + ".quiet");
  if (const auto n = node["sdNotify"]; n.IsDefined()) {
    const auto on = reader.boolean(n, what + ".sdNotify");
    if (on && !*on) reader.error(n, what + ".sdNotify: expected true");
    end.sd_notify = on.value_or(false);
  }
  if (const auto n = node["listenOn"]; n.IsDefined()) {
    if (const auto port = reader.integer(n, what + ".listenOn", 1, 65535))
      end.listen_on = static_cast<std::uint16_t>(*port);
  }
  return end;
}

/// "2026-12-01" as the start of that day, UTC.
std::optional<WallTime> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = -1;
    const char* const first = text.data() + at;
    const auto [end, ec] = std::from_chars(first, first + length, value);
    return ec == std::errc{} && end == first + length ? value : -1;
  };
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (number(0, 4) < 0 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || date.year() < std::chrono::year{1970} || date.year() > std::chrono::year{2200}) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch();
}

}  // namespace

void parse_phases(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  if (!expect_keys(reader, node, "spec.phases", {"load"}, {"serve", "reload", "drain"})) return;
  const auto load = node["load"];
  PhasesSpec phases;
  if (load.IsDefined() && expect_keys(reader, load, "spec.phases.load", {"endsWhen", "max"})) {
    if (const auto ends = load["endsWhen"]; ends.IsDefined() && reader.expect_list(ends, "spec.phases.load.endsWhen")) {
      std::size_t i = 0;
      for (const auto& item : ends) {
        if (auto end = parse_end(reader, item, fmt::format("spec.phases.load.endsWhen[{}]", i++)))
          phases.ends_when.push_back(*end);
      }
    }
    if (load["max"].IsDefined()) phases.max = reader.duration(load["max"], "spec.phases.load.max");
  }
  spec.phases = std::move(phases);
}

void parse_exceptions(util::YamlReader& reader, const YAML::Node& node, Spec& spec) {
  if (!reader.expect_list(node, "spec.exceptions")) return;
  std::size_t i = 0;
  for (const auto& item : node) {
    const auto what = fmt::format("spec.exceptions[{}]", i++);
    if (!expect_keys(reader, item, what, {"rule", "until", "reason", "approvedBy"})) continue;
    if (!has_key(reader, item, what, "rule") || !has_key(reader, item, what, "reason")) continue;
    ExceptionSpec out;
    out.at = where(reader, item);
    if (auto rule = reader.text(item["rule"], what + ".rule")) out.rule = std::move(*rule);
    if (!item["until"].IsDefined()) {
      reader.error(item, what + ": expected 'until' (a date such as 2026-12-01): an exception has to expire");
    } else if (auto until = reader.text(item["until"], what + ".until")) {
      const auto date = parse_date(*until);
      if (date) out.until = *date;
      if (!date)
        reader.error(item["until"],
                     fmt::format("{}.until: expected a date such as 2026-12-01, found '{}'", what, *until));
      out.until_text = std::move(*until);
    }
    if (auto reason = reader.text(item["reason"], what + ".reason")) out.reason = std::move(*reason);
    if (item["approvedBy"].IsDefined()) {
      if (auto by = reader.text(item["approvedBy"], what + ".approvedBy")) out.approved_by = std::move(*by);
    }
    spec.exceptions.push_back(std::move(out));
  }
}

}  // namespace ambit::scope
