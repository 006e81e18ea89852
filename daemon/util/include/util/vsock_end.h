// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ambit/event.h"

namespace ambit::util {

/// One end of a vsock connection (vsock(7)).
struct VsockEnd {
  std::uint32_t cid = 0;  ///< the machine: 1 this one, 2 its host
  std::uint32_t port = 0;
};
inline constexpr std::uint32_t kAnyCid = ~0U;  ///< VMADDR_CID_ANY: of a listener that takes every peer

/// What an endpoint of family AF_VSOCK holds (ambit_rec_net); nothing where the kernel's types did not tell it.
std::optional<VsockEnd> vsock_end(const Endpoint& end) noexcept;

/// "3", or "any".
std::string cid_text(std::uint32_t cid);

}  // namespace ambit::util
