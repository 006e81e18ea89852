// SPDX-License-Identifier: Apache-2.0
#include "sink/sink.h"

namespace ambit::sink {

std::string_view name_of(SinkState state) noexcept {
  switch (state) {
    case SinkState::starting:
      return "starting";
    case SinkState::ok:
      return "ok";
    case SinkState::down:
      return "down";
    case SinkState::unresolved:
      return "unresolved";
    case SinkState::stopped:
      return "stopped";
  }
  return "invalid";
}

}  // namespace ambit::sink
