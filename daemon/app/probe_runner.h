// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ambit/event.h"

namespace ambit::app {

/// Asks the readiness URLs of workloads in their load phase, once a second each, from the daemon's own network
/// namespace. A 2xx answer is `ready`; anything else, a refused connection or no answer within a second is not.
class ProbeRunner {
 public:
  struct Target {
    std::string scope;
    std::string url;  ///< http://host:port/path
  };
  /// `deliver` gets one event per answer that says ready; it runs on the io thread.
  ProbeRunner(boost::asio::io_context& io, std::function<void(ProbeFacts)> deliver);
  ~ProbeRunner();

  /// Replaces the targets; on the io thread.
  void set_targets(std::vector<Target> targets);

 private:
  void ask_all();
  void arm();

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  std::function<void(ProbeFacts)> deliver_;
  std::vector<Target> targets_;
};

}  // namespace ambit::app
