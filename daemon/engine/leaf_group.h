// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "automaton.h"
#include "leaf.h"
#include "text_index.h"

namespace ambit::engine {

/// Comparisons of one term that are answered together, by one look-up or one pass.
class LeafGroup {
 public:
  enum class Kind : std::uint8_t {
    texts,
    prefixes,
    suffixes,
    substrings,
    folded_substrings,
    numbers,
    networks,
    regexes
  };

  /// The kind a comparison can be answered in, nullopt: on its own only. That an element of the term fits one of its
  /// operands must be all it asks.
  static std::optional<Kind> kind_of(const Leaf& leaf) noexcept;

  LeafGroup(Kind kind, std::uint16_t term) : kind_(kind), term_(term) {}
  void add(const Leaf& leaf, std::uint32_t id);
  /// [once, after all add()] Makes the index. False: it would be too large, and the leaves must be asked one by one.
  bool seal();

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] std::uint16_t term() const noexcept { return term_; }
  [[nodiscard]] const std::vector<std::uint32_t>& leaves() const noexcept { return leaves_; }
  /// How the group answers, for people: "one table of 120 texts".
  [[nodiscard]] std::string describe() const;

  /// Emits the ids of the comparisons that hold for the value, perhaps more than once.
  template <class Emit>
  void find(const Value& value, Emit&& emit) const {
    switch (value.kind) {
      case Value::Kind::text:
        find_text(value.as_text(), emit);
        return;
      case Value::Kind::texts:
        for (const auto& text : value.as_texts()) find_text(text, emit);
        return;
      case Value::Kind::number:
      case Value::Kind::boolean:
      case Value::Kind::number_list:
        for (const auto number : value.as_numbers()) find_number(number, emit);
        return;
      case Value::Kind::addresses:
        for (std::size_t i = 0; i < value.count; ++i) find_address(value.addresses[i], emit);
        return;
      case Value::Kind::missing:
        return;
    }
  }

 private:
  struct Needle {
    std::string text;
    std::uint32_t id = 0;
  };
  struct AddressHash {
    std::size_t operator()(const Address& a) const noexcept;
  };
  struct RegexSet;

  template <class Emit>
  void find_text(std::string_view text, Emit& emit) const {
    switch (kind_) {
      case Kind::texts:
        table_.find(text, emit);
        return;
      case Kind::prefixes:
        tree_.walk(
            text.size(), [&](std::size_t i) { return text[i]; }, emit);
        return;
      case Kind::suffixes:
        tree_.walk(
            text.size(), [&](std::size_t i) { return text[text.size() - 1 - i]; }, emit);
        return;
      case Kind::substrings:
      case Kind::folded_substrings:
        if (automaton_) {
          automaton_->scan(text, emit);
          return;
        }
        for (const auto& needle : needles_) {
          if (text.find(needle.text) != std::string_view::npos) emit(needle.id);
        }
        return;
      case Kind::regexes:
        for (const auto id : matching_regexes(text)) emit(regex_leaves_[static_cast<std::size_t>(id)]);
        return;
      default:
        return;
    }
  }
  template <class Emit>
  void find_number(std::int64_t number, Emit& emit) const {
    if (const auto found = numbers_.find(number); found != numbers_.end()) number_lists_.each(found->second, emit);
  }
  template <class Emit>
  void find_address(const Address& address, Emit& emit) const {
    for (const auto& [bits, blocks] : networks_) {
      if (const auto found = blocks.find(masked(address, bits)); found != blocks.end())
        network_lists_.each(found->second, emit);
    }
  }
  static Address masked(const Address& address, int bits) noexcept;
  [[nodiscard]] std::vector<int> matching_regexes(std::string_view text) const;

  Kind kind_;
  std::uint16_t term_;
  std::vector<std::uint32_t> leaves_;
  TextTable table_;
  PrefixTree tree_;
  std::vector<Needle> needles_;  ///< few: looked for one by one
  std::optional<Automaton> automaton_;
  std::unordered_map<std::int64_t, std::uint32_t> numbers_;
  IdLists number_lists_;
  std::vector<std::pair<int, std::unordered_map<Address, std::uint32_t, AddressHash>>> networks_;
  IdLists network_lists_;
  std::uint32_t network_count_ = 0;
  std::shared_ptr<RegexSet> regexes_;
  std::vector<std::uint32_t> regex_leaves_;  ///< by number in the set
  std::size_t operands_ = 0;
};

}  // namespace ambit::engine
