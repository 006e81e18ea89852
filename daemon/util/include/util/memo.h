// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ambit::util {

/// Remembers what a pure function gave for keys asked before: the answer is the same with and without. Keeps at least
/// the last `keys` that were asked for, and at most twice as many. Not for threads.
template <class Key, class Value, class Hash = std::hash<Key>>
class Memo {
 public:
  explicit Memo(std::size_t keys) : keys_(keys) {}

  /// `key`: a Key or what Hash takes for one. Valid until the next call.
  template <class Asked, class Make>
  Value& get(const Asked& key, Make&& make) {
    if (const auto known = recent_.find(key); known != recent_.end()) return known->second;
    if (recent_.size() >= keys_) {
      older_ = std::move(recent_);
      recent_ = {};
    }
    if (auto known = older_.extract(Key(key)); !known.empty()) return recent_.insert(std::move(known)).position->second;
    return recent_.emplace(Key(key), make(key)).first->second;
  }

 private:
  using Map = std::unordered_map<Key, Value, Hash, std::equal_to<>>;

  std::size_t keys_;
  Map recent_, older_;
};

/// The same for texts, of which long ones are asked anew each time.
template <class Value>
class TextMemo {
 public:
  explicit TextMemo(std::size_t texts) : memo_(texts) {}

  template <class Make>
  const Value& get(std::string_view text, Make&& make) {
    constexpr std::size_t kLongest = 512;
    if (text.size() > kLongest) return unkept_ = make(text);
    return memo_.get(text, make);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  Memo<std::string, Value, Hash> memo_;
  Value unkept_{};
};

}  // namespace ambit::util
