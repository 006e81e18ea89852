// SPDX-License-Identifier: Apache-2.0
#include "secret_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "secret_words.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace ambit::decode {

#ifdef __SSE2__
namespace {

/// Bits of up to 64 bytes, the first byte lowest.
struct Marks {
  std::uint64_t suspects = 0;  ///< '=', ':', ' '
  std::uint64_t slashes = 0;
  std::uint64_t inner = 0;  ///< letters and digits: no word begins behind one

  /// The last bytes of 16, from `skipped` on, which stand at `place`.
  void add(__m128i bytes, unsigned skipped, unsigned place) noexcept {
    const auto is = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const auto between = [](__m128i each, char first, char last) {
      return _mm_and_si128(_mm_cmpgt_epi8(each, _mm_set1_epi8(static_cast<char>(first - 1))),
                           _mm_cmplt_epi8(each, _mm_set1_epi8(static_cast<char>(last + 1))));
    };
    const auto bits = [=](__m128i found) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found)) >> skipped) << place;
    };
    const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    suspects |= bits(_mm_or_si128(_mm_or_si128(is('='), is(':')), is(' ')));
    slashes |= bits(is('/'));
    inner |= bits(_mm_or_si128(between(lower, 'a', 'z'), between(bytes, '0', '9')));
  }
};

__m128i load(const char* bytes) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Of text[from, from + 64), as far as there is text. What lies behind the end counts as slashes.
Marks marks_of(std::string_view text, std::size_t from) noexcept {
  constexpr unsigned kStep = 16;
  const auto size = static_cast<unsigned>(std::min<std::size_t>(text.size() - from, 64));
  const char* const begin = text.data() + from;
  Marks out;
  unsigned at = 0;
  for (; at + kStep <= size; at += kStep) out.add(load(begin + at), 0, at);
  if (const unsigned left = size - at; left != 0 && text.size() >= kStep) {
    out.add(load(begin + size - kStep), kStep - left, at);
  } else if (left != 0) {
    std::array<char, kStep> last{};
    std::memcpy(last.data(), begin, left);
    out.add(load(last.data()), 0, at);
  }
  if (size < 64) out.slashes |= ~std::uint64_t{0} << size;
  return out;
}

/// Of bits: those that begin a run of kShortestToken set ones; beyond the last bit all count as set.
std::uint64_t runs_of_token_length(std::uint64_t set) noexcept {
  static_assert(kShortestToken == 13);
  const auto behind = [](std::uint64_t bits, int n) { return bits >> n | ~(~std::uint64_t{0} >> n); };
  set &= behind(set, 1);  // of 2
  set &= behind(set, 2);  // of 4
  set &= behind(set, 4);  // of 8
  return set & behind(set, 5);
}

}  // namespace

bool may_hold_secret(std::string_view text) noexcept {
  constexpr std::size_t kBlock = 64;
  std::uint64_t was_inner = 0;  // the byte before the block
  for (std::size_t from = 0; from < text.size(); from += kBlock) {
    const auto marks = marks_of(text, from);
    if (marks.suspects != 0) return true;
    const auto starts = ~(marks.inner << 1 | was_inner);
    was_inner = marks.inner >> 63;
    for (auto begins = runs_of_token_length(~marks.slashes) & starts; begins != 0; begins &= begins - 1) {
      const auto at = from + static_cast<std::size_t>(std::countr_zero(begins));
      if (text.size() - at < kShortestToken) break;
      if (may_begin_token(text[at], text[at + 1])) return true;
    }
  }
  return false;
}
#else
bool may_hold_secret(std::string_view /*text*/) noexcept {
  return true;
}
#endif

}  // namespace ambit::decode
