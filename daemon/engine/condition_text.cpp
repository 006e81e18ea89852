// SPDX-License-Identifier: Apache-2.0
#include "condition_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "syntax.h"

namespace ambit::engine {
namespace {

constexpr std::string_view kBlanks = " \t\n\r";
constexpr std::string_view kDelimiters = " \t\n\r(),=";

bool is_one_of(std::string_view set, char c) noexcept {
  return set.find(c) != std::string_view::npos;
}

}  // namespace

void ConditionText::append(const SourceText& source) {
  pieces_.push_back({text_.size(), &source, 0, false});
  text_ += source.text();
}

void ConditionText::append(const ConditionText& other) {
  for (auto piece : other.pieces_) {
    piece.begin += text_.size();
    pieces_.push_back(piece);
  }
  text_ += other.text_;
}

void ConditionText::append_at(std::string_view text, const SourceText* source, std::size_t offset) {
  pieces_.push_back({text_.size(), source, offset, true});
  text_ += text;
}

void ConditionText::append_plain(std::string_view text) {
  const auto* piece = pieces_.empty() ? nullptr : &pieces_.back();
  const bool is_fixed = piece == nullptr || piece->is_fixed;
  const auto end = piece == nullptr ? 0 : piece->offset + (is_fixed ? 0 : text_.size() - piece->begin);
  append_at(text, piece == nullptr ? nullptr : piece->source, end);
}

const ConditionText::Piece* ConditionText::piece_at(std::size_t offset) const noexcept {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                      [](std::size_t at, const Piece& piece) { return at < piece.begin; });
  return after == pieces_.begin() ? nullptr : &*std::prev(after);
}

util::Diagnostic ConditionText::at(std::size_t offset, std::string message, bool is_warning) const {
  const auto* piece = piece_at(offset);
  if (piece == nullptr || piece->source == nullptr) return {"", 0, 0, std::move(message), is_warning};
  const auto inside = piece->is_fixed ? piece->offset : piece->offset + (offset - piece->begin);
  return piece->source->at(inside, std::move(message), is_warning);
}

void Lists::add(std::string name, std::vector<std::string> items) {
  index_.emplace(name, entries_.size());
  entries_.push_back({std::move(name), std::move(items)});
}

const Lists::Entry* Lists::find(std::string_view name, std::size_t first, std::size_t& place) const {
  const auto found = index_.find(std::string(name));
  if (found == index_.end() || found->second < first) return nullptr;
  place = found->second;
  return &entries_[place];
}

std::string pasted_item(const std::string& item) {
  const bool has_blank = item.find(' ') != std::string::npos;
  return has_blank && item[0] != '"' && item[0] != '\'' ? '"' + item + '"' : item;
}

/// Reads the condition word by word. What is pasted is read again for the lists behind the pasted one only, because
/// Falco puts them in one after the other.
class ListPaster {
 public:
  ListPaster(const ConditionText& in, const Lists& lists, std::vector<util::Diagnostic>& warnings)
      : in_(in), lists_(lists), warnings_(warnings) {}

  ConditionText run() {
    const std::string_view text = in_.text();
    std::size_t at = 0;
    while (at < text.size()) {
      const auto begin = at;
      while (at < text.size() && !is_one_of(kDelimiters, text[at])) note_quote(text[at++]);
      if (at == begin) {
        copy(at, at + 1);
        ++at;
        continue;
      }
      std::size_t place = 0;
      const auto word = text.substr(begin, at - begin);
      const auto* list = lists_.find(word, 0, place);
      if (list == nullptr || out_.text().size() > kMaxConditionBytes) {
        copy(begin, at);
        continue;
      }
      warn_inside_quotes(word, begin);
      std::string pasted = joined(*list, place + 1);
      trim_end();
      while (at < text.size() && is_one_of(kBlanks, text[at])) ++at;
      if (pasted.empty()) drop_comma(text, at);
      put((out_.text().empty() ? "" : " ") + pasted + " ", begin);
    }
    return std::move(out_);
  }

 private:
  /// The items of a list, with later lists that they name in place.
  std::string joined(const Lists::Entry& list, std::size_t first) {
    std::string out;
    for (const auto& item : list.items) {
      if (out.size() > kMaxConditionBytes) return out;
      std::size_t place = 0;
      const auto* inner = lists_.find(item, first, place);
      const auto text = inner != nullptr ? joined(*inner, place + 1) : pasted_item(item);
      if (text.empty()) continue;
      if (!out.empty()) out += ", ";
      out += text;
    }
    return out;
  }

  /// `at` stands behind the name and its blanks.
  void drop_comma(std::string_view text, std::size_t& at) {
    if (out_.text_.ends_with(',')) {
      out_.text_.pop_back();
    } else if (at < text.size() && text[at] == ',') {
      ++at;
    }
  }

  void copy(std::size_t from, std::size_t to) {
    const auto* piece = in_.piece_at(from);
    const bool is_fixed = piece == nullptr || piece->is_fixed;
    const auto* source = piece == nullptr ? nullptr : piece->source;
    const auto offset = piece == nullptr ? 0 : piece->offset + (is_fixed ? 0 : from - piece->begin);
    // What follows on from the last piece is part of it.
    const bool goes_on = !out_.pieces_.empty() && !is_fixed && !out_.pieces_.back().is_fixed &&
                         out_.pieces_.back().source == source &&
                         out_.pieces_.back().offset + (out_.text_.size() - out_.pieces_.back().begin) == offset;
    if (!goes_on) out_.pieces_.push_back({out_.text_.size(), source, offset, is_fixed});
    out_.text_ += std::string_view(in_.text()).substr(from, to - from);
  }

  void put(const std::string& text, std::size_t from) {
    const auto* piece = in_.piece_at(from);
    const auto offset = piece == nullptr ? 0 : piece->offset + (piece->is_fixed ? 0 : from - piece->begin);
    out_.append_at(text, piece == nullptr ? nullptr : piece->source, offset);
  }

  void trim_end() {
    while (!out_.text_.empty() && is_one_of(kBlanks, out_.text_.back())) out_.text_.pop_back();
    while (!out_.pieces_.empty() && out_.pieces_.back().begin > out_.text_.size()) out_.pieces_.pop_back();
  }

  void note_quote(char c) noexcept {
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\' && quote_ != '\0') {
      is_escaped_ = true;
    } else if (quote_ == '\0' && (c == '"' || c == '\'')) {
      quote_ = c;
    } else if (c == quote_) {
      quote_ = '\0';
    }
  }

  void warn_inside_quotes(std::string_view word, std::size_t at) {
    if (quote_ == '\0') return;
    warnings_.push_back(in_.at(
        at, fmt::format("list '{}' is put into this quoted text, as in Falco: rename the list to keep the word", word),
        true));
  }

  const ConditionText& in_;
  const Lists& lists_;
  std::vector<util::Diagnostic>& warnings_;
  ConditionText out_;
  char quote_ = '\0';
  bool is_escaped_ = false;
};

ConditionText paste_lists(const ConditionText& condition, const Lists& lists, std::vector<util::Diagnostic>& warnings) {
  return ListPaster(condition, lists, warnings).run();
}

}  // namespace ambit::engine
