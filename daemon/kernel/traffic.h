// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <vector>

#include "kernel/sensor.h"
#include "object.h"

namespace ambit::kernel {

/// Bytes per process and peer, as the kernel half has added them up (bpf/traffic.bpf.c).
class Traffic {
 public:
  explicit Traffic(Object& object) : object_(object) {}

  /// See Sensor::take_traffic().
  Result<std::vector<ambit_traffic_row>> take();

 private:
  struct LinkDeleter {
    void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
  };
  using Link = std::unique_ptr<bpf_link, LinkDeleter>;

  Result<Link> attach(const char* program, const char* map);
  static Status read(const Link& link, std::vector<ambit_traffic_row>& rows);

  Object& object_;
  Link sockets_, traffic_;
};

}  // namespace ambit::kernel
