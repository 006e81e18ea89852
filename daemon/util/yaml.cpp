// SPDX-License-Identifier: Apache-2.0
#include "util/yaml.h"

#include <charconv>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

namespace ambit::util {
namespace {

struct Quantity {
  std::int64_t number = 0;
  std::string_view unit;
};

std::optional<Quantity> split_quantity(std::string_view text) {
  Quantity q;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), q.number);
  if (ec != std::errc{} || q.number < 0) return std::nullopt;
  q.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return q;
}

std::string describe(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "nothing";
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return fmt::format("'{}'", node.Scalar());
}

/// Takes note of where documents begin, and of nothing else.
class DocumentStarts : public YAML::EventHandler {
 public:
  [[nodiscard]] const YAML::Mark& last() const noexcept { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override { last_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

 private:
  YAML::Mark last_ = YAML::Mark::null_mark();
};

/// yaml-cpp 0.7 begins one empty document after the other where a document begins with a comma, until memory ends.
void refuse_what_never_ends(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  DocumentStarts starts;
  for (int before = -1; parser.HandleNextDocument(starts); before = starts.last().pos) {
    if (starts.last().pos == before) throw YAML::ParserException(starts.last(), "nothing can begin here");
  }
}

}  // namespace

std::vector<YAML::Node> YamlReader::parse(const std::string& text) {
  try {
    refuse_what_never_ends(text);
    auto documents = YAML::LoadAll(text);
    std::erase_if(documents, [](const YAML::Node& n) { return !n.IsDefined() || n.IsNull(); });
    return documents;
  } catch (const YAML::Exception& e) {
    diagnostics_.push_back({file_, e.mark.line + 1, e.mark.column + 1, "not valid YAML: " + e.msg});
    return {};
  }
}

int YamlReader::column_of(const YAML::Node& node) {
  return node.IsDefined() && node.Mark().column >= 0 ? node.Mark().column + 1 : 0;
}

int YamlReader::line_of(const YAML::Node& node) const {
  return node.IsDefined() && node.Mark().line >= 0 ? node.Mark().line + 1 : 0;
}

void YamlReader::error(const YAML::Node& at, std::string message) {
  diagnostics_.push_back({file_, line_of(at), column_of(at), std::move(message)});
}

void YamlReader::error_at(int line, std::string message) {
  diagnostics_.push_back({file_, line, 0, std::move(message)});
}

void YamlReader::warn(const YAML::Node& at, std::string message) {
  diagnostics_.push_back({file_, line_of(at), column_of(at), std::move(message), true});
}

bool YamlReader::expect_map(const YAML::Node& node, std::string_view what, const std::vector<std::string>& known) {
  if (!node.IsDefined() || !node.IsMap()) {
    error(node, fmt::format("{}: expected a map, found {}", what, describe(node)));
    return false;
  }
  bool good = true;
  std::vector<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      error(entry.first, fmt::format("{}: expected a text as key, found {}", what, describe(entry.first)));
      good = false;
      continue;
    }
    const std::string& key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      error(entry.first, fmt::format("{}: {}", what, unknown_word("key", key, known)));
      good = false;
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      error(entry.first, fmt::format("{}: key '{}' stands twice", what, key));
      good = false;
    }
    seen.push_back(key);
  }
  return good;
}

bool YamlReader::expect_list(const YAML::Node& node, std::string_view what) {
  if (node.IsDefined() && node.IsSequence()) return true;
  error(node, fmt::format("{}: expected a list, found {}", what, describe(node)));
  return false;
}

std::optional<std::string> YamlReader::text(const YAML::Node& node, std::string_view what) {
  if (node.IsDefined() && node.IsScalar()) return node.Scalar();
  error(node, fmt::format("{}: expected a text, found {}", what, describe(node)));
  return std::nullopt;
}

std::optional<std::int64_t> YamlReader::integer(const YAML::Node& node, std::string_view what, std::int64_t min,
                                                std::int64_t max) {
  if (node.IsDefined() && node.IsScalar()) {
    const std::string& s = node.Scalar();
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), value);
    if (ec == std::errc{} && end == s.data() + s.size() && value >= min && value <= max) return value;
  }
  error(node, fmt::format("{}: expected a whole number from {} to {}, found {}", what, min, max, describe(node)));
  return std::nullopt;
}

std::optional<bool> YamlReader::boolean(const YAML::Node& node, std::string_view what) {
  bool value = false;  // yes, True, on ... are YAML's booleans, too
  if (node.IsDefined() && node.IsScalar() && YAML::convert<bool>::decode(node, value)) return value;
  error(node, fmt::format("{}: expected true or false, found {}", what, describe(node)));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> YamlReader::duration(const YAML::Node& node, std::string_view what) {
  if (node.IsDefined() && node.IsScalar()) {
    if (const auto q = split_quantity(node.Scalar())) {
      struct Unit {
        std::string_view name;
        std::int64_t ms;
      };
      static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
      for (const auto& unit : kUnits) {
        if (q->unit == unit.name && q->number <= 4'000'000'000'000 / unit.ms)
          return std::chrono::milliseconds(q->number * unit.ms);
      }
    }
  }
  error(node,
        fmt::format("{}: expected a duration such as 500ms, 10s, 30m, 2h or 30d, found {}", what, describe(node)));
  return std::nullopt;
}

std::optional<std::uint64_t> YamlReader::bytes(const YAML::Node& node, std::string_view what) {
  if (node.IsDefined() && node.IsScalar()) {
    if (const auto q = split_quantity(node.Scalar())) {
      struct Unit {
        std::string_view name;
        int shift;
      };
      static constexpr Unit kUnits[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
      for (const auto& unit : kUnits) {
        if (q->unit == unit.name && q->number < (std::int64_t{1} << (62 - unit.shift))) {
          return static_cast<std::uint64_t>(q->number) << unit.shift;
        }
      }
    }
  }
  error(node, fmt::format("{}: expected a size such as 4096, 16KiB, 200MiB or 2GiB, found {}", what, describe(node)));
  return std::nullopt;
}

std::vector<std::string> YamlReader::texts(const YAML::Node& node, std::string_view what) {
  if (node.IsDefined() && node.IsScalar()) return {node.Scalar()};
  std::vector<std::string> out;
  if (!expect_list(node, what)) return out;
  std::size_t i = 0;
  for (const auto& item : node) {
    if (auto value = text(item, fmt::format("{}[{}]", what, i++))) out.push_back(std::move(*value));
  }
  return out;
}

std::optional<std::string> YamlReader::choice(const YAML::Node& node, std::string_view what,
                                              const std::vector<std::string>& known) {
  auto value = text(node, what);
  if (!value) return std::nullopt;
  if (std::find(known.begin(), known.end(), *value) != known.end()) return value;
  error(node, fmt::format("{}: {}", what, unknown_word("value", *value, known)));
  return std::nullopt;
}

}  // namespace ambit::util
