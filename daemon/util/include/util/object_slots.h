// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "ambit/event.h"
#include "util/text_slots.h"

namespace ambit::util {

/// Slots of what events act on: paths, and where a socket connects, sends or accepts over IP, its family, kind,
/// addresses and the server's port (the client's is another each time).
class ObjectSlots {
 public:
  /// `places`: a power of two.
  explicit ObjectSlots(std::size_t places) : texts_(places) {}

  /// As TextSlots::get().
  template <class MayKeep>
  TextSlot of_path(std::string_view path, MayKeep&& may_keep) {
    return texts_.get(path, std::forward<MayKeep>(may_keep));
  }
  TextSlot of_path(std::string_view path) { return texts_.get(path); }

  TextSlot of_socket(EventKind kind, const NetFacts& net) {
    const bool has_peer = kind == EventKind::connect || kind == EventKind::send || kind == EventKind::accept;
    if (!has_peer || (net.family != AF_INET && net.family != AF_INET6)) return {};
    const bool is_local_server = kind == EventKind::accept || net.is_server;
    const auto& server = is_local_server ? net.local : net.remote;
    const auto& client = is_local_server ? net.remote : net.local;
    // An end of address and port zero is none.
    const std::uint16_t has_client_port = client.port == 0 ? 0 : 1;
    const std::array<std::uint16_t, 6> numbers = {
        net.family,  net.sock_type,   net.protocol,
        server.port, has_client_port, is_local_server ? std::uint16_t{1} : std::uint16_t{0}};
    std::array<char, sizeof(numbers) + sizeof(server.address) + sizeof(client.address)> bytes{};
    std::memcpy(bytes.data(), numbers.data(), sizeof(numbers));
    std::memcpy(bytes.data() + sizeof(numbers), server.address.data(), sizeof(server.address));
    std::memcpy(bytes.data() + sizeof(numbers) + sizeof(server.address), client.address.data(), sizeof(client.address));
    return texts_.get({bytes.data(), bytes.size()});
  }

 private:
  TextSlots texts_;
};

}  // namespace ambit::util
