// SPDX-License-Identifier: Apache-2.0
// From a check as written to a typed comparison: which operators a field takes, and what its operands must look like.
#include <re2/re2.h>

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "leaf.h"

namespace ambit::engine {
namespace {

bool takes(FieldType type, Operator op) noexcept {
  const bool is_equality = op == Operator::equal || op == Operator::not_equal || op == Operator::in ||
                           op == Operator::intersects || op == Operator::exists;
  switch (type) {
    case FieldType::text:
      return true;
    case FieldType::number:
      return is_equality || is_order(op);
    case FieldType::boolean:
    case FieldType::ip:
    case FieldType::net:
      return is_equality;
  }
  return false;
}

bool are_comparable(FieldType a, FieldType b) noexcept {
  const auto is_address = [](FieldType t) { return t == FieldType::ip || t == FieldType::net; };
  return a == b || (is_address(a) && is_address(b));
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string out;
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = parse_number(fmt::format("0x{}", text.substr(i, 2)));
    if (!byte) return std::nullopt;
    out += static_cast<char>(*byte);
  }
  return out;
}

/// Texts are in lower case, so that no letter of them is in [:upper:].
std::string caseless_pattern(const std::string& word) {
  static constexpr std::string_view kUpper = "[:upper:]";
  auto out = lower_text(word);
  for (auto at = out.find(kUpper); at != std::string::npos; at = out.find(kUpper, at))
    out.replace(at, kUpper.size(), "[:lower:]");
  return out;
}

/// Fills one Leaf; the first fault ends it.
class Maker {
 public:
  Maker(LeafParts parts, const std::vector<Term>& terms) : parts_(std::move(parts)), terms_(terms) {}

  std::variant<Leaf, LeafError> run() {
    const Term& term = terms_[parts_.term];
    leaf_.term = parts_.term;
    leaf_.right = parts_.right;
    leaf_.op = parts_.op;
    leaf_.modifier = parts_.modifier;
    leaf_.type = term.type;
    leaf_.several = term.several;
    leaf_.kinds = term.kinds;
    leaf_.repeats = term.repeats;
    if (!takes(leaf_.type, leaf_.op)) return error(-1, takes_not(term));
    if (leaf_.right >= 0) return with_right(terms_[static_cast<std::size_t>(leaf_.right)]);
    if (leaf_.modifier != Modifier::none && leaf_.type != FieldType::text) return error(-1, takes_not(term));
    for (std::size_t i = 0; i < parts_.words.size(); ++i) {
      if (auto fault = add(parts_.words[i]); !fault.empty()) return error(static_cast<int>(i), std::move(fault));
    }
    std::sort(leaf_.numbers.begin(), leaf_.numbers.end());
    leaf_.words = std::move(parts_.words);
    return std::move(leaf_);
  }

 private:
  static LeafError error(int word, std::string message) { return LeafError{std::move(message), word}; }

  [[nodiscard]] std::string takes_not(const Term& term) const {
    return fmt::format("{} is a {} field: it does not take '{}{}{}'", to_string(term, terms_), name_of(leaf_.type),
                       name_of(leaf_.op), leaf_.modifier == Modifier::none ? "" : " ",
                       leaf_.modifier == Modifier::none ? std::string_view() : name_of(leaf_.modifier));
  }

  [[nodiscard]] std::string wrong(std::string_view expected, std::string_view found) const {
    return fmt::format("{} is a {} field: expected {}, found '{}'", to_string(terms_[leaf_.term], terms_),
                       name_of(leaf_.type), expected, found);
  }

  std::variant<Leaf, LeafError> with_right(const Term& right) {
    if (!are_comparable(leaf_.type, right.type)) {
      return error(-1, fmt::format("{} is a {} field, {} a {} field: they cannot be compared",
                                   to_string(terms_[leaf_.term], terms_), name_of(leaf_.type), to_string(right, terms_),
                                   name_of(right.type)));
    }
    if (leaf_.op == Operator::regex || leaf_.op == Operator::pmatch || leaf_.op == Operator::icontains ||
        leaf_.op == Operator::iglob) {
      return error(-1, fmt::format("'{}' compares with written values only", name_of(leaf_.op)));
    }
    leaf_.kinds &= right.kinds;
    leaf_.repeats &= right.repeats;
    return std::move(leaf_);
  }

  std::string add(const std::string& word) {
    switch (leaf_.type) {
      case FieldType::number: {
        const auto number = parse_number(word);
        if (!number) return wrong("a number", word);
        leaf_.numbers.push_back(*number);
        return {};
      }
      case FieldType::boolean:
        if (word != "true" && word != "false") return wrong("true or false", word);
        leaf_.numbers.push_back(word == "true" ? 1 : 0);
        return {};
      case FieldType::ip: {
        const auto address = parse_address(word);
        if (!address) return wrong("an IP address (a block goes with fd.net)", word);
        leaf_.networks.push_back({*address, 128});
        return {};
      }
      case FieldType::net: {
        const auto network = parse_network(word);
        if (!network) return wrong("an IP address or a block such as 10.0.0.0/8", word);
        leaf_.networks.push_back(*network);
        return {};
      }
      case FieldType::text:
        return add_text(word);
    }
    return {};
  }

  std::string add_text(const std::string& word) {
    if (leaf_.op == Operator::glob || leaf_.op == Operator::iglob || leaf_.op == Operator::pmatch) {
      if (auto fault = glob_fault(word); !fault.empty()) return fault;
    }
    switch (leaf_.op) {
      case Operator::in:
      case Operator::intersects:
        leaf_.set.insert(word);
        return {};
      case Operator::pmatch:
        leaf_.prefixes.add(word);
        return {};
      case Operator::icontains:
        leaf_.texts.push_back(lower_text(word));
        return {};
      case Operator::iglob:
        leaf_.texts.push_back(caseless_pattern(word));
        return {};
      case Operator::bcontains:
      case Operator::bstartswith: {
        auto bytes = from_hex(word);
        if (!bytes) return fmt::format("'{}' compares with bytes in hex, found '{}'", name_of(leaf_.op), word);
        leaf_.texts.push_back(std::move(*bytes));
        return {};
      }
      case Operator::regex:
        return add_regex(word);
      default:
        leaf_.texts.push_back(word);
        return {};
    }
  }

  std::string add_regex(const std::string& word) {
    if (word.size() > kMaxRegexBytes) return fmt::format("a regex has at most {} bytes", kMaxRegexBytes);
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // paths are bytes
    options.set_max_mem(std::int64_t{1} << 20);
    auto pattern = std::make_shared<const re2::RE2>(word, options);
    if (!pattern->ok()) return fmt::format("regex '{}': {}", word, pattern->error());
    leaf_.patterns.push_back(std::move(pattern));
    return {};
  }

  LeafParts parts_;
  const std::vector<Term>& terms_;
  Leaf leaf_;
};

}  // namespace

std::string lower_text(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::variant<Leaf, LeafError> make_leaf(LeafParts parts, const std::vector<Term>& terms) {
  return Maker(std::move(parts), terms).run();
}

std::string to_string(const Leaf& leaf, const std::vector<Term>& terms) {
  constexpr std::size_t kShown = 8;
  std::string out = fmt::format("{} {}", to_string(terms[leaf.term], terms), name_of(leaf.op));
  if (leaf.op == Operator::exists) return out;
  if (leaf.right >= 0) {
    const auto& right = terms[static_cast<std::size_t>(leaf.right)];
    const auto text = to_string(right, terms);
    return right.is_field() ? fmt::format("{} val({})", out, text) : fmt::format("{} {}", out, text);
  }
  if (leaf.modifier != Modifier::none) out += fmt::format(" {}", name_of(leaf.modifier));
  if (!takes_list(leaf.op) && leaf.modifier == Modifier::none) return out + " " + leaf.words.front();
  const auto shown = std::min(leaf.words.size(), kShown);
  out +=
      fmt::format(" ({}", fmt::join(leaf.words.begin(), leaf.words.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < leaf.words.size()) out += fmt::format(", ... {} more", leaf.words.size() - shown);
  return out + ")";
}

}  // namespace ambit::engine
