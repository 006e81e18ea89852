// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include "metrics/status.h"

namespace ambit::metrics {

/// The metrics that are read off a StatusReport at a scrape: states, depths, totals kept elsewhere. For one thread.
class ReportMetrics {
 public:
  explicit ReportMetrics(prometheus::Registry& registry);
  ~ReportMetrics();
  ReportMetrics(const ReportMetrics&) = delete;
  ReportMetrics& operator=(const ReportMetrics&) = delete;
  void update(const StatusReport& report);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ambit::metrics
