// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iterator>
#include <span>
#include <string_view>

namespace ambit::config {

/// One file of rules/ as the build wrote it into the program (embed.cmake).
struct EmbeddedFile {
  std::string_view name, text;
};

std::span<const EmbeddedFile> embedded_detections();
std::span<const EmbeddedFile> embedded_catalog();
std::span<const EmbeddedFile> embedded_packs();

}  // namespace ambit::config
