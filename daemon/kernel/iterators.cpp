// SPDX-License-Identifier: Apache-2.0
#include "iterators.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <tuple>

#include "util/fd.h"

namespace ambit::kernel {
namespace {

struct LinkDeleter {
  void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
};

Error system_error(std::string_view what) {
  return Error{fmt::format("{}: {}", what, std::strerror(errno))};
}

/// Calls back for each whole record in `bytes`, which lie end to end, with a copy aligned as in the ring; returns how
/// many bytes that took.
std::size_t split_records(std::span<const std::byte> bytes, const Sensor::RecordCallback& callback) {
  std::array<std::uint64_t, AMBIT_REC_MAX / sizeof(std::uint64_t)> aligned{};
  std::size_t used = 0;
  while (bytes.size() - used >= sizeof(ambit_rec_header)) {
    ambit_rec_header header{};
    std::memcpy(&header, bytes.data() + used, sizeof(header));
    if (header.size < sizeof(header) || header.size > bytes.size() - used || header.size > sizeof(aligned)) break;
    std::memcpy(aligned.data(), bytes.data() + used, header.size);
    callback(std::as_bytes(std::span(aligned)).first(header.size));
    used += header.size;
  }
  return used;
}

/// Port of one side of a listener or connection, apart by network namespace and free of the internet's families: a
/// dual-stack listener takes both. Ports of vsock are of another world.
using LocalPort = std::tuple<std::uint32_t, bool, std::uint32_t>;

/// Nothing where there is no port, or it is not known.
std::optional<LocalPort> local_port_of(const ambit_rec_net& net) {
  std::uint32_t port = net.local_port;
  if (net.family == AF_VSOCK) std::memcpy(&port, net.local + sizeof(port), sizeof(port));
  if (port == 0) return std::nullopt;
  return LocalPort{net.net_ns, net.family == AF_VSOCK, port};
}

/// One process's way to one object: the same file by two descriptors or by descriptor and mapping is told once.
using Held = std::tuple<std::uint32_t, FileId, std::uint32_t>;
std::optional<Held> held_by(std::span<const std::byte> record) {
  ambit_rec_header header{};
  std::memcpy(&header, record.data(), sizeof(header));
  if (header.type != AMBIT_REC_OPEN) return std::nullopt;
  ambit_rec_open open{};
  std::memcpy(static_cast<void*>(&open), record.data(), std::min(record.size(), sizeof(open)));
  return Held{header.tgid, {open.obj.dev, open.obj.ino}, open.access};
}

}  // namespace

bpf_program* Iterators::task_program() const {
  bpf_program* with_arguments = object_.program("iter__task_argv");
  return with_arguments != nullptr ? with_arguments : object_.program("iter__task");
}

Status Iterators::run(bpf_program* program, Filter filter, const Sensor::RecordCallback& callback) {
  if (program == nullptr) return Error{"run an iterator: not loaded"};
  const Globals& globals = object_.globals();
  *globals.iter_tgid = filter.tgid;
  *globals.iter_facts = static_cast<std::uint32_t>(filter.facts);

  bpf_iter_link_info info{};
  info.task.tid = 0;
  info.task.pid = filter.tgid;  // saves walking all others; kernels before 6.1 refuse it and the program filters
  bpf_iter_attach_opts options{};
  options.sz = sizeof(options);
  options.link_info = &info;
  options.link_info_len = sizeof(info);
  std::unique_ptr<bpf_link, LinkDeleter> link(bpf_program__attach_iter(program, filter.tgid != 0 ? &options : nullptr));
  if (!link) link.reset(bpf_program__attach_iter(program, nullptr));
  if (!link) return system_error(fmt::format("attach {}", bpf_program__name(program)));
  const util::Fd file(bpf_iter_create(bpf_link__fd(link.get())));
  if (!file.valid()) return system_error(fmt::format("open {}", bpf_program__name(program)));

  std::vector<std::byte> buffer(256U << 10);
  std::size_t filled = 0;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data() + filled, buffer.size() - filled);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return system_error(fmt::format("read {}", bpf_program__name(program)));
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
    const std::size_t used = split_records({buffer.data(), filled}, callback);
    std::memmove(buffer.data(), buffer.data() + used, filled - used);
    filled -= used;
  }
  return Ok{};
}

Status Iterators::inventory(const Sensor::RecordCallback& callback) {
  const std::lock_guard lock(mutex_);
  if (auto status = run(task_program(), {}, callback); !status) return status;
  std::set<Held> held;
  const auto unless_held = [&](std::span<const std::byte> record) {
    const auto key = held_by(record);
    if (!key || held.insert(*key).second) callback(record);
  };
  if (auto status = sockets_and_files(unless_held); !status) return status;
  return mapped_files(unless_held);
}

Status Iterators::mapped_files(const Sensor::RecordCallback& callback) {
  bpf_program* program = object_.program("iter__task_vma");
  return program == nullptr ? Status(Ok{}) : run(program, {}, callback);
}

Status Iterators::sockets_and_files(const Sensor::RecordCallback& callback) {
  std::set<LocalPort> listening;
  std::vector<std::vector<std::byte>> connections;
  auto status = run(object_.program("iter__task_file"), {}, [&](std::span<const std::byte> record) {
    ambit_rec_header header{};
    std::memcpy(&header, record.data(), sizeof(header));
    if (header.type == AMBIT_REC_CONNECT) {
      connections.emplace_back(record.begin(), record.end());
      return;
    }
    if (header.type == AMBIT_REC_LISTEN) {
      ambit_rec_net net{};
      std::memcpy(&net, record.data(), std::min(record.size(), sizeof(net)));
      if (const auto port = local_port_of(net)) listening.insert(*port);
    }
    callback(record);
  });
  if (!status) return status;
  // A connection from a port that somebody listens on was accepted, not made.
  for (auto& bytes : connections) {
    ambit_rec_net net{};
    std::memcpy(&net, bytes.data(), std::min(bytes.size(), sizeof(net)));
    if (const auto port = local_port_of(net); port && listening.contains(*port)) {
      net.h.type = AMBIT_REC_ACCEPT;
      std::memcpy(bytes.data(), &net.h, sizeof(net.h));
    }
    callback(bytes);
  }
  return Ok{};
}

Result<std::vector<FoundObject>> Iterators::identify(std::span<const int> fds) {
  const std::lock_guard lock(mutex_);
  std::vector<FoundObject> found(fds.size());
  const Filter self{static_cast<std::uint32_t>(::getpid()), Facts::without_paths};
  auto status = run(object_.program("iter__task_file"), self, [&](std::span<const std::byte> record) {
    ambit_rec_open open{};
    std::memcpy(&open, record.data(), std::min(record.size(), sizeof(open)));
    if (open.h.type != AMBIT_REC_OPEN) return;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i] == open.ret) found[i] = {open.obj, {open.real_dev, open.real_ino}};
    }
  });
  if (!status) return status.error();
  return found;
}

Result<ProcessRoot> Iterators::root_of(std::uint32_t tgid) {
  const std::lock_guard lock(mutex_);
  std::optional<ProcessRoot> root;
  auto status = run(task_program(), {tgid, Facts::all}, [&](std::span<const std::byte> record) {
    ambit_rec_exec exec{};
    std::memcpy(static_cast<void*>(&exec), record.data(), std::min(record.size(), sizeof(exec)));
    if (exec.h.tgid == tgid) root = ProcessRoot{{exec.root_dev, exec.root_ino}, exec.exe.mnt_ns};
  });
  if (!status) return status.error();
  if (!root) return Error{fmt::format("process {} is not there", tgid)};
  return *root;
}

}  // namespace ambit::kernel
