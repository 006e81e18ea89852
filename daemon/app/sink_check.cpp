// SPDX-License-Identifier: Apache-2.0
#include "sink_check.h"

#include "sink/sink.h"

namespace ambit::app {

std::vector<util::Diagnostic> check_sinks(const config::Config& config) {
  std::vector<util::Diagnostic> out;
  for (const auto& settings : config.sinks) {
    if (const auto status = sink::check(sink::make_config(settings)); !status.ok()) {
      out.push_back({settings.origin.file, settings.origin.line, 0, status.error().message});
    }
  }
  return out;
}

}  // namespace ambit::app
