// SPDX-License-Identifier: Apache-2.0
#include "known_table.h"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cstring>

#include "map_rows.h"

namespace ambit::kernel {

Status KnownTable::put(const ambit_known_key& key, const ambit_known& value) {
  if (bpf_map_update_elem(map_, &key, &value, BPF_ANY) == 0) return Ok{};
  ++refused_;
  return Error{fmt::format("remember process {}: {}", key.tgid, std::strerror(errno))};
}

void KnownTable::erase(const ambit_known_key& key) {
  bpf_map_delete_elem(map_, &key);
}

std::vector<KnownRow> KnownTable::rows() {
  return rows_of<ambit_known_key, ambit_known>(map_);
}

}  // namespace ambit::kernel
