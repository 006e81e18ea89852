// SPDX-License-Identifier: Apache-2.0
// Sockets and DNS messages.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

#include "decode/redact.h"
#include "dns_message.h"
#include "fold_path.h"
#include "reader.h"

namespace ambit::decode {
namespace {

using Address = std::array<std::uint8_t, 16>;

Address address_of(const __u8 (&bytes)[16]) noexcept {
  Address out{};
  std::copy(std::begin(bytes), std::end(bytes), out.begin());
  return out;
}

bool is_mapped(const Address& a) noexcept {
  return std::all_of(a.begin(), a.begin() + 10, [](std::uint8_t b) { return b == 0; }) && a[10] == 0xff &&
         a[11] == 0xff;
}

bool is_zero(const Address& a) noexcept {
  return std::all_of(a.begin(), a.end(), [](std::uint8_t b) { return b == 0; });
}

Address inner_ipv4(const Address& a) noexcept {
  Address out{};
  if (is_mapped(a)) std::copy(a.begin() + 12, a.end(), out.begin());
  return out;
}

/// ::ffff:a.b.c.d is the IPv4 address to the network, so it must be one to every rule and grant, too.
void unmap(std::uint16_t& family, Address& first, Address& second) noexcept {
  if (family != AF_INET6 || !(is_mapped(first) || is_mapped(second))) return;
  if (!(is_mapped(first) || is_zero(first)) || !(is_mapped(second) || is_zero(second))) return;
  family = AF_INET;
  first = inner_ipv4(first);
  second = inner_ipv4(second);
}

EventKind kind_of(std::uint16_t type) noexcept {
  switch (type) {
    case AMBIT_REC_SEND:
      return EventKind::send;
    case AMBIT_REC_BIND:
      return EventKind::bind;
    case AMBIT_REC_LISTEN:
      return EventKind::listen;
    case AMBIT_REC_ACCEPT:
      return EventKind::accept;
    case AMBIT_REC_SOCKET:
      return EventKind::socket;
    case AMBIT_REC_STDIO:
      return EventKind::stdio;
    case AMBIT_REC_CONNECT_RESULT:
      return EventKind::connect_result;
    default:
      return EventKind::connect;
  }
}

/// With what may be a secret.
std::string unix_path(std::string_view raw) {
  if (raw.empty()) return {};
  const bool is_abstract = raw.front() == '\0';
  if (is_abstract) raw.remove_prefix(1);
  // An abstract name may hold NULs and be padded with them; a path ends at the first.
  while (is_abstract && !raw.empty() && raw.back() == '\0') raw.remove_suffix(1);
  if (!is_abstract) raw = raw.substr(0, raw.find('\0'));
  return is_abstract ? std::string("@").append(raw) : absolute_path({}, raw);
}

}  // namespace

Status decode_net(Bytes record, std::uint16_t type, const Paths& paths, Event& event) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_net, path);
  ambit_rec_net r{};
  if (const auto status = read_fixed(record, kFixed, "socket", r); !status.ok()) return status.error();
  std::string_view path;
  if (!Tail(record, kFixed).take(r.path_len, path)) return length_error("socket", "path", r.path_len);
  if (r.path_len > sizeof(r.path)) return length_error("socket", "path", r.path_len);
  event.kind = kind_of(type);
  auto& f = begin_facts<NetFacts>(event);
  f.unix_path.clear();
  f.is_server = false;
  f.bytes_in = f.bytes_out = 0;
  f.family = r.family;
  f.sock_type = r.sock_type;
  f.protocol = r.protocol;
  f.local = {address_of(r.local), r.local_port};
  f.remote = {address_of(r.remote), r.remote_port};
  unmap(f.family, f.local.address, f.remote.address);
  if (r.family == AF_UNIX) {
    f.unix_path = unix_path(path);
    event.object = paths.redact(f.unix_path);
  } else {
    event.object = paths.of_socket(event.kind, f);
  }
  f.cookie = r.cookie;
  f.net_ns = r.net_ns;
  f.ret = r.ret;
  return Ok{};
}

Status read_dns(Bytes record, ambit_rec_dns& r, std::string_view& payload) {
  constexpr std::size_t kFixed = offsetof(ambit_rec_dns, payload);
  if (const auto status = read_fixed(record, kFixed, "dns", r); !status.ok()) return status.error();
  if (r.payload_len > AMBIT_DNS_PAYLOAD_MAX) return length_error("dns", "payload", r.payload_len);
  if (!Tail(record, kFixed).take(r.payload_len, payload)) return length_error("dns", "payload", r.payload_len);
  if (r.direction != AMBIT_DNS_QUESTION && r.direction != AMBIT_DNS_ANSWER) {
    return Error{fmt::format("decode dns: direction {} is not known", r.direction)};
  }
  return Ok{};
}

void fill_dns(const ambit_rec_dns& r, Bytes message, Event& event) {
  event.kind = EventKind::dns;
  auto& f = event.facts.emplace<DnsFacts>();
  f.is_answer = r.direction == AMBIT_DNS_ANSWER;
  f.is_tcp = r.h.type == AMBIT_REC_DNS_SEGMENT;
  f.cookie = r.cookie;
  f.family = r.family;
  f.server = address_of(r.server);
  f.server_port = r.server_port;
  f.local_port = r.local_port;
  Address unused{};
  unmap(f.family, f.server, unused);
  parse_dns_message(message, f);
  f.question = redact_text(f.question);
  for (auto& [owner, target] : f.cnames) {
    owner = redact_text(owner);
    target = redact_text(target);
  }
  for (auto& address : f.addresses) address.name = redact_text(address.name);
}

Status decode_dns(Bytes record, Event& event) {
  ambit_rec_dns r{};
  std::string_view payload;
  if (auto status = read_dns(record, r, payload); !status.ok()) return status;
  fill_dns(r, std::as_bytes(std::span(payload)), event);
  return Ok{};
}

}  // namespace ambit::decode
