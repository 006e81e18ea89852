// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "ambit/result.h"
#include "object.h"

namespace ambit::kernel {

/// An iterator program over the elements of one map, run whenever its rows are read. One thread at a time.
class MapIterator {
 public:
  static Result<MapIterator> attach(const Object& object, const char* program, const char* map);

  /// Runs it over the whole map; adds what it wrote.
  template <class Row>
  Status read(std::vector<Row>& rows) const {
    return read_all(sizeof(Row), [&rows](std::span<const std::byte> row) {
      std::memcpy(static_cast<void*>(&rows.emplace_back()), row.data(), sizeof(Row));
    });
  }

 private:
  struct LinkDeleter {
    void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
  };
  explicit MapIterator(bpf_link* link) : link_(link) {}
  Status read_all(std::size_t row_bytes, const std::function<void(std::span<const std::byte>)>& on_row) const;

  std::unique_ptr<bpf_link, LinkDeleter> link_;
};

}  // namespace ambit::kernel
