// SPDX-License-Identifier: Apache-2.0
#include "control/client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "control/answer.h"
#include "socket_file.h"

namespace ambit::control {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

Answer failed(Fault fault, std::string error) {
  return {json(), fault, std::move(error)};
}

Answer connect_failed(const std::string& path, int error) {
  if (error == ENOENT || error == ECONNREFUSED) {
    return failed(Fault::not_running,
                  fmt::format("no daemon listens on {}: is 'ambit run' (ambit.service) running?", path));
  }
  if (error == EACCES || error == EPERM) {
    return failed(Fault::not_permitted, fmt::format("no permission to open {}: try again as root", path));
  }
  return failed(Fault::broken, fmt::format("connect to {}: {}", path, std::strerror(error)));
}

/// One connection, read line by line.
class Connection {
 public:
  explicit Connection(const std::string& path) : path_(path) {}

  Answer open() {
    const auto address = socket_address(path_);
    if (!address) return failed(Fault::broken, address.error().message);
    fd_ = util::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd_.valid()) return failed(Fault::broken, fmt::format("open a socket: {}", std::strerror(errno)));
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
      return connect_failed(path_, errno);
    }
    return {};
  }

  Answer send(const json& request) {
    const auto line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    for (std::size_t sent = 0; sent < line.size();) {
      const auto n = ::send(fd_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed(Fault::broken, fmt::format("send to {}: {}", path_, std::strerror(errno)));
      sent += static_cast<std::size_t>(n);
    }
    return {};
  }

  enum class Read : std::uint8_t { line, closed, timed_out, woken };
  /// The next line without its line feed. `deadline` nullopt = wait for ever.
  Read read(std::string& line, std::optional<Clock::time_point> deadline, int wake_fd) {
    for (;;) {
      if (const auto end = input_.find('\n', searched_); end != std::string::npos) {
        line = input_.substr(0, end);
        input_.erase(0, end + 1);
        searched_ = 0;
        return Read::line;
      }
      searched_ = input_.size();
      pollfd fds[] = {{fd_.get(), POLLIN, 0}, {wake_fd, POLLIN, 0}};
      int wait_ms = -1;
      if (deadline) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()).count();
        wait_ms = static_cast<int>(std::max<std::int64_t>(0, left));
      }
      const int ready = ::poll(fds, 2, wait_ms);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return Read::timed_out;
      if (ready < 0) return Read::closed;
      if (fds[1].revents != 0) return Read::woken;
      char buffer[16384];
      const auto n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Read::closed;
      input_.append(buffer, static_cast<std::size_t>(n));
    }
  }

  [[nodiscard]] std::string no_answer(Read got) const {
    if (got == Read::timed_out) return fmt::format("the daemon on {} does not answer in time", path_);
    if (got == Read::woken) return "interrupted";
    return fmt::format("the daemon closed {} before it answered", path_);
  }

  Answer read_answer(std::optional<Clock::time_point> deadline, int wake_fd) {
    std::string line;
    if (const auto got = read(line, deadline, wake_fd); got != Read::line) return failed(Fault::broken, no_answer(got));
    auto body = json::parse(line, nullptr, false);
    if (!body.is_object() || !body.contains("ok")) {
      return failed(Fault::broken, fmt::format("no Ambit daemon speaks on {}", path_));
    }
    const bool is_ok = body["ok"] == true;
    body.erase("ok");
    if (is_ok) return {std::move(body), Fault::none, {}};
    const auto error = body.find("error");
    return failed(Fault::refused,
                  error != body.end() && error->is_string() ? error->get<std::string>() : "the daemon gave no reason");
  }

  /// Sends the request and reads its answer. A daemon that turns a client away answers and closes before it reads.
  Answer ask(const json& request, Clock::time_point deadline, int wake_fd) {
    auto sent = send(request);
    auto answer = read_answer(deadline, wake_fd);
    return sent.ok() || answer.fault == Fault::refused ? answer : sent;
  }

 private:
  std::string path_;
  util::Fd fd_;
  std::string input_;
  std::size_t searched_ = 0;
};

}  // namespace

Answer Client::call(const json& request, std::chrono::milliseconds timeout) const {
  const auto deadline = Clock::now() + timeout;
  Connection connection(path_);
  if (auto opened = connection.open(); !opened.ok()) return opened;
  return connection.ask(request, deadline, -1);
}

Answer Client::stream(const json& request, const std::function<bool(std::string_view)>& line, int wake_fd) const {
  Connection connection(path_);
  if (auto opened = connection.open(); !opened.ok()) return opened;
  auto answer = connection.ask(request, Clock::now() + std::chrono::seconds(10), wake_fd);
  if (!answer.ok()) return answer;
  std::string text;
  for (;;) {
    switch (connection.read(text, std::nullopt, wake_fd)) {
      case Connection::Read::line:
        if (!line(text)) return answer;
        break;
      case Connection::Read::woken:
        return answer;
      case Connection::Read::closed:
        return failed(Fault::broken, "the daemon closed the stream");
      case Connection::Read::timed_out:
        break;
    }
  }
}

}  // namespace ambit::control
