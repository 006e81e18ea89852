// SPDX-License-Identifier: Apache-2.0
// Plain structs as bytes and back. One `describe(archive, value)` per struct names its members in order and serves both
// directions:
//
//   template <class Archive>
//   void describe(Archive& archive, Point& p) { archive(p.x, p.y); }
//
// Integers are varints (LEB128, signed ones zigzag), texts and lists begin with their length, what several shared_ptr
// hold is written once. The reader trusts nothing: a length past the end, an enumerator that does not exist or a
// nesting too deep makes it fail, and from then on it yields zeros. describe() overloads are found where their type
// lives.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ambit::util {

/// The last enumerator of an enum that is archived: `template <> inline constexpr Colour kLastOf<Colour> =
/// Colour::red;`
template <class Enum>
inline constexpr Enum kLastOf = [] {
  static_assert(!sizeof(Enum), "name the last enumerator of an enum that is archived");
  return Enum{};
}();

namespace archive_traits {

template <class T>
struct IsDuration : std::false_type {};
template <class R, class P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};

template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T>
struct IsList<std::deque<T>> : std::true_type {};
template <class T>
struct IsList<std::list<T>> : std::true_type {};

template <class T>
struct IsMap : std::false_type {};
template <class K, class V, class H, class E>
struct IsMap<std::unordered_map<K, V, H, E>> : std::true_type {};

template <class T>
struct IsSet : std::false_type {};
template <class K, class H, class E>
struct IsSet<std::unordered_set<K, H, E>> : std::true_type {};

template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
struct IsShared : std::false_type {};
template <class T>
struct IsShared<std::shared_ptr<T>> : std::true_type {};

template <class T>
struct IsArray : std::false_type {};
template <class T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};

template <class T>
struct IsBits : std::false_type {};
template <std::size_t N>
struct IsBits<std::bitset<N>> : std::true_type {};

}  // namespace archive_traits

/// Appends to a string.
class ArchiveWriter {
 public:
  static constexpr bool kReads = false;

  explicit ArchiveWriter(std::string& out) : out_(out) {}

  template <class... T>
  void operator()(const T&... values) {
    (item(values), ...);
  }

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }

 private:
  template <class T>
  void item(const T& value) {
    using namespace archive_traits;
    if constexpr (std::is_enum_v<T>) {
      varint(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      const auto wide = static_cast<std::int64_t>(value);
      varint(static_cast<std::uint64_t>(wide) << 1 ^ static_cast<std::uint64_t>(wide >> 63));
    } else if constexpr (std::is_integral_v<T>) {
      varint(value);
    } else if constexpr (IsDuration<T>::value) {
      item(static_cast<std::int64_t>(value.count()));
    } else if constexpr (std::is_same_v<T, std::string>) {
      varint(value.size());
      out_.append(value);
    } else if constexpr (IsList<T>::value || IsMap<T>::value || IsSet<T>::value) {
      varint(value.size());
      for (const auto& each : value) item(each);
    } else if constexpr (IsArray<T>::value) {
      for (const auto& each : value) item(each);
    } else if constexpr (IsBits<T>::value) {
      for (std::size_t i = 0; i < value.size(); i += 8) {
        unsigned byte = 0;
        for (std::size_t bit = 0; bit < 8 && i + bit < value.size(); ++bit)
          byte |= static_cast<unsigned>(value.test(i + bit)) << bit;
        out_.push_back(static_cast<char>(byte));
      }
    } else if constexpr (IsPair<T>::value) {
      item(value.first);
      item(value.second);
    } else if constexpr (IsOptional<T>::value) {
      item(value.has_value());
      if (value) item(*value);
    } else if constexpr (IsShared<T>::value) {
      shared(value);
    } else {
      // describe() serves the reader, too, and so takes its struct to be changed; the writer changes nothing.
      describe(*this, const_cast<T&>(value));
    }
  }

  /// 0: none; n: the nth that was written; one past the last: a new one, which follows.
  template <class T>
  void shared(const std::shared_ptr<T>& value) {
    if (!value) return varint(0);
    const auto [at, is_new] = places_.try_emplace(value.get(), places_.size() + 1);
    varint(at->second);
    if (!is_new) return;
    kept_.push_back(value);
    item(*value);
  }

  std::string& out_;
  std::unordered_map<const void*, std::size_t> places_;
  std::vector<std::shared_ptr<const void>> kept_;  ///< so that no address comes twice
};

/// Reads what a writer wrote. Never throws but on memory exhaustion.
class ArchiveReader {
 public:
  static constexpr bool kReads = true;
  /// Shared values in shared values: a process's chain of parents is the deepest that there is.
  static constexpr int kMaxDepth = 64;
  /// Of a time's unit: 95 years of nanoseconds, so that the sum of three times stays in range.
  static constexpr std::int64_t kMaxCount = 3'000'000'000'000'000'000;

  explicit ArchiveReader(std::string_view in) : in_(in) {}

  template <class... T>
  void operator()(T&... values) {
    (item(values), ...);
  }

  [[nodiscard]] bool ok() const noexcept { return !is_failed_; }
  /// All was read, and nothing is left.
  [[nodiscard]] bool is_at_end() const noexcept { return !is_failed_ && in_.empty(); }
  [[nodiscard]] std::size_t left() const noexcept { return in_.size(); }
  /// What was read makes no sense.
  void fail() noexcept {
    is_failed_ = true;
    in_ = {};
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }

 private:
  template <class T>
  void item(T& value) {
    using namespace archive_traits;
    if constexpr (std::is_enum_v<T>) {
      const auto number = varint();
      if (number > static_cast<std::uint64_t>(kLastOf<T>)) return fail();
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto number = varint();
      if (number > 1) return fail();
      value = number != 0;
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      const auto raw = varint();
      const auto wide = static_cast<std::int64_t>(raw >> 1 ^ (~(raw & 1) + 1));
      value = static_cast<T>(wide);
      if (value != wide) fail();
    } else if constexpr (std::is_integral_v<T>) {
      const auto wide = varint();
      value = static_cast<T>(wide);
      if (value != wide) fail();
    } else if constexpr (IsDuration<T>::value) {
      std::int64_t count = 0;
      item(count);
      if (count > kMaxCount || count < -kMaxCount) return fail();
      value = T(count);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const auto size = varint();
      if (size > in_.size()) return fail();
      value.assign(in_.substr(0, size));
      in_.remove_prefix(size);
    } else if constexpr (IsList<T>::value) {
      value.clear();
      for (auto count = list_size(); count > 0 && ok(); --count) item(value.emplace_back());
    } else if constexpr (IsMap<T>::value) {
      value.clear();
      for (auto count = list_size(); count > 0 && ok(); --count) {
        std::pair<typename T::key_type, typename T::mapped_type> each;
        item(each);
        value.insert(std::move(each));
      }
    } else if constexpr (IsSet<T>::value) {
      value.clear();
      for (auto count = list_size(); count > 0 && ok(); --count) {
        typename T::key_type each{};
        item(each);
        value.insert(std::move(each));
      }
    } else if constexpr (IsArray<T>::value) {
      for (auto& each : value) item(each);
    } else if constexpr (IsBits<T>::value) {
      for (std::size_t i = 0; i < value.size(); i += 8) {
        if (in_.empty()) return fail();
        const auto byte = static_cast<unsigned char>(in_.front());
        in_.remove_prefix(1);
        for (std::size_t bit = 0; bit < 8 && i + bit < value.size(); ++bit) value.set(i + bit, (byte >> bit & 1) != 0);
      }
    } else if constexpr (IsPair<T>::value) {
      item(value.first);
      item(value.second);
    } else if constexpr (IsOptional<T>::value) {
      bool is_there = false;
      item(is_there);
      value.reset();
      if (is_there) item(value.emplace());
    } else if constexpr (IsShared<T>::value) {
      shared(value);
    } else {
      describe(*this, value);
    }
  }

  /// Every element takes a byte at least, so that a short text cannot ask for much memory.
  std::uint64_t list_size() {
    const auto count = varint();
    if (count > in_.size()) fail();
    return ok() ? count : 0;
  }

  template <class T>
  void shared(std::shared_ptr<T>& value) {
    using Plain = std::remove_const_t<T>;
    const auto place = varint();
    value.reset();
    if (place == 0) return;
    if (place <= shared_.size()) {
      const auto& [type, known] = shared_[place - 1];
      if (type != typeid(Plain) || known == nullptr) return fail();
      value = std::static_pointer_cast<Plain>(known);
      return;
    }
    if (place != shared_.size() + 1 || depth_ >= kMaxDepth) return fail();
    shared_.emplace_back(typeid(Plain), nullptr);  // its own parts may not refer to it
    auto fresh = std::make_shared<Plain>();
    ++depth_;
    item(*fresh);
    --depth_;
    shared_[place - 1].second = fresh;
    value = std::move(fresh);
  }

  std::string_view in_;
  bool is_failed_ = false;
  int depth_ = 0;
  std::vector<std::pair<std::type_index, std::shared_ptr<void>>> shared_;
};

}  // namespace ambit::util
