// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ambit::app {

/// Tells systemd (sd_notify(3)); nothing happens outside a Type=notify unit.
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_watchdog();
/// Half of WatchdogSec, the time between two keep-alives; nullopt when the unit has no watchdog.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace ambit::app
