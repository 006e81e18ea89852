// SPDX-License-Identifier: Apache-2.0
#include "secret_words.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ambit::decode {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_alnum(char c) noexcept {
  return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}
bool is_word(char c) noexcept {
  return is_alnum(c) || c == '_' || c == '-';
}
bool is_word_or_dot(char c) noexcept {
  return is_word(c) || c == '.';
}
bool is_upper_or_digit(char c) noexcept {
  return is_upper(c) || is_digit(c);
}

/// Names that are secrets as a whole.
constexpr std::array<std::string_view, 14> kWholeNames = {
    "pwd", "pass", "auth",     "authorization",  "proxyauthorization", "cookie",  "setcookie",
    "sig", "pat",  "apitoken", "xamzcredential", "xgoogcredential",    "xapikey", "dsn"};
/// Names that are secrets by their end ("db_password", "HF_TOKEN").
constexpr std::array<std::string_view, 15> kNameEnds = {
    "password",   "passwd",     "passphrase", "secret",      "token",     "apikey",   "accesskey", "secretkey",
    "privatekey", "accountkey", "credential", "credentials", "signature", "passcode", "sessionkey"};
/// Words of tokenizers that end in "token" and are no secrets.
constexpr std::array<std::string_view, 11> kTokenizerWords = {"eostoken",  "bostoken",  "padtoken",  "unktoken",
                                                              "septoken",  "clstoken",  "masktoken", "pertoken",
                                                              "nexttoken", "stoptoken", "imagetoken"};

constexpr std::size_t kMaxName = 64;   // longer words are no names of options
constexpr std::size_t kMaxLook = 512;  // bytes looked ahead before a shape is given up: keeps hostile text linear

struct Shape {
  std::string_view prefix;
  std::size_t min_rest;
  bool (*is_part)(char) noexcept;
};
constexpr std::array<Shape, 33> kShapes = {{
    {"hf_", 16, is_alnum},           {"api_org_", 16, is_alnum},
    {"ghp_", 20, is_alnum},          {"gho_", 20, is_alnum},
    {"ghu_", 20, is_alnum},          {"ghs_", 20, is_alnum},
    {"ghr_", 20, is_alnum},          {"github_pat_", 20, is_word},
    {"glpat-", 16, is_word},         {"xoxb-", 10, is_word},
    {"xoxa-", 10, is_word},          {"xoxp-", 10, is_word},
    {"xoxr-", 10, is_word},          {"xoxs-", 10, is_word},
    {"xoxe-", 10, is_word},          {"xapp-", 10, is_word},
    {"AKIA", 16, is_upper_or_digit}, {"ASIA", 16, is_upper_or_digit},
    {"AIza", 30, is_word},           {"ya29.", 20, is_word_or_dot},
    {"nvapi-", 20, is_word},         {"pypi-AgE", 30, is_word},
    {"npm_", 30, is_alnum},          {"dckr_pat_", 20, is_word},
    {"gsk_", 20, is_alnum},          {"r8_", 30, is_alnum},
    {"hvs.", 20, is_word},           {"dop_v1_", 30, is_alnum},
    {"sk_live_", 16, is_alnum},      {"sk_test_", 16, is_alnum},
    {"rk_live_", 16, is_alnum},      {"AGE-SECRET-KEY-1", 20, is_upper_or_digit},
    {"SG.", 30, is_word_or_dot},
}};

template <class Predicate>
std::size_t run_length(std::string_view text, Predicate is_part) noexcept {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_part) - text.begin());
}

/// sk-... of OpenAI, Anthropic and the many who copy them. A file name such as sk-learn-classifier is none: a key has a
/// long run without dashes that holds a digit.
std::size_t sk_length(std::string_view text) noexcept {
  constexpr std::size_t kMinRun = 16;
  if (!text.starts_with("sk-")) return 0;
  std::size_t run = 0;
  bool has_digit = false;
  for (const char c : text.substr(3, kMaxLook)) {
    if (!is_word(c)) return 0;
    if (!is_alnum(c)) {
      run = 0;
      has_digit = false;
      continue;
    }
    ++run;
    has_digit = has_digit || is_digit(c);
    if (run >= kMinRun && has_digit) return 3 + run_length(text.substr(3), is_word);
  }
  return 0;
}

/// Three base64url parts of which the first two begin as JSON objects do.
std::size_t jwt_length(std::string_view text) noexcept {
  if (!text.starts_with("eyJ")) return 0;
  const auto head = run_length(text.substr(0, kMaxLook), is_word);
  if (head < 10 || !text.substr(head).starts_with(".eyJ")) return 0;
  return head + run_length(text.substr(head), is_word_or_dot);
}

}  // namespace

// Of all shapes and of those with functions of their own.
constinit const std::array<std::uint64_t, 1024> kTokenBegins = [] {
  std::array<std::uint64_t, 1024> out{};
  const auto add = [&](std::string_view prefix) {
    const auto at =
        static_cast<std::size_t>(static_cast<unsigned char>(prefix[0])) << 8 | static_cast<unsigned char>(prefix[1]);
    out[at / 64] |= std::uint64_t{1} << (at % 64);
  };
  for (const auto& shape : kShapes) add(shape.prefix);
  add("sk");
  add("ey");
  return out;
}();

bool is_secret_name(std::string_view name) noexcept {
  std::array<char, kMaxName> buffer{};
  std::size_t n = 0;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.') continue;
    if (n == buffer.size()) return false;
    buffer[n++] = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string_view word(buffer.data(), n);
  if (std::find(kWholeNames.begin(), kWholeNames.end(), word) != kWholeNames.end()) return true;
  const auto ends = [word](std::string_view end) { return word.ends_with(end); };
  return std::any_of(kNameEnds.begin(), kNameEnds.end(), ends) &&
         std::none_of(kTokenizerWords.begin(), kTokenizerWords.end(), ends);
}

bool is_secret_query_name(std::string_view name) noexcept {
  return name == "key" || name == "code" || name == "sv" || name == "auth";
}

std::size_t token_length(std::string_view text) noexcept {
  if (text.size() < kShortestToken) return 0;
  if (!may_begin_token(text[0], text[1])) return 0;
  if (text.front() == 'e') return jwt_length(text);
  for (const auto& shape : kShapes) {
    if (text[0] != shape.prefix[0] || text[1] != shape.prefix[1] || !text.starts_with(shape.prefix)) continue;
    const auto rest = run_length(text.substr(shape.prefix.size()), shape.is_part);
    if (rest >= shape.min_rest) return shape.prefix.size() + rest;
  }
  return sk_length(text);
}

}  // namespace ambit::decode
