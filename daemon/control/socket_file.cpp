// SPDX-License-Identifier: Apache-2.0
#include "socket_file.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ambit::control {
namespace {

Error failure(const char* action, const std::string& path) {
  return {fmt::format("control: {} {}: {}", action, path, std::strerror(errno))};
}

/// A file may stand at the path only if it is a socket that refuses connections.
Status clear_path(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return Ok{};
    return failure("look at", path);
  }
  if (!S_ISSOCK(found.st_mode)) return Error{fmt::format("control: {} exists and is no socket", path)};
  const util::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return failure("open a socket for", path);
  const bool is_answered = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  // EAGAIN: somebody listens and its backlog is full.
  if (is_answered || errno == EAGAIN) return Error{fmt::format("control: another daemon answers on {}", path)};
  if (errno != ECONNREFUSED) return failure("try", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure("remove the stale socket", path);
  return Ok{};
}

}  // namespace

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{
        fmt::format("control: '{}' is no path for a unix socket (1 to {} bytes)", path, sizeof address.sun_path - 1)};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<util::Fd> listen_on(const std::string& path) {
  const auto address = socket_address(path);
  if (!address) return address.error();
  std::error_code ec;
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) {
    std::filesystem::create_directories(folder, ec);
    if (ec) return Error{fmt::format("control: make folder {}: {}", folder.string(), ec.message())};
  }
  if (auto cleared = clear_path(path, *address); !cleared) return cleared.error();
  util::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failure("open a socket for", path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    return failure("bind", path);
  }
  // Nobody can connect before listen(), so there is no moment at which another user could.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return failure("set the mode of", path);
  if (::listen(fd.get(), SOMAXCONN) != 0) return failure("listen on", path);
  return fd;
}

}  // namespace ambit::control
