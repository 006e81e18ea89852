// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "definitions.h"
#include "syntax.h"

namespace ambit::engine {
namespace {

using Diagnostics = std::vector<util::Diagnostic>;

bool check_operator(const SourceText& word, bool needs_list, const std::string& what, Diagnostics& diagnostics) {
  const auto op = operator_of(word.text());
  if (op == Operator::exists) {
    diagnostics.push_back(word.at(0, what + ": 'exists' takes no values, so an exception cannot compare with it"));
    return false;
  }
  if (!op) {
    diagnostics.push_back(
        word.at(0, fmt::format("{}: {}", what, util::unknown_word("operator", word.text(), operator_names()))));
    return false;
  }
  if (needs_list && !takes_list(*op)) {
    diagnostics.push_back(
        word.at(0, fmt::format("{}: with one field, comps is in, intersects or pmatch, not '{}'", what, word.text())));
    return false;
  }
  return true;
}

std::string comp_of(const ExceptionDef& def, std::size_t i) {
  if (def.comps) return def.comps->texts[i].text();
  return def.fields->is_list ? "=" : "in";
}

void paste(ConditionText& out, const SourceText& value, const std::string& text) {
  out.append_at(text, &value, 0);
}

/// ("(f in (" v ", " v "))"): one field against all values.
void append_flat(ConditionText& out, const ExceptionDef& def) {
  const auto& field = def.fields->texts.front();
  out.append_plain(" and not (");
  out.append_at(field.text(), &field, 0);
  out.append_plain(" " + comp_of(def, 0) + " (");
  bool is_first = true;
  for (const auto& row : def.rows) {
    for (const auto& cell : row) {
      for (const auto& value : cell.texts) {
        if (!is_first) out.append_plain(", ");
        paste(out, value, pasted_item(value.text()));
        is_first = false;
      }
    }
  }
  out.append_plain("))");
}

void append_cell(ConditionText& out, const TextOrList& cell, bool takes_a_list) {
  if (cell.is_list) {
    out.append_plain("(");
    for (std::size_t i = 0; i < cell.texts.size(); ++i) {
      if (i > 0) out.append_plain(", ");
      paste(out, cell.texts[i], pasted_item(cell.texts[i].text()));
    }
    out.append_plain(")");
    return;
  }
  const auto& value = cell.texts.front();
  const bool has_parentheses = value.text().starts_with('(');
  const auto text = !takes_a_list     ? pasted_item(value.text())
                    : has_parentheses ? value.text()
                                      : "(" + value.text() + ")";
  paste(out, value, text);
}

void append_rows(ConditionText& out, const ExceptionDef& def) {
  out.append_plain(" and not (");
  for (std::size_t r = 0; r < def.rows.size(); ++r) {
    out.append_plain(r == 0 ? "(" : " or (");
    for (std::size_t i = 0; i < def.fields->texts.size(); ++i) {
      const auto& field = def.fields->texts[i];
      const auto comp = comp_of(def, i);
      if (i > 0) out.append_plain(" and ");
      out.append_at(field.text(), &field, 0);
      out.append_plain(" " + comp + " ");
      append_cell(out, def.rows[r][i], takes_list(operator_of(comp).value_or(Operator::equal)));
    }
    out.append_plain(")");
  }
  out.append_plain(")");
}

bool check_rows(const ExceptionDef& def, const std::string& what, Diagnostics& diagnostics) {
  bool good = true;
  const auto width = def.fields->texts.size();
  for (const auto& row : def.rows) {
    const auto& place = row.empty() || row.front().texts.empty() ? def.name : row.front().texts.front();
    if (!def.fields->is_list) {
      const bool is_flat = row.size() == 1 && !row.front().is_list;
      if (!is_flat) diagnostics.push_back(place.at(0, what + ": with one field, values is a list of texts"));
      good = good && is_flat;
    } else if (row.size() != width) {
      diagnostics.push_back(
          place.at(0, fmt::format("{}: a row of values has {} entries for {} fields", what, row.size(), width)));
      good = false;
    } else {
      good = std::all_of(row.begin(), row.end(), [](const auto& c) { return c.is_list || !c.texts.empty(); }) && good;
    }
  }
  return good;
}

}  // namespace

bool check_exception(const ExceptionDef& def, std::string_view rule, Diagnostics& diagnostics) {
  const auto what = fmt::format("rule '{}': exception '{}'", rule, def.name.text());
  if (!def.fields || def.fields->texts.empty()) {
    diagnostics.push_back(def.name.at(0, what + ": a new exception needs 'fields'"));
    return false;
  }
  if (!def.comps) return true;
  if (def.comps->is_list != def.fields->is_list || def.comps->texts.size() != def.fields->texts.size()) {
    diagnostics.push_back(
        def.name.at(0, what + ": 'fields' and 'comps' must both be one text, or lists of one length"));
    return false;
  }
  return std::all_of(def.comps->texts.begin(), def.comps->texts.end(), [&](const SourceText& word) {
    return check_operator(word, !def.fields->is_list, what, diagnostics);
  });
}

ConditionText with_exceptions(const DefinedRule& rule, Diagnostics& diagnostics) {
  if (rule.exceptions.empty()) return rule.condition;
  ConditionText out;
  out.append_plain("(");
  out.append(rule.condition);
  out.append_plain(")");
  for (const auto& def : rule.exceptions) {
    const auto what = fmt::format("rule '{}': exception '{}'", rule.name, def.name.text());
    if (def.rows.empty() || !check_rows(def, what, diagnostics)) continue;
    def.fields->is_list ? append_rows(out, def) : append_flat(out, def);
  }
  return out;
}

}  // namespace ambit::engine
