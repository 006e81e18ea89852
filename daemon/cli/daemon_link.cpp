// SPDX-License-Identifier: Apache-2.0
#include "daemon_link.h"

#include "output.h"

namespace ambit::cli {

std::optional<config::Config> load_config(const Context& context) {
  auto loaded = config::load(context.config_files);
  if (loaded.ok()) return std::move(loaded.config);
  print_diagnostics(loaded.diagnostics);
  return std::nullopt;
}

std::optional<control::Client> daemon_client(const Context& context) {
  if (!context.socket.empty()) return control::Client(context.socket);
  const auto config = load_config(context);
  if (!config) return std::nullopt;
  return control::Client(config->control.socket);
}

int finish(const control::Answer& answer) {
  if (!answer.ok()) complain(answer.error);
  switch (answer.fault) {
    case control::Fault::none:
      return kFine;
    case control::Fault::not_permitted:
      return kPrivileges;
    case control::Fault::refused:
      return kUsage;
    case control::Fault::not_running:
    case control::Fault::broken:
      break;
  }
  return kDegraded;
}

}  // namespace ambit::cli
