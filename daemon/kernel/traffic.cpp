// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <bpf/bpf.h>

namespace ambit::kernel {
namespace {

/// Rounds that an entry stays without new bytes: a pause of a connection costs no new entry, and one that is deleted
/// while bytes come would take them along.
constexpr std::uint32_t kIdleRounds = 3;

}  // namespace

Result<std::vector<ambit_traffic_row>> Traffic::take() {
  if (!traffic_) {
    auto sockets = MapIterator::attach(object_, "iter__tcp_sockets", "tcp_sockets");
    if (!sockets) return sockets.error();
    auto traffic = MapIterator::attach(object_, "iter__traffic", "traffic");
    if (!traffic) return traffic.error();
    sockets_ = std::move(*sockets);
    traffic_ = std::move(*traffic);
  }
  std::vector<ambit_traffic_row> rows;
  if (auto status = sockets_->read(rows); !status) return status.error();
  if (auto status = traffic_->read(rows); !status) return status.error();
  const int map = object_.map_fd("traffic");
  std::erase_if(rows, [map](const ambit_traffic_row& row) {
    if (row.bytes_in != 0 || row.bytes_out != 0) return false;
    if (row.idle >= kIdleRounds) bpf_map_delete_elem(map, &row.key);
    return true;
  });
  return rows;
}

}  // namespace ambit::kernel
