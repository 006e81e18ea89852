// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/recorded_alerts.h"
#include "util/diagnostics.h"

namespace ambit::cli {

/// A recording and the alerts that rules are to give for it, as a file says:
///
///   recording: incident.ambit        # beside the file, or an absolute path
///   alerts:
///     - {rule: AMB-1101, workload: chat, count: 2}    # count: 1 unless given; 0 = none
///   others: refuse                   # or ignore: alerts that are not listed
struct RecordingTest {
  struct Expected {
    std::string rule, workload;
    bool is_any_workload = true;
    std::size_t count = 1;
    int line = 0;
  };
  std::string file, recording;
  int line = 0;
  std::vector<Expected> alerts;
  bool ignores_others = false;
};

/// Faults go to `diagnostics`.
std::vector<RecordingTest> read_recording_tests(const util::Document& document,
                                                std::vector<util::Diagnostic>& diagnostics);

/// Where the alerts differ from those expected, one a line of the file; none: they are as they should be.
std::vector<util::Diagnostic> differences(const RecordingTest& test, const RecordedAlerts& found);

}  // namespace ambit::cli
