// SPDX-License-Identifier: Apache-2.0
#include "leaf_group.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>

#include <fmt/format.h>

namespace ambit::engine {
namespace {

/// So few needles are found faster one by one: the library's search reads many bytes at once.
constexpr std::size_t kFewNeedles = 3;

std::string reversed(std::string_view text) {
  return {text.rbegin(), text.rend()};
}

bool has_empty(const std::vector<std::string>& texts) noexcept {
  return std::any_of(texts.begin(), texts.end(), [](const std::string& s) { return s.empty(); });
}

}  // namespace

struct LeafGroup::RegexSet {
  re2::RE2::Set set;
};

std::optional<LeafGroup::Kind> LeafGroup::kind_of(const Leaf& leaf) noexcept {
  if (leaf.right >= 0 || leaf.modifier == Modifier::all_of) return std::nullopt;
  if (leaf.op == Operator::in && leaf.several == Several::list) return std::nullopt;
  switch (leaf.op) {
    case Operator::equal:
    case Operator::in:
    case Operator::intersects:
      if (leaf.type == FieldType::text) return Kind::texts;
      return leaf.type == FieldType::ip || leaf.type == FieldType::net ? Kind::networks : Kind::numbers;
    case Operator::startswith:
    case Operator::bstartswith:
      return Kind::prefixes;
    case Operator::pmatch:
      if (leaf.prefixes.has_patterns() || leaf.prefixes.literals().contains(std::string_view())) return std::nullopt;
      return Kind::prefixes;
    case Operator::endswith:
      return Kind::suffixes;
    case Operator::contains:
    case Operator::bcontains:
      if (has_empty(leaf.texts)) return std::nullopt;
      return Kind::substrings;
    case Operator::icontains:
      if (has_empty(leaf.texts)) return std::nullopt;
      return Kind::folded_substrings;
    case Operator::regex:
      return Kind::regexes;
    default:
      return std::nullopt;
  }
}

std::size_t LeafGroup::AddressHash::operator()(const Address& a) const noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(a.bytes.data()), a.bytes.size()});
}

Address LeafGroup::masked(const Address& address, int bits) noexcept {
  Address out = address;
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - i * 8, 0, 8);
    out.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff << (8 - kept));
  }
  return out;
}

void LeafGroup::add(const Leaf& leaf, std::uint32_t id) {
  leaves_.push_back(id);
  operands_ += std::max(leaf.words.size(), std::size_t{1});
  switch (kind_) {
    case Kind::texts:
      for (const auto& text : leaf.texts) table_.add(text, id);
      for (const auto& text : leaf.set) table_.add(text, id);
      return;
    case Kind::prefixes:
      for (const auto& text : leaf.texts) tree_.add(text, id, false);
      for (const auto& text : leaf.prefixes.literals()) tree_.add(text, id, true);
      return;
    case Kind::suffixes:
      for (const auto& text : leaf.texts) tree_.add(reversed(text), id, false);
      return;
    case Kind::substrings:
    case Kind::folded_substrings:
      for (const auto& text : leaf.texts) needles_.push_back({text, id});
      return;
    case Kind::numbers:
      for (const auto number : leaf.numbers) {
        const auto place = numbers_.emplace(number, static_cast<std::uint32_t>(numbers_.size())).first;
        number_lists_.add(place->second, id);
      }
      return;
    case Kind::networks:
      for (const auto& network : leaf.networks) {
        auto row =
            std::find_if(networks_.begin(), networks_.end(), [&](const auto& r) { return r.first == network.bits; });
        if (row == networks_.end()) row = networks_.insert(row, {network.bits, {}});
        const auto [place, is_new] = row->second.emplace(masked(network.base, network.bits), network_count_);
        if (is_new) ++network_count_;
        network_lists_.add(place->second, id);
      }
      return;
    case Kind::regexes:
      if (!regexes_) {
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_dot_nl(true);
        options.set_encoding(re2::RE2::Options::EncodingLatin1);
        options.set_max_mem(std::int64_t{16} << 20);
        regexes_ = std::make_shared<RegexSet>(RegexSet{re2::RE2::Set(options, re2::RE2::ANCHOR_BOTH)});
      }
      for (const auto& pattern : leaf.patterns) {
        if (regexes_->set.Add(pattern->pattern(), nullptr) >= 0) regex_leaves_.push_back(id);
      }
      return;
  }
}

bool LeafGroup::seal() {
  table_.seal();
  tree_.seal();
  number_lists_.seal();
  network_lists_.seal();
  if (kind_ == Kind::folded_substrings || needles_.size() > kFewNeedles) {
    std::vector<Automaton::Needle> needles;
    for (auto& needle : needles_) needles.push_back({needle.text, needle.id});
    automaton_ = Automaton::make(needles, kind_ == Kind::folded_substrings);
    if (!automaton_) return kind_ == Kind::substrings;
  }
  return !regexes_ || regexes_->set.Compile();
}

std::vector<int> LeafGroup::matching_regexes(std::string_view text) const {
  std::vector<int> out;
  regexes_->set.Match({text.data(), text.size()}, &out);
  return out;
}

std::string LeafGroup::describe() const {
  switch (kind_) {
    case Kind::texts:
      return fmt::format("one table of {} texts", table_.size());
    case Kind::prefixes:
      return fmt::format("one tree of {} prefixes", operands_);
    case Kind::suffixes:
      return fmt::format("one tree of {} suffixes", operands_);
    case Kind::substrings:
    case Kind::folded_substrings:
      return automaton_ ? fmt::format("one pass for {} substrings", needles_.size())
                        : fmt::format("{} substring(s)", needles_.size());
    case Kind::numbers:
      return fmt::format("one table of {} numbers", numbers_.size());
    case Kind::networks:
      return fmt::format("one table of {} networks", network_count_);
    case Kind::regexes:
      return fmt::format("one automaton of {} regexes", regex_leaves_.size());
  }
  return {};
}

}  // namespace ambit::engine
