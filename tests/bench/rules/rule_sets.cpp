// SPDX-License-Identifier: Apache-2.0
#include "rule_sets.h"

#include <array>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace ambit::bench {
namespace {

constexpr std::size_t kStable = 25;

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string item(const std::string& name, const std::string& condition, const std::string& more = "") {
  return fmt::format(
      "- rule: {}\n  desc: d\n  condition: >\n    {}\n  output: \"%proc.name %proc.cmdline\"\n  priority: notice\n{}",
      name, condition, more);
}

std::string list(const std::string& name, std::size_t items, const std::string& begin) {
  std::string out = fmt::format("- list: {}\n  items: [", name);
  for (std::size_t i = 0; i < items; ++i) out += fmt::format("{}{}{}", i == 0 ? "" : ", ", begin, i);
  return out + "]\n";
}

/// The kinds in which the added rules are distributed, and what of their condition is special to each.
std::string themed(std::size_t i, const std::string& programs, const std::string& places) {
  switch (i % 6) {
    case 0:
      return fmt::format("opened_to_read and fd.name in ({}) and not proc.name in ({}) and not by_agent", places,
                         programs);
    case 1:
      return fmt::format(
          "opened_to_write and (fd.name startswith /opt/area{}/ or fd.directory in ({})) and not package_work "
          "and not proc.name in ({})",
          i, places, programs);
    case 2:
      return fmt::format(
          "started and proc.name in ({}) and not proc.pname in (login_programs) and (proc.args contains "
          "--flag{} or proc.cmdline contains secret{})",
          programs, i, i);
    case 3:
      return fmt::format("outbound and fd.sport in ({}, {}) and not proc.name in ({}) and not by_agent", 20'000 + i,
                         30'000 + i, programs);
    case 4:
      return fmt::format(
          "changed and (evt.arg.path in ({}) or evt.arg.path startswith /opt/area{}/) and not package_work", places, i);
    default:
      return fmt::format(
          "opened_to_read and (fd.name endswith .key{} or fd.name contains /vault{}/) and not proc.name in ({}) "
          "and not config_work",
          i, i, programs);
  }
}

}  // namespace

std::vector<util::Document> rules_of_size(std::size_t rules, std::size_t items) {
  std::vector<util::Document> out{
      {"stable.yaml", read(std::string(AMBIT_SOURCE_DIR) + "/tests/bench/rules/stable.yaml")}};
  if (rules <= kStable) return out;
  const auto added = rules - kStable;
  const auto each = std::max<std::size_t>(items / added / 2, 4);
  std::string text;
  for (std::size_t i = 0; i < added; ++i) {
    const auto programs = fmt::format("programs_{}", i);
    const auto places = fmt::format("places_{}", i);
    text += list(programs, each, fmt::format("prog{}-", i)) + list(places, each, fmt::format("/opt/place{}/file", i));
    const auto exception =
        i % 5 == 0 ? "  exceptions:\n    - {name: known, fields: [proc.name, user.name], values: [[a, b]]}\n" : "";
    text += item(fmt::format("added {}", i), themed(i, programs, places), exception);
  }
  out.push_back({"added.yaml", text});
  return out;
}

std::vector<util::Document> growing_rules(std::size_t rules, Kinds kinds) {
  constexpr std::array<const char*, 6> kTypes = {"open", "exec", "connect", "rename", "accept", "unlink"};
  constexpr std::array<const char*, 6> kField = {"fd.name",      "proc.exepath", "fd.sip.name",
                                                 "evt.arg.path", "fd.name",      "evt.arg.path"};
  std::string text;
  for (std::size_t i = 0; i < rules; ++i) {
    const auto kind = kinds == Kinds::opens ? 0 : i % kTypes.size();
    text += item(
        fmt::format("rule {}", i),
        fmt::format("evt.type = {} and ({} startswith /opt/area{}/ or {} in (/srv/a{}, /srv/b{})) and not proc.name in "
                    "(prog{}, prog{})",
                    kTypes[kind], kField[kind], i, kField[kind], i, i, i, i + 1));
  }
  return {{"growing.yaml", text}};
}

}  // namespace ambit::bench
