// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <fmt/format.h>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ambit::cli {

using nlohmann::json;

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void complain(std::string_view text) {
  fmt::print(stderr, "ambit: {}\n", text);
}

void print_json(const json& value) {
  print(value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

void print_diagnostics(const std::vector<util::Diagnostic>& diagnostics) {
  for (const auto& d : diagnostics) fmt::print(stderr, "{}\n", util::to_string(d));
}

void print_faults(const std::vector<util::Diagnostic>& diagnostics, bool is_json) {
  is_json ? print_json({{"ok", false}, {"diagnostics", diagnostics_json(diagnostics)}})
          : print_diagnostics(diagnostics);
}

json diagnostics_json(const std::vector<util::Diagnostic>& diagnostics) {
  auto out = json::array();
  for (const auto& d : diagnostics) {
    out.push_back({{"file", d.file},
                   {"line", d.line},
                   {"column", d.column},
                   {"severity", d.is_warning ? "warning" : "error"},
                   {"message", d.message}});
  }
  return out;
}

}  // namespace ambit::cli
