// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ambit::util {

/// Remembers what a pure function gave for keys asked before: the answer is the same with and without. Keeps at least
/// the last `keys` that were asked for, and at most twice as many. Not for threads.
template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class Memo {
 public:
  explicit Memo(std::size_t keys) : keys_(keys) {}

  /// nullptr: not remembered. `key`: a Key or what Hash and Equal take for one. Valid until the next call.
  template <class Asked>
  Value* find(const Asked& key) {
    if (const auto known = recent_.find(key); known != recent_.end()) return &known->second;
    const auto known = older_.find(key);
    if (known == older_.end()) return nullptr;
    auto node = older_.extract(known);
    make_room();
    return &recent_.insert(std::move(node)).position->second;
  }
  /// Of a key that find() did not find.
  Value& keep(Key key, Value value) {
    make_room();
    return recent_.emplace(std::move(key), std::move(value)).first->second;
  }

 private:
  using Map = std::unordered_map<Key, Value, Hash, Equal>;

  void make_room() {
    if (recent_.size() < keys_) return;
    older_ = std::move(recent_);
    recent_ = {};
  }

  std::size_t keys_;
  Map recent_, older_;
};

/// The same for texts that come again: one is remembered when it is asked for the second time, so that a flood of new
/// ones costs next to nothing. Long ones never are.
template <class Value>
class TextMemo {
 public:
  /// `texts`: a power of two.
  explicit TextMemo(std::size_t texts) : memo_(texts), met_(texts * 2) {}

  /// nullptr: not remembered, and not yet to be.
  template <class Make>
  const Value* get(std::string_view text, Make&& make) {
    constexpr std::size_t kLongest = 512;
    if (text.size() > kLongest) return nullptr;
    const Asked asked{text, std::hash<std::string_view>{}(text)};
    if (const auto* known = memo_.find(asked)) return known;
    auto& met = met_[asked.hash & (met_.size() - 1)];
    const auto mark = static_cast<std::uint32_t>(asked.hash >> 32);
    if (met != mark) {
      met = mark;
      return nullptr;
    }
    return &memo_.keep(std::string(text), make(text));
  }

 private:
  struct Asked {
    std::string_view text;
    std::size_t hash = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Asked& asked) const noexcept { return asked.hash; }
    std::size_t operator()(const std::string& text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const std::string& a, const std::string& b) const noexcept { return a == b; }
    bool operator()(const Asked& a, const std::string& b) const noexcept { return a.text == b; }
    bool operator()(const std::string& a, const Asked& b) const noexcept { return a == b.text; }
  };

  Memo<std::string, Value, Hash, Equal> memo_;
  std::vector<std::uint32_t> met_;  ///< marks of texts met once, by hash
};

}  // namespace ambit::util
