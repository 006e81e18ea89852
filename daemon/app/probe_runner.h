// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ambit/event.h"
#include "ambit/result.h"
#include "scope/judge.h"

namespace ambit::app {

/// Asks whether workloads in their load phase are ready, once a second each: their URLs from the daemon's own network
/// namespace (a 2xx answer within a second is `ready`), and their units' service managers (see is_unit_active()).
class ProbeRunner {
 public:
  /// `deliver` gets one event per answer that says ready; it runs on the io thread. `workers` run what blocks; they
  /// have to be joined before the runner goes.
  ProbeRunner(boost::asio::io_context& io, boost::asio::thread_pool& workers, std::function<void(ProbeFacts)> deliver);
  ~ProbeRunner();

  /// Replaces the targets; on the io thread.
  void set_targets(std::vector<scope::ProbeSpec> targets);

 private:
  void ask_all();
  void ask_address(const scope::ProbeSpec& target);
  void ask_units(std::vector<scope::ProbeSpec> targets);
  void take_answer(const scope::ProbeSpec& target, const Result<bool>& is_active);
  void arm();

  boost::asio::io_context& io_;
  boost::asio::thread_pool& workers_;
  boost::asio::steady_timer timer_;
  std::function<void(ProbeFacts)> deliver_;
  std::vector<scope::ProbeSpec> targets_;
  bool units_are_asked_ = false;           ///< a worker is at it
  std::set<std::string> complaints_told_;  ///< each once
};

}  // namespace ambit::app
