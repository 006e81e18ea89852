// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

namespace ambit::ledger {

std::string_view name_of(State state) noexcept {
  switch (state) {
    case State::ok:
      return "ok";
    case State::on_reserve:
      return "on_reserve";
    case State::failed:
      return "failed";
  }
  return "invalid";
}

}  // namespace ambit::ledger
