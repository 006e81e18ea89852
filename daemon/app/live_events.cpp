// SPDX-License-Identifier: Apache-2.0
#include "live_events.h"

#include <nlohmann/json.hpp>

#include "engine/render.h"

namespace ambit::app {
namespace {

/// Names are bytes to the kernel: what is no UTF-8 is replaced, as a throw would end the pipeline.
std::string line_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void LiveEvents::add(engine::Filter filter, Form form, std::shared_ptr<control::Stream> stream) {
  {
    const std::lock_guard lock(mutex_);
    followers_.push_back({std::move(filter), form, std::move(stream)});
  }
  on_demand_(true);
}

void LiveEvents::publish(const JudgedEvent& event) {
  const std::lock_guard lock(mutex_);
  std::erase_if(followers_, [](const Follower& f) { return !f.stream->is_open(); });
  if (followers_.empty()) {
    on_demand_(false);
    return;
  }
  for (const auto& follower : followers_) {
    if (!follower.filter.matches(event)) continue;
    follower.stream->publish(follower.form == Form::json ? line_of(engine::event_json(event))
                                                         : line_of(engine::event_text(event)));
  }
}

}  // namespace ambit::app
