// SPDX-License-Identifier: Apache-2.0
#include "sink/delivery.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <utility>

#include "sink_loop.h"

namespace ambit::sink {

struct Delivery::Impl : std::enable_shared_from_this<Delivery::Impl> {
  Impl(boost::asio::io_context& io_in, ledger::Ledger& ledger_in, DeliveryOptions options_in)
      : io(io_in), ledger(ledger_in), options(std::move(options_in)) {
    if (!options.wall_clock) options.wall_clock = [] { return std::chrono::system_clock::now().time_since_epoch(); };
  }

  std::shared_ptr<SinkLoop> make(SinkConfig config) {
    return std::make_shared<SinkLoop>(io, ledger, std::move(config), options);
  }

  std::vector<std::shared_ptr<SinkLoop>> current() const {
    const std::lock_guard lock(mutex);
    return loops;
  }

  void register_names(const std::vector<SinkConfig>& configs) const {
    std::vector<std::string> names;
    names.reserve(configs.size());
    for (const SinkConfig& config : configs) names.push_back(config.name);
    ledger.register_sinks(names);
  }

  void replace(std::vector<SinkConfig> configs) {
    if (is_stopped) return;
    std::vector<std::shared_ptr<SinkLoop>> old = current(), fresh, next;
    for (const auto& loop : old) {
      if (std::find(configs.begin(), configs.end(), loop->config()) == configs.end()) loop->stop();
    }
    register_names(configs);
    for (SinkConfig& config : configs) {
      const auto same =
          std::find_if(old.begin(), old.end(), [&](const auto& loop) { return loop->config() == config; });
      if (same != old.end()) {
        next.push_back(*same);
      } else {
        next.push_back(fresh.emplace_back(make(std::move(config))));
      }
    }
    {
      const std::lock_guard lock(mutex);
      loops = std::move(next);
    }
    for (const auto& loop : fresh) loop->start();
  }

  // Many commits, one wake-up.
  void wake_soon() {
    if (is_wake_posted.exchange(true)) return;
    boost::asio::post(io, [self = shared_from_this()] {
      self->is_wake_posted = false;
      for (const auto& loop : self->current()) loop->wake();
    });
  }

  void drain(std::chrono::steady_clock::time_point until, std::function<void()> done) {
    const auto all = current();
    const bool is_idle = std::all_of(all.begin(), all.end(), [](const auto& loop) { return loop->is_idle(); });
    if (is_idle || std::chrono::steady_clock::now() >= until) return done();
    auto timer = std::make_shared<boost::asio::steady_timer>(io, std::chrono::milliseconds(10));
    timer->async_wait([self = shared_from_this(), timer, until, done = std::move(done)](const auto&) mutable {
      self->drain(until, std::move(done));
    });
  }

  boost::asio::io_context& io;
  ledger::Ledger& ledger;
  DeliveryOptions options;
  mutable std::mutex mutex;
  std::vector<std::shared_ptr<SinkLoop>> loops;
  std::atomic<bool> is_wake_posted{false};
  bool is_stopped = false;
};

Delivery::Delivery(boost::asio::io_context& io, ledger::Ledger& ledger, std::vector<SinkConfig> sinks,
                   DeliveryOptions options)
    : impl_(std::make_shared<Impl>(io, ledger, std::move(options))) {
  // At once, so that what is committed before start() is kept for them.
  impl_->register_names(sinks);
  for (SinkConfig& config : sinks) impl_->loops.push_back(impl_->make(std::move(config)));
}

Delivery::~Delivery() {
  stop();
}

void Delivery::start() {
  impl_->ledger.set_listener([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->wake_soon();
  });
  boost::asio::post(impl_->io, [impl = impl_] {
    if (impl->is_stopped) return;
    for (const auto& loop : impl->current()) loop->start();
  });
}

void Delivery::reconfigure(std::vector<SinkConfig> sinks) {
  boost::asio::post(impl_->io, [impl = impl_, sinks = std::move(sinks)]() mutable { impl->replace(std::move(sinks)); });
}

void Delivery::reopen() {
  boost::asio::post(impl_->io, [impl = impl_] {
    for (const auto& loop : impl->current()) loop->reopen();
  });
}

void Delivery::drain(std::chrono::milliseconds limit, std::function<void()> done) {
  const auto until = std::chrono::steady_clock::now() + limit;
  boost::asio::post(impl_->io,
                    [impl = impl_, until, done = std::move(done)]() mutable { impl->drain(until, std::move(done)); });
}

void Delivery::stop() {
  if (impl_->is_stopped) return;
  impl_->is_stopped = true;
  impl_->ledger.set_listener({});
  for (const auto& loop : impl_->current()) loop->stop();
}

std::vector<SinkStatus> Delivery::status() const {
  std::vector<SinkStatus> out;
  for (const auto& loop : impl_->current()) out.push_back(loop->status());
  return out;
}

}  // namespace ambit::sink
