// SPDX-License-Identifier: Apache-2.0
#include "traffic.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "util/fd.h"

namespace ambit::kernel {
namespace {

/// Rounds that an entry stays without new bytes: a pause of a connection costs no new entry, and one that is deleted
/// while bytes come would take them along.
constexpr std::uint32_t kIdleRounds = 3;

}  // namespace

Result<Traffic::Link> Traffic::attach(const char* program, const char* map) {
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<std::uint32_t>(object_.map_fd(map));
  DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options);
  options.link_info = &info;
  options.link_info_len = sizeof(info);
  bpf_program* loaded = object_.program(program);
  if (loaded == nullptr) return Error{fmt::format("run {}: not loaded", program)};
  Link link(bpf_program__attach_iter(loaded, &options));
  if (!link) return Error{fmt::format("attach {}: {}", program, std::strerror(errno))};
  return link;
}

Status Traffic::read(const Link& link, std::vector<ambit_traffic_row>& rows) {
  const util::Fd file(bpf_iter_create(bpf_link__fd(link.get())));
  if (!file.valid()) return Error{fmt::format("open an iterator: {}", std::strerror(errno))};
  std::vector<std::byte> bytes(64U << 10);
  std::size_t filled = 0;
  for (;;) {
    const ssize_t n = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return Error{fmt::format("read an iterator: {}", std::strerror(errno))};
    if (n == 0) return Ok{};
    filled += static_cast<std::size_t>(n);
    const std::size_t whole = filled / sizeof(ambit_traffic_row);
    const std::size_t at = rows.size();
    rows.resize(at + whole);
    std::memcpy(rows.data() + at, bytes.data(), whole * sizeof(ambit_traffic_row));
    filled -= whole * sizeof(ambit_traffic_row);
    std::memmove(bytes.data(), bytes.data() + whole * sizeof(ambit_traffic_row), filled);
  }
}

Result<std::vector<ambit_traffic_row>> Traffic::take() {
  if (!traffic_) {
    auto sockets = attach("iter__tcp_sockets", "tcp_sockets");
    if (!sockets) return sockets.error();
    auto traffic = attach("iter__traffic", "traffic");
    if (!traffic) return traffic.error();
    sockets_ = std::move(*sockets);
    traffic_ = std::move(*traffic);
  }
  std::vector<ambit_traffic_row> rows;
  if (auto status = read(sockets_, rows); !status) return status.error();
  if (auto status = read(traffic_, rows); !status) return status.error();
  const int map = object_.map_fd("traffic");
  std::erase_if(rows, [map](const ambit_traffic_row& row) {
    if (row.bytes_in != 0 || row.bytes_out != 0) return false;
    if (row.idle >= kIdleRounds) bpf_map_delete_elem(map, &row.key);
    return true;
  });
  return rows;
}

}  // namespace ambit::kernel
