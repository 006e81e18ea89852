// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ambit/judgement.h"
#include "control/server.h"
#include "engine/filter.h"

namespace ambit::app {

/// Those who follow events live (`ambit events`): each with its filter and its bounded stream.
class LiveEvents {
 public:
  enum class Form : std::uint8_t { text, json };

  /// `on_demand` is told whether anybody follows.
  explicit LiveEvents(std::function<void(bool)> on_demand) : on_demand_(std::move(on_demand)) {}

  /// [io thread]
  void add(engine::Filter filter, Form form, std::shared_ptr<control::Stream> stream);
  /// [pipeline thread] Queues the event for all whose filter matches.
  void publish(const JudgedEvent& event);

 private:
  struct Follower {
    engine::Filter filter;
    Form form;
    std::shared_ptr<control::Stream> stream;
  };
  std::function<void(bool)> on_demand_;
  std::mutex
      mutex_;  ///< guards the list; held for a copy of pointers on the io thread, for rendering on the pipeline's
  std::vector<Follower> followers_;
};

}  // namespace ambit::app
