// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "collector/collector.h"
#include "collector/fanotify_watch.h"
#include "collector/moved_files.h"
#include "collector/resolve.h"
#include "scope/judge.h"

namespace ambit::app {

/// Looks declared paths up on a thread of its own and sends the answers down the pipeline as `objects` events.
/// Directories that hold what was found are put under fanotify, so that a replaced object is noticed whoever replaces
/// it.
class ResolverWorker {
 public:
  /// `watch` may be null (no fanotify on this kernel). All must outlive the worker.
  ResolverWorker(collector::Collector& collector, collector::Identify identify, collector::FanotifyWatch* watch);
  ~ResolverWorker();
  ResolverWorker(const ResolverWorker&) = delete;
  ResolverWorker& operator=(const ResolverWorker&) = delete;

  /// Any thread; never blocks for I/O.
  void post(std::vector<scope::ResolveRequest> requests);
  /// True when nothing waits or runs.
  [[nodiscard]] bool is_idle() const;

 private:
  void run(const std::stop_token& stop);
  void resolve(const scope::ResolveRequest& request);
  bool watch_directories(const scope::ResolveRequest& request, const std::vector<ResolvedObject>& objects);

  collector::Collector& collector_;
  collector::Identify identify_;
  collector::FanotifyWatch* watch_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<scope::ResolveRequest> waiting_;
  bool busy_ = false;
  std::unordered_map<std::string, collector::MovedFiles> moved_;  ///< by scope; the worker's own
  std::unordered_set<std::string> watched_;                       ///< directories; the worker's own
  std::jthread thread_;                                           ///< last: it uses all of the above
};

}  // namespace ambit::app
