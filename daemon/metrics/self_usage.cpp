// SPDX-License-Identifier: Apache-2.0
#include "self_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace ambit::metrics {
namespace {

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

}  // namespace

SelfUsage read_self_usage() {
  SelfUsage out;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  // proc(5): the second number of statm is the resident set in pages. It includes the pages of the mapped ring.
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  std::ifstream statm("/proc/self/statm");
  if (statm >> total_pages >> resident_pages) {
    out.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return out;
}

}  // namespace ambit::metrics
