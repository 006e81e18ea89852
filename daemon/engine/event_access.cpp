// SPDX-License-Identifier: Apache-2.0
#include "event_access.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <variant>

#include "ambit/abi/record.h"
#include "value_text.h"

namespace ambit::engine {
namespace {

std::optional<Side> side(std::uint16_t family, const Endpoint& end) noexcept {
  if ((family != AF_INET && family != AF_INET6) || end == Endpoint{}) return std::nullopt;
  return Side{make_address(family, end.address), end.port};
}

/// Hooks of the control group run before connect and send, those of the security modules before mprotect.
bool is_before_act(const Event& event) noexcept {
  switch (event.kind) {
    case EventKind::connect:
    case EventKind::send:
      return event.hook == AMBIT_HOOK_CGROUP_ADDR;
    case EventKind::mmap:
      return event.hook == AMBIT_HOOK_LSM || event.hook == AMBIT_HOOK_FENTRY;
    default:
      return false;
  }
}

/// Kinds without a result in their records, which tell acts that succeeded and no others.
bool is_told_when_done(EventKind kind) noexcept {
  return kind == EventKind::exec || kind == EventKind::fork || kind == EventKind::cred ||
         kind == EventKind::cgroup_attach || kind == EventKind::copy || kind == EventKind::io_uring;
}

}  // namespace

std::optional<std::int32_t> result_of(const Event& event) noexcept {
  if (is_before_act(event)) return std::nullopt;
  if (const auto* open = std::get_if<OpenFacts>(&event.facts)) return open->ret;
  if (const auto* names = std::get_if<NameFacts>(&event.facts)) return names->ret;
  if (const auto* mounted = std::get_if<MountFacts>(&event.facts)) return mounted->ret;
  if (const auto* net = std::get_if<NetFacts>(&event.facts)) return net->ret;
  if (const auto* trace = std::get_if<PtraceFacts>(&event.facts)) return trace->ret;
  if (const auto* act = std::get_if<ActFacts>(&event.facts))
    return static_cast<std::int32_t>(std::min<std::int64_t>(act->ret, std::numeric_limits<std::int32_t>::max()));
  return std::nullopt;
}

std::optional<std::int32_t> answer_of(const Event& event) noexcept {
  if (const auto result = result_of(event)) return result;
  if (is_before_act(event) && event.kind == EventKind::connect) return kAttempt;
  if (event.kind == EventKind::send || is_told_when_done(event.kind)) return 0;
  return std::nullopt;
}

std::string_view error_name(std::int32_t result) noexcept {
  if (result >= 0) return "SUCCESS";
  const char* name = strerrorname_np(-result);
  return name == nullptr ? "UNKNOWN" : name;
}

std::string_view hook_name(std::uint16_t hook) noexcept {
  static constexpr std::array<std::string_view, 15> kNames = {"none",
                                                              "tp_btf_sched",
                                                              "tp_btf_sys_exit",
                                                              "tp_btf_io_uring",
                                                              "tp_btf_cgroup",
                                                              "tp_btf_sock",
                                                              "cgroup_addr",
                                                              "cgroup_skb",
                                                              "iter",
                                                              "fanotify",
                                                              "user",
                                                              "tp_btf_signal",
                                                              "fexit_call",
                                                              "lsm",
                                                              "fentry"};
  return hook < kNames.size() ? kNames[hook] : std::string_view("unknown");
}

std::string_view arrival_name(std::uint32_t access) noexcept {
  if ((access & AMBIT_ACCESS_BY_HANDLE) != 0) return "by_handle";
  if ((access & AMBIT_ACCESS_RECEIVED) != 0) return "received";
  if ((access & AMBIT_ACCESS_TAKEN) != 0) return "taken";
  return (access & AMBIT_ACCESS_INHERITED) != 0 ? "inherited" : "opened";
}

std::string_view destination_name(const CopyFacts& copy) noexcept {
  switch (copy.to.mode & S_IFMT) {
    case S_IFIFO:
      return "pipe";
    case S_IFSOCK:
      return copy.family == AF_UNIX ? "unix" : "socket";
    default:
      return copy.to.nlink == 0 ? "memory" : "file";
  }
}

std::string_view hook_family(std::uint16_t hook) noexcept {
  if (hook == AMBIT_HOOK_NONE || hook == AMBIT_HOOK_FANOTIFY || hook == AMBIT_HOOK_USER) return "user";
  for (const std::string_view rich : {"lsm", "fentry", "fexit"}) {
    if (hook_name(hook).starts_with(rich)) return "rich";
  }
  return "base";
}

std::size_t quality_names(std::uint32_t quality, std::span<std::string_view> out) noexcept {
  static constexpr std::array<std::string_view, 14> kNames = {
      "path_cut",  "path_steps", "path_detached", "user_path", "argv_cut",      "inventory", "undecided",
      "protected", "compat",     "unattributed",  "user_addr", "target_number", "on_ambit",  "no_btf"};
  std::size_t count = 0;
  for (std::size_t i = 0; i < kNames.size() && count < out.size(); ++i) {
    if ((quality >> i & 1U) != 0) out[count++] = kNames[i];
  }
  return count;
}

std::vector<std::string_view> quality_names(std::uint32_t quality) {
  constexpr std::size_t kMost = 32;
  std::vector<std::string_view> out(kMost);
  out.resize(quality_names(quality, std::span(out)));
  return out;
}

Sides sides_of(const Event& event) noexcept {
  const auto* net = std::get_if<NetFacts>(&event.facts);
  if (net == nullptr) return {};
  Sides out;
  out.local = side(net->family, net->local);
  out.remote = side(net->family, net->remote);
  out.is_local_server = event.kind == EventKind::accept || event.kind == EventKind::listen ||
                        event.kind == EventKind::bind || net->is_server;
  return out;
}

std::string_view l4_name(const NetFacts& net) noexcept {
  if (net.family != AF_INET && net.family != AF_INET6) return {};
  switch (net.protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "icmp";
    default:
      break;
  }
  switch (net.sock_type) {
    case SOCK_STREAM:
      return "tcp";
    case SOCK_DGRAM:
      return "udp";
    case SOCK_RAW:
      return "raw";
    default:
      return {};
  }
}

}  // namespace ambit::engine
