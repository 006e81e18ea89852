// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "transport.h"

namespace ambit::sink {

/// One thread for writes that may block (files, terminals), so that a slow disk does not stop the io_context. Answers
/// come back on the io_context, and none after forget().
class Worker {
 public:
  explicit Worker(boost::asio::io_context& io) : io_(io) {}
  ~Worker() { thread_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `job` runs on the thread and says what went wrong, if anything.
  template <class Job>
  void run(Job job, TransportDone done) {
    boost::asio::post(thread_, [this, job = std::move(job), done = std::move(done),
                                alive = std::weak_ptr(alive_)]() mutable {
      std::optional<TransportError> error = job();
      boost::asio::post(io_, [done = std::move(done), error = std::move(error), alive = std::move(alive)]() mutable {
        if (!alive.expired()) done(std::move(error));
      });
    });
  }
  void forget() { alive_ = std::make_shared<int>(); }
  void join() { thread_.join(); }

 private:
  boost::asio::io_context& io_;
  boost::asio::thread_pool thread_{1};
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace ambit::sink
