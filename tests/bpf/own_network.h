// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace ambit::test {

/// Moves the act into a network namespace of its own, whose loopback is up: its ports are nobody else's. Makes a new
/// image, as every change of namespace does.
inline bool own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const int s = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool is_up = ::ioctl(s, SIOCSIFFLAGS, &request) == 0;
  ::close(s);
  return is_up;
}

}  // namespace ambit::test
