// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "util/diagnostics.h"

namespace ambit::config {

struct Documents {
  std::vector<util::Document> documents;
  std::vector<util::Diagnostic> diagnostics;
  [[nodiscard]] bool ok() const { return !util::has_errors(diagnostics); }
};

/// Reads the documents of a source. A configured file or folder that is missing or unreadable is an error at its
/// configuration line; a missing built-in default folder is a warning. Reads files: not for the pipeline thread.
Documents read_documents(const DocumentSource& source);

/// Reads files and folders named on a command line. `what` for messages.
Documents read_documents(std::span<const std::string> paths, const std::string& what);

/// What was compiled into the program from rules/, named "embedded:rules/detections/weights.yaml", sorted by name.
std::vector<util::Document> embedded(Embedded kind);

}  // namespace ambit::config
