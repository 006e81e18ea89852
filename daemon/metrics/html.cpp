// SPDX-License-Identifier: Apache-2.0
#include "html.h"

#include <fmt/format.h>

namespace ambit::metrics {
namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--warn:#9a6700;--bad:#cf222e}"
    "@media(prefers-color-scheme:dark){:root{--good:#3fb950;--warn:#d29922;--bad:#f85149}}"
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:78rem;padding:0 1rem}"
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--line);"
    "overflow-wrap:anywhere}th{font-weight:600}"
    ".good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad);font-weight:600}";

std::string class_of(std::string_view tone) {
  return tone.empty() ? std::string() : fmt::format(" class=\"{}\"", tone);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return out;
}

void Html::heading(std::string_view text) {
  body_ += fmt::format("<h2>{}</h2>\n", escape_html(text));
}

void Html::paragraph(std::string_view text, std::string_view tone) {
  body_ += fmt::format("<p{}>{}</p>\n", class_of(tone), escape_html(text));
}

void Html::begin_table(const std::vector<std::string_view>& columns) {
  body_ += "<div class=\"wide\"><table><thead><tr>";
  for (const auto column : columns) body_ += fmt::format("<th scope=\"col\">{}</th>", escape_html(column));
  body_ += "</tr></thead><tbody>\n";
}

void Html::row(const std::vector<Cell>& cells) {
  body_ += "<tr>";
  for (const auto& cell : cells) body_ += fmt::format("<td{}>{}</td>", class_of(cell.tone), escape_html(cell.text));
  body_ += "</tr>\n";
}

void Html::end_table() {
  body_ += "</tbody></table></div>\n";
}

std::string Html::page(std::string_view title) const {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">"
      "<meta http-equiv=\"refresh\" "
      "content=\"5\"><title>{0}</title><style>{1}</style></head>\n<body><h1>{0}</h1>\n{2}</body></html>\n",
      escape_html(title), kStyle, body_);
}

}  // namespace ambit::metrics
