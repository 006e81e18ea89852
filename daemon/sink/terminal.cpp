// SPDX-License-Identifier: Apache-2.0
// Standard output: one message a line.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "transport.h"
#include "worker.h"

namespace ambit::sink {
namespace {

// A terminal that was stopped (Ctrl-S) or a full pipe must not hold the thread for ever: writes wait for room first,
// and up to PIPE_BUF bytes then go without blocking (pipe(7)).
std::optional<TransportError> write_all(std::string_view bytes, std::chrono::milliseconds limit) {
  while (!bytes.empty()) {
    pollfd ready{STDOUT_FILENO, POLLOUT, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(limit.count()));
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) return TransportError{"standard output takes nothing"};
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return TransportError{fmt::format("write to standard output: {}", std::strerror(errno))};
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

class Terminal : public Transport {
 public:
  explicit Terminal(const TransportSetup& setup) : limit_(setup.timing.confirm / 10), worker_(setup.io) {}

  void open(TransportDone done, TransportDone) override {
    worker_.run([] { return std::optional<TransportError>(); }, std::move(done));
  }
  std::string frame(const ledger::OutboxMessage&, std::string text) const override { return text + '\n'; }
  void send(std::vector<std::string> messages, TransportDone done) override {
    worker_.run([limit = limit_, text = fmt::format("{}", fmt::join(messages, ""))] { return write_all(text, limit); },
                std::move(done));
  }
  void close() override { worker_.forget(); }
  void finish() override { worker_.join(); }

 private:
  std::chrono::milliseconds limit_;
  Worker worker_;
};

}  // namespace

std::unique_ptr<Transport> make_terminal(const TransportSetup& setup) {
  return std::make_unique<Terminal>(setup);
}

}  // namespace ambit::sink
