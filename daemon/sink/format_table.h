// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "sink/format.h"

namespace ambit::sink {

/// One row a format. To add one: a file with its function, a line here, a row in format.cpp.
struct Format {
  std::string_view name;
  /// `alert`: what alert::alert_json wrote, parsed. The result is one line of UTF-8.
  std::string (*render)(const nlohmann::ordered_json& alert, const FormatContext& context);
};
std::span<const Format> formats();

std::string render_ocsf(const nlohmann::ordered_json& alert, const FormatContext& context);
std::string render_json(const nlohmann::ordered_json& alert, const FormatContext& context);
std::string render_text(const nlohmann::ordered_json& alert, const FormatContext& context);

/// Access that never throws: what is missing or of another type is empty.
std::string text_of(const nlohmann::ordered_json& of, const char* key);
std::int64_t number_of(const nlohmann::ordered_json& of, const char* key);
bool is_true(const nlohmann::ordered_json& of, const char* key);
const nlohmann::ordered_json& part_of(const nlohmann::ordered_json& of, const char* key);
/// Texts of a list with `between` in between.
std::string joined(const nlohmann::ordered_json& of, const char* key, std::string_view between);
std::string dump(const nlohmann::ordered_json& value);

/// Leaves out the least telling evidence that is still there and notes it under "cut"; false when nothing more can go.
bool cut_evidence(nlohmann::ordered_json& alert);

}  // namespace ambit::sink
