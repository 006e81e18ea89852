// SPDX-License-Identifier: Apache-2.0
#include "util/socket_kind.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ambit::util {
namespace {

/// include/linux/socket.h; some are newer than the C library's header.
constexpr std::array<std::pair<std::uint16_t, std::string_view>, 13> kFamilies = {{{15, "key"},
                                                                                   {16, "netlink"},
                                                                                   {17, "packet"},
                                                                                   {21, "rds"},
                                                                                   {29, "can"},
                                                                                   {30, "tipc"},
                                                                                   {31, "bluetooth"},
                                                                                   {38, "alg"},
                                                                                   {39, "nfc"},
                                                                                   {40, "vsock"},
                                                                                   {42, "qipcrtr"},
                                                                                   {43, "smc"},
                                                                                   {44, "xdp"}}};
constexpr int kObsoletePacket = 10;  // SOCK_PACKET of AF_INET

std::string_view internet_kind(std::uint16_t type, std::uint16_t protocol) noexcept {
  const bool is_ping = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
  if (type == SOCK_STREAM) return protocol == IPPROTO_SCTP ? "sctp" : "tcp";
  if (type == SOCK_DGRAM) return is_ping ? "ping" : "udp";
  if (type == SOCK_SEQPACKET) return "sctp";
  return type == kObsoletePacket ? "packet" : "raw";
}

}  // namespace

std::string_view socket_kind(std::uint16_t family, std::uint16_t type, std::uint16_t protocol) noexcept {
  if (family == AF_UNIX) return "unix";
  if (family == AF_INET || family == AF_INET6) return internet_kind(type, protocol);
  const auto* const found =
      std::find_if(kFamilies.begin(), kFamilies.end(), [family](const auto& row) { return row.first == family; });
  return found == kFamilies.end() ? "other" : found->second;
}

const std::vector<std::string>& unusual_socket_kinds() {
  static const std::vector<std::string> kKinds = [] {
    std::vector<std::string> out = {"raw", "ping", "sctp", "other"};
    for (const auto& [family, name] : kFamilies) out.emplace_back(name);
    return out;
  }();
  return kKinds;
}

}  // namespace ambit::util
