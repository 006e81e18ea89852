// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "ambit/abi/record.h"

namespace ambit::engine {

/// An address in IPv6 form; IPv4 is mapped (::ffff:a.b.c.d), so that one comparison serves both.
struct Address {
  std::array<std::uint8_t, 16> bytes;
  bool operator==(const Address&) const = default;
};

/// What a field holds for one event. Trivial, so that an array of them costs nothing until used; text is borrowed from
/// the event or the arena.
struct Value {
  enum class Kind : std::uint8_t { missing, text, number, boolean, texts, addresses, number_list };
  Kind kind;
  std::uint8_t count;  ///< of numbers or addresses: 1 or 2
  std::uint32_t size;  ///< of text in bytes, of texts and number lists in elements
  union {
    const char* text;
    const std::string_view* texts;
    const std::int64_t* more_numbers;
    std::array<std::int64_t, 2> numbers;
    std::array<Address, 2> addresses;
  };

  static Value none() noexcept {
    Value v;
    v.kind = Kind::missing;
    return v;
  }
  static Value of(std::string_view s) noexcept {
    Value v;
    v.kind = Kind::text;
    v.size = static_cast<std::uint32_t>(s.size());
    v.text = s.data();
    return v;
  }
  /// Missing where the text is empty: an empty name means unknown in the vocabulary.
  static Value of_known(std::string_view s) noexcept { return s.empty() ? none() : of(s); }
  static Value of_number(std::int64_t n) noexcept {
    Value v;
    v.kind = Kind::number;
    v.count = 1;
    v.numbers = {n, 0};
    return v;
  }
  static Value of_bool(bool b) noexcept {
    Value v = of_number(b ? 1 : 0);
    v.kind = Kind::boolean;
    return v;
  }
  static Value of_texts(std::span<const std::string_view> all) noexcept {
    Value v;
    v.kind = Kind::texts;
    v.size = static_cast<std::uint32_t>(all.size());
    v.texts = all.data();
    return v;
  }
  static Value of_numbers(std::span<const std::int64_t> all) noexcept {
    Value v;
    v.kind = Kind::number_list;
    v.size = static_cast<std::uint32_t>(all.size());
    v.more_numbers = all.data();
    return v;
  }
  [[nodiscard]] bool is_missing() const noexcept { return kind == Kind::missing; }
  [[nodiscard]] std::string_view as_text() const noexcept { return {text, size}; }
  [[nodiscard]] std::span<const std::string_view> as_texts() const noexcept { return {texts, size}; }
  [[nodiscard]] std::span<const std::int64_t> as_numbers() const noexcept {
    return kind == Kind::number_list ? std::span(more_numbers, size) : std::span(numbers.data(), count);
  }
};
static_assert(std::is_trivially_default_constructible_v<Value>);

/// Room for texts that are put together for one event (command lines, address pairs). A command line is at most a
/// record long and each text is made once per event, so the size holds all of them with room to spare; what would not
/// fit is cut.
class Arena {
 public:
  static constexpr std::size_t kBytes = std::size_t{8} * AMBIT_REC_MAX;

  Arena() noexcept {}  // NOLINT(modernize-use-equals-default): leaves the bytes uninitialised
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Puts a text together in place: begin(), append(...) as often as needed, end().
  void begin() noexcept { start_ = used_; }
  void append(std::string_view s) noexcept {
    const auto n = s.size() < kBytes - used_ ? s.size() : kBytes - used_;
    std::memcpy(bytes_.data() + used_, s.data(), n);
    used_ += n;
  }
  [[nodiscard]] std::string_view end() noexcept { return {bytes_.data() + start_, used_ - start_}; }
  void append_number(std::int64_t n) noexcept;

  /// Room for `n` texts or numbers; empty when there is none left.
  std::span<std::string_view> texts(std::size_t n) noexcept { return room<std::string_view>(n); }
  std::span<std::int64_t> numbers(std::size_t n) noexcept { return room<std::int64_t>(n); }

 private:
  template <class T>
  std::span<T> room(std::size_t n) noexcept {
    const std::size_t at = (used_ + alignof(T) - 1) / alignof(T) * alignof(T);
    if (at + n * sizeof(T) > kBytes) return {};
    used_ = at + n * sizeof(T);
    auto* first = reinterpret_cast<T*>(bytes_.data() + at);
    for (std::size_t i = 0; i < n; ++i) new (first + i) T();
    return {first, n};
  }

  alignas(std::string_view) std::array<char, kBytes> bytes_;
  std::size_t used_ = 0;
  std::size_t start_ = 0;
};

}  // namespace ambit::engine
