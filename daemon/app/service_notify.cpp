// SPDX-License-Identifier: Apache-2.0
#include "service_notify.h"

#include <systemd/sd-daemon.h>

#include <fmt/format.h>

namespace ambit::app {

void notify_ready(const std::string& status) {
  sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str());
}
void notify_status(const std::string& status) {
  sd_notify(0, fmt::format("STATUS={}", status).c_str());
}
void notify_reloading() {
  sd_notify(0, "RELOADING=1");
}
void notify_stopping() {
  sd_notify(0, "STOPPING=1");
}
void notify_watchdog() {
  sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) <= 0 || usec == 0) return std::nullopt;
  return std::chrono::microseconds(usec / 2);
}

}  // namespace ambit::app
