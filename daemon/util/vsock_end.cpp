// SPDX-License-Identifier: Apache-2.0
#include "util/vsock_end.h"

#include <cstring>

namespace ambit::util {

std::optional<VsockEnd> vsock_end(const Endpoint& end) noexcept {
  VsockEnd out;
  std::memcpy(&out.cid, end.address.data(), sizeof(out.cid));
  std::memcpy(&out.port, end.address.data() + sizeof(out.cid), sizeof(out.port));
  if (out.cid == 0 && out.port == 0) return std::nullopt;
  return out;
}

std::string cid_text(std::uint32_t cid) {
  return cid == kAnyCid ? "any" : std::to_string(cid);
}

}  // namespace ambit::util
