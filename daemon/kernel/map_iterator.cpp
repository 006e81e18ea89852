// SPDX-License-Identifier: Apache-2.0
#include "map_iterator.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "util/fd.h"

namespace ambit::kernel {

Result<MapIterator> MapIterator::attach(const Object& object, const char* program, const char* map) {
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<std::uint32_t>(object.map_fd(map));
  bpf_iter_attach_opts options{};
  options.sz = sizeof(options);
  options.link_info = &info;
  options.link_info_len = sizeof(info);
  const bpf_program* loaded = object.program(program);
  if (loaded == nullptr) return Error{fmt::format("run {}: not loaded", program)};
  bpf_link* link = bpf_program__attach_iter(loaded, &options);
  if (link == nullptr) return Error{fmt::format("attach {}: {}", program, std::strerror(errno))};
  return MapIterator(link);
}

Status MapIterator::read_all(std::size_t row_bytes,
                             const std::function<void(std::span<const std::byte>)>& on_row) const {
  const util::Fd file(bpf_iter_create(bpf_link__fd(link_.get())));
  if (!file.valid()) return Error{fmt::format("open an iterator: {}", std::strerror(errno))};
  std::vector<std::byte> bytes(64U << 10);
  std::size_t filled = 0;
  for (;;) {
    const ssize_t n = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return Error{fmt::format("read an iterator: {}", std::strerror(errno))};
    if (n == 0) return Ok{};
    filled += static_cast<std::size_t>(n);
    std::size_t at = 0;
    for (; at + row_bytes <= filled; at += row_bytes) on_row({bytes.data() + at, row_bytes});
    filled -= at;
    std::memmove(bytes.data(), bytes.data() + at, filled);
  }
}

}  // namespace ambit::kernel
