// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ambit::util {

/// Remembers what a pure function gave for texts asked before: the answer is the same with and without. A fixed number
/// of places, two for each text; of those that fall into the same two the last two asked anew are kept. Not for threads.
template <class Value>
class TextMemo {
 public:
  /// `places`: a power of two. Texts longer than `max_text` are asked anew each time.
  explicit TextMemo(std::size_t places, std::size_t max_text = 256) : places_(places), max_text_(max_text) {}

  template <class Make>
  const Value& get(std::string_view text, Make&& make) {
    const auto hash = std::hash<std::string_view>{}(text) & (places_.size() - 1);
    Place& place = places_[hash];
    if (place.is_used && place.text == text) return place.value;
    Place& second = places_[hash ^ 1];
    if (second.is_used && second.text == text) return second.value;
    if (text.size() > max_text_) {
      unkept_ = make(text);
      return unkept_;
    }
    std::swap(place, second);
    place.value = make(text);
    place.text = text;
    place.is_used = true;
    return place.value;
  }

 private:
  struct Place {
    std::string text;
    Value value{};
    bool is_used = false;
  };
  std::vector<Place> places_;
  std::size_t max_text_;
  Value unkept_{};
};

}  // namespace ambit::util
