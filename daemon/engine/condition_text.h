// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source_text.h"

namespace ambit::engine {

/// A condition's text put together from where its parts were written (appended, excepted, lists in place), so that a
/// fault is told at the part's own file, line and column. The sources must outlive it.
class ConditionText {
 public:
  ConditionText() = default;
  explicit ConditionText(const SourceText& source) { append(source); }

  /// All of `source`, each place of its own.
  void append(const SourceText& source);
  void append(const ConditionText& other);
  /// Text that is not in the source as it stands: all of it is told at `offset` of `source`.
  void append_at(std::string_view text, const SourceText* source, std::size_t offset);
  /// Text without a place of its own: told where what stands before it was written.
  void append_plain(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] util::Diagnostic at(std::size_t offset, std::string message, bool is_warning = false) const;

 private:
  friend class ListPaster;
  struct Piece {
    std::size_t begin = 0;
    const SourceText* source = nullptr;
    std::size_t offset = 0;
    bool is_fixed = false;  ///< all of it is told at `offset`
  };
  [[nodiscard]] const Piece* piece_at(std::size_t offset) const noexcept;

  std::string text_;
  std::vector<Piece> pieces_;
};

/// The lists of a rule set in the order of their first definition, items as conditions will see them.
class Lists {
 public:
  void add(std::string name, std::vector<std::string> items);
  [[nodiscard]] bool has(std::string_view name) const { return index_.find(std::string(name)) != index_.end(); }

  struct Entry {
    std::string name;
    std::vector<std::string> items;
  };
  /// nullptr when there is none of that name, or only one before `first`.
  [[nodiscard]] const Entry* find(std::string_view name, std::size_t first, std::size_t& place) const;

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
};

/// Puts lists where their names stand between blanks, parentheses, commas or `=`: in Falco's way, as text, one list
/// after the other, inside quoted texts too (`warnings` says so), an empty list together with one comma beside it.
ConditionText paste_lists(const ConditionText& condition, const Lists& lists, std::vector<util::Diagnostic>& warnings);

/// An item as it is pasted: in quotes where it holds a blank and does not begin with a quote.
std::string pasted_item(const std::string& item);

}  // namespace ambit::engine
