// SPDX-License-Identifier: Apache-2.0
#include "decode/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "secret_filter.h"
#include "secret_words.h"

namespace ambit::decode {
namespace {

constexpr bool is_name_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.';
}
bool is_quote(char c) noexcept {
  return c == '"' || c == '\'';
}
bool ends_value(char c) noexcept {
  return c == '&' || c == ';' || c == ',' || c == '#' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || is_quote(c);
}

bool equals_nocase(std::string_view a, std::string_view lower) noexcept {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

constexpr std::uint8_t kSeparator = 1;  ///< a value behind its name or userinfo may follow
constexpr std::uint8_t kBoundary = 2;   ///< a word may begin behind it
constexpr auto kRoles = [] {
  std::array<std::uint8_t, 256> out{};
  out['='] = out[':'] = kSeparator;
  for (std::size_t c = 0; c < out.size(); ++c) {
    const bool is_inner = is_name_char(static_cast<char>(c)) && c != '-' && c != '_' && c != '.';
    if (!is_inner) out[c] |= kBoundary;
  }
  return out;
}();

/// Walks over a text once and copies it, secrets replaced.
class Redactor {
 public:
  explicit Redactor(std::string_view text) : text_(text) {}

  std::string run() {
    while (pass_over()) {
      if (is_word_start() && (skip_token() || skip_scheme_credentials())) continue;
      const char c = text_[at_];
      if (c == '-' && skip_private_key()) continue;
      if ((c == '=' || c == ':') && skip_named_value(c)) continue;
      if (c == ':' && skip_userinfo()) continue;
      ++at_;
    }
    if (copied_ == 0) return std::string(text_);
    out_ += text_.substr(copied_);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::uint8_t role(std::size_t at) const noexcept {
    return kRoles[static_cast<unsigned char>(text_[at])];
  }
  [[nodiscard]] bool is_word_start() const noexcept { return at_ == 0 || (role(at_ - 1) & kBoundary) != 0; }

  [[nodiscard]] bool is_pair(std::size_t at, char first, char second) const noexcept {
    return text_[at] == first && at + 1 < text_.size() && text_[at + 1] == second;
  }
  /// Of a word: a token, "Bearer", "Basic".
  [[nodiscard]] bool may_begin_word(std::size_t at) const noexcept {
    const char first = text_[at];
    return first == 'b' || first == 'B' || (at + 1 < text_.size() && may_begin_token(first, text_[at + 1]));
  }

  /// To the next byte at which something secret may begin; false where there is none. Every byte of every path of every
  /// record comes this way.
  bool pass_over() noexcept {
    auto at = at_;
    for (bool is_start = is_word_start(); at < text_.size(); is_start = true) {
      if (is_start && may_begin_word(at)) break;
      while (at < text_.size() && role(at) == 0) ++at;
      if (at == text_.size() || (role(at) & kSeparator) != 0 || is_pair(at, '-', '-')) break;
      ++at;
    }
    at_ = at;
    return at < text_.size();
  }

  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }

  /// Replaces [from, to) and goes on behind it. What was replaced before stays as it is.
  bool replace(std::size_t from, std::size_t to) {
    if (from >= to || text_.substr(from).starts_with(kRedacted)) return false;
    out_ += text_.substr(copied_, from - copied_);
    out_ += kRedacted;
    copied_ = to;
    at_ = to;
    return true;
  }

  bool skip_token() {
    const auto length = token_length(rest());
    return length > 0 && replace(at_, at_ + length);
  }

  /// "Bearer X", "Basic X".
  bool skip_scheme_credentials() {
    constexpr std::size_t kMinCredentials = 8;  // shorter words after "basic" are English
    if (text_[at_] != 'b' && text_[at_] != 'B') return false;
    for (const std::string_view scheme : {std::string_view("bearer "), std::string_view("basic ")}) {
      if (!equals_nocase(rest().substr(0, scheme.size()), scheme)) continue;
      const auto from = at_ + scheme.size();
      const auto to = value_end(from);
      return to - from >= kMinCredentials && replace(from, to);
    }
    return false;
  }

  [[nodiscard]] std::size_t value_end(std::size_t from) const noexcept {
    while (from < text_.size() && !ends_value(text_[from])) ++from;
    return from;
  }

  /// The word that ends before `end`, an enclosing quote left out ("key": value).
  [[nodiscard]] std::string_view name_before(std::size_t end) const noexcept {
    if (end > copied_ && is_quote(text_[end - 1])) --end;
    auto begin = end;
    while (begin > copied_ && is_name_char(text_[begin - 1])) --begin;
    return text_.substr(begin, end - begin);
  }

  /// name=value, name: value, "name": "value".
  bool skip_named_value(char separator) {
    const auto name = name_before(at_);
    if (name.empty()) return false;
    const auto begin = static_cast<std::size_t>(name.data() - text_.data());
    const bool in_query = separator == '=' && begin > 0 && (text_[begin - 1] == '?' || text_[begin - 1] == '&');
    if (!is_secret_name(name) && !(in_query && is_secret_query_name(name))) return false;
    auto from = at_ + 1;
    if (separator == ':') {
      if (rest().starts_with("://")) return false;
      while (from < text_.size() && text_[from] == ' ') ++from;
    }
    if (from >= text_.size()) return false;
    const bool is_header = separator == ':' && !is_quote(text_[from]) && is_header_name(name);
    const char quote = is_quote(text_[from]) ? text_[from++] : '\0';
    auto to = from;
    if (quote != '\0') {
      while (to < text_.size() && text_[to] != quote) ++to;
    } else if (is_header) {
      while (to < text_.size() && text_[to] != '\n' && text_[to] != '\r' && !is_quote(text_[to])) ++to;
    } else {
      to = value_end(from);
    }
    return replace(from, to);
  }

  /// The value of these reaches to the end of the line ("Authorization: Bearer X").
  static bool is_header_name(std::string_view name) noexcept {
    return equals_nocase(name, "authorization") || equals_nocase(name, "proxy-authorization") ||
           equals_nocase(name, "cookie") || equals_nocase(name, "set-cookie");
  }

  /// scheme://user:password@host
  bool skip_userinfo() {
    if (!rest().starts_with("://")) return false;
    const auto from = at_ + 3;
    auto end = from;
    auto last_at = std::string_view::npos;
    while (end < text_.size() && text_[end] != '/' && text_[end] != '?' && text_[end] != '#' && text_[end] != ' ' &&
           !is_quote(text_[end])) {
      if (text_[end] == '@') last_at = end;
      ++end;
    }
    return last_at != std::string_view::npos && replace(from, last_at);
  }

  bool skip_private_key() {
    if (!rest().starts_with("-----BEGIN ")) return false;
    const auto label = rest().substr(0, 64);
    if (label.find("PRIVATE KEY") == std::string_view::npos) return false;
    return replace(at_, text_.size());
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;  ///< input up to here is in out_
};

std::string_view base_name(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Programs whose short option takes a password, alone or glued to the option.
struct ShortOption {
  std::string_view program, option;
  bool user_and_password;  ///< the value is user:password
};
constexpr std::array<ShortOption, 9> kShortOptions = {{{"curl", "-u", true},
                                                       {"curl", "-U", true},
                                                       {"http", "-a", true},
                                                       {"https", "-a", true},
                                                       {"mysql", "-p", false},
                                                       {"mariadb", "-p", false},
                                                       {"mysqldump", "-p", false},
                                                       {"sshpass", "-p", false},
                                                       {"redis-cli", "-a", false}}};

std::string redact_after_colon(std::string_view value) {
  const auto colon = value.find(':');
  if (colon == std::string_view::npos) return std::string(value);
  return std::string(value.substr(0, colon + 1)).append(kRedacted);
}

/// Replaces what a short option of a known program carries. True when `argv[i]` or its successor was handled.
bool redact_short_option(std::vector<std::string>& argv, std::size_t i) {
  const auto program = base_name(argv.front());
  const auto& arg = argv[i];
  for (const auto& o : kShortOptions) {
    if (program != o.program || !arg.starts_with(o.option)) continue;
    if (arg.size() > o.option.size()) {
      const std::string value = arg.substr(o.option.size());
      argv[i] = std::string(o.option) + (o.user_and_password ? redact_after_colon(value) : std::string(kRedacted));
    } else if (i + 1 < argv.size()) {
      // mysql -p alone asks on the terminal, and the word behind it is the database.
      if (o.option == "-p" && program != "sshpass") return false;
      argv[i + 1] = o.user_and_password ? redact_after_colon(argv[i + 1]) : std::string(kRedacted);
    }
    return true;
  }
  return false;
}

/// "--password=X" and "PASSWORD=X" as one argument: all of X is the secret, whatever it holds.
bool redact_assignment(std::string& arg) {
  const auto equals = arg.find('=');
  if (equals == std::string::npos || equals + 1 == arg.size()) return false;
  const std::string_view name = std::string_view(arg).substr(0, equals);
  if (!std::all_of(name.begin(), name.end(), is_name_char) || !is_secret_name(name)) return false;
  arg.resize(equals + 1);
  arg += kRedacted;
  return true;
}

std::string_view option_name(std::string_view arg) noexcept {
  if (arg.size() < 2 || arg.front() != '-') return {};
  arg.remove_prefix(arg[1] == '-' ? 2 : 1);
  return arg;
}

}  // namespace

std::string redact_text(std::string_view text) {
  return may_hold_secret(text) ? redact_closely(text) : std::string(text);
}

std::string redact_closely(std::string_view text) {
  return Redactor(text).run();
}

std::vector<std::string> redact_argv(std::vector<std::string> argv) {
  for (auto& arg : argv) {
    if (!redact_assignment(arg)) arg = redact_text(arg);
  }
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const auto name = option_name(argv[i]);
    if (name.empty()) continue;
    if (redact_short_option(argv, i)) continue;
    const bool is_user = name == "user" || name == "proxy-user";
    if (i + 1 >= argv.size() || argv[i + 1].starts_with("--")) continue;
    if (is_user && base_name(argv.front()) == "curl") {
      argv[i + 1] = redact_after_colon(argv[i + 1]);
    } else if (name.find('=') == std::string_view::npos && is_secret_name(name)) {
      argv[i + 1] = kRedacted;
    }
  }
  return argv;
}

}  // namespace ambit::decode
