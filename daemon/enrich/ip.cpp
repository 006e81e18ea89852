// SPDX-License-Identifier: Apache-2.0
#include "enrich/ip.h"

#include <arpa/inet.h>

#include <algorithm>

namespace ambit::enrich {

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string z(text);
  IpAddress out;
  if (inet_pton(AF_INET, z.c_str(), out.bytes.data()) == 1) {
    out.family = AF_INET;
    return out;
  }
  if (inet_pton(AF_INET6, z.c_str(), out.bytes.data()) != 1) return std::nullopt;
  out.family = AF_INET6;
  const auto& b = out.bytes;
  const bool is_mapped =
      std::all_of(b.begin(), b.begin() + 10, [](auto x) { return x == 0; }) && b[10] == 0xff && b[11] == 0xff;
  if (is_mapped) {
    IpAddress inner;
    inner.family = AF_INET;
    std::copy(b.begin() + 12, b.end(), inner.bytes.begin());
    return inner;
  }
  return out;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (inet_ntop(address.family, address.bytes.data(), buffer.data(), buffer.size()) == nullptr) return {};
  return buffer.data();
}

}  // namespace ambit::enrich
