// SPDX-License-Identifier: Apache-2.0
// A file of lines. Each batch is on the disk (fdatasync) before it counts as delivered.
#include <utility>

#include "rotating_file.h"
#include "transport.h"
#include "worker.h"

namespace ambit::sink {
namespace {

std::optional<TransportError> error_of(const Status& status) {
  if (status.ok()) return std::nullopt;
  return TransportError{status.error().message};
}

class File : public Transport {
 public:
  explicit File(const TransportSetup& setup)
      : file_(setup.config.path, setup.config.rotate_bytes, setup.config.rotate_files), worker_(setup.io) {}

  void open(TransportDone done, TransportDone) override {
    worker_.run([this] { return error_of(file_.open()); }, std::move(done));
  }
  std::string frame(const ledger::OutboxMessage&, std::string text) const override { return text + '\n'; }
  void send(std::vector<std::string> messages, TransportDone done) override {
    const auto write = [this, messages = std::move(messages)]() -> std::optional<TransportError> {
      for (const std::string& line : messages) {
        if (const Status status = file_.append(line); !status) return error_of(status);
      }
      return error_of(file_.flush());
    };
    worker_.run(write, std::move(done));
  }
  void reopen() override {
    worker_.run(
        [this] {
          file_.close();
          return error_of(file_.open());
        },
        [](const auto&) {});  // a fault shows at the next send
  }
  void close() override { worker_.forget(); }
  void finish() override { worker_.join(); }

 private:
  RotatingFile file_;  // the worker's own, so it must outlive it
  Worker worker_;
};

}  // namespace

std::unique_ptr<Transport> make_file(const TransportSetup& setup) {
  return std::make_unique<File>(setup);
}

}  // namespace ambit::sink
