// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <variant>

#include "ambit/event.h"
#include "util/text_slots.h"

namespace ambit::util {

/// Slots of what events act on: the paths of opens, changes of names, copies, mounts and unix sockets; where a socket
/// connects, sends or accepts over IP, its family, kind, addresses and the server's port (the client's is another each
/// time).
class ObjectSlots {
 public:
  /// `places`: a power of two.
  explicit ObjectSlots(std::size_t places) : texts_(places) {}

  struct Slots {
    TextSlot first, second;
  };
  Slots of(const Event& event) {
    if (const auto* open = std::get_if<OpenFacts>(&event.facts)) return {texts_.get(open->path), {}};
    if (const auto* net = std::get_if<NetFacts>(&event.facts)) return {of_socket(event.kind, *net), {}};
    if (const auto* names = std::get_if<NameFacts>(&event.facts)) {
      const auto first = texts_.get(names->path);
      return {first, texts_.get(names->path2)};
    }
    if (const auto* copy = std::get_if<CopyFacts>(&event.facts)) return {texts_.get(copy->path), {}};
    if (const auto* mount = std::get_if<MountFacts>(&event.facts)) return {texts_.get(mount->path), {}};
    return {};
  }

 private:
  TextSlot of_socket(EventKind kind, const NetFacts& net) {
    if (net.family == AF_UNIX) return texts_.get(net.unix_path);
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

  TextSlots texts_;
};

}  // namespace ambit::util
