// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ambit::util {

/// One thing wrong (or doubtful) in a text that a person wrote. Lines and columns count from 1; 0 = whole file.
struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  bool is_warning = false;
};

/// "file:line:column: error: message"
std::string to_string(const Diagnostic& d);
std::string to_string(const std::vector<Diagnostic>& all);
bool has_errors(const std::vector<Diagnostic>& all);

/// A text and where it came from.
struct Document {
  std::string file;
  std::string text;
};

/// The entry of `known` nearest to `word` by edit distance, "" where none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& known);
/// "unknown key 'x'; did you mean 'y'? known: a, b, c"
std::string unknown_word(std::string_view what, std::string_view word, const std::vector<std::string>& known);

}  // namespace ambit::util
