// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands.h"
#include "daemon_link.h"
#include "engine/filter.h"
#include "interrupt_fd.h"
#include "output.h"
#include "util/base64.h"
#include "util/fd.h"

namespace ambit::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string file, filter;
  std::int64_t duration_ms = 0;
  std::uint64_t max_bytes = 1ULL << 30;
  bool is_forced = false;
};

/// The file being written; what cannot be written is told once, and ends the recording.
class Output {
 public:
  /// Only its owner may read what programs did here. An earlier recording goes when the new one begins.
  static Result<Output> create(const Options& options) {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (options.is_forced ? 0 : O_EXCL);
    util::Fd fd(::open(options.file.c_str(), flags, 0600));
    if (!fd.valid()) {
      const char* hint = errno == EEXIST ? ": --force writes over it" : "";
      return Error{fmt::format("{}: {}{}", options.file, std::strerror(errno), hint)};
    }
    return Output(std::move(fd), options.file);
  }

  Status write(std::string_view bytes) {
    if (!has_begun_ && ::ftruncate(fd_.get(), 0) != 0) return Error{fmt::format("{}: {}", path_, std::strerror(errno))};
    has_begun_ = true;
    while (!bytes.empty()) {
      const auto n = ::write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Error{fmt::format("{}: {}", path_, std::strerror(errno))};
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return Ok{};
  }
  /// Leaves no empty file behind of a recording that never began.
  void give_up() {
    struct stat now {};
    if (!has_begun_ && ::fstat(fd_.get(), &now) == 0 && now.st_size == 0) ::unlink(path_.c_str());
  }
  Status finish() {
    if (::fsync(fd_.get()) != 0 && errno != EINVAL) return Error{fmt::format("{}: {}", path_, std::strerror(errno))};
    return Ok{};
  }

 private:
  Output(util::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  util::Fd fd_;
  std::string path_;
  bool has_begun_ = false;
};

/// While it lives, the first interrupt asks the daemon to end the recording, the second one leaves at once.
class Stopper {
 public:
  explicit Stopper(const control::Client& client)
      : client_(client),
        leave_(::eventfd(0, EFD_CLOEXEC)),
        done_(::eventfd(0, EFD_CLOEXEC)),
        thread_([this] { run(); }) {}
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;
  ~Stopper() { raise(done_); }
  /// Readable once the recording is to be left as it is.
  [[nodiscard]] int leave() const noexcept { return leave_.get(); }

 private:
  static void raise(const util::Fd& fd) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd.get(), &one, sizeof one);
  }
  bool waits_for_interrupt() {
    pollfd fds[] = {{interrupt_.get(), POLLIN, 0}, {done_.get(), POLLIN, 0}};
    while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
    }
    signalfd_siginfo taken{};
    [[maybe_unused]] const auto n = ::read(interrupt_.get(), &taken, sizeof taken);
    return fds[1].revents == 0;
  }
  void run() {
    if (!waits_for_interrupt()) return;
    if (!client_.call({{"op", "record_stop"}}).ok() || waits_for_interrupt()) raise(leave_);
  }

  const InterruptFd interrupt_;
  const control::Client& client_;
  util::Fd leave_, done_;
  std::jthread thread_;
};

int show_end(const json& end, const Options& options, const Context& context) {
  const auto dropped = end.value("dropped", std::uint64_t{0});
  if (context.is_json) {
    print_json(end);
  } else {
    print(fmt::format("{} events, {:.1f} MiB in {} (ended: {})\n", end.value("events", std::uint64_t{0}) - dropped,
                      static_cast<double>(end.value("bytes", std::uint64_t{0})) / (1 << 20), options.file,
                      end.value("reason", "")));
  }
  if (dropped == 0) return kFine;
  complain(
      fmt::format("{} events are missing: {} was written too slowly; the recording says where", dropped, options.file));
  return kDegraded;
}

int record(const Options& options, const Context& context) {
  if (const auto filter = engine::Filter::compile(options.filter); !filter) {
    complain(fmt::format("--filter: {}", filter.error().message));
    return kUsage;
  }
  const auto client = daemon_client(context);
  if (!client) return kUsage;
  auto output = Output::create(options);
  if (!output) {
    complain(output.error().message);
    return kUsage;
  }
  json end;
  std::string fault;
  const Stopper stopper(*client);
  const auto answer = client->stream(
      {{"op", "record"},
       {"filter", options.filter},
       {"duration_ms", options.duration_ms},
       {"max_bytes", options.max_bytes}},
      [&](std::string_view line) {
        const auto item = json::parse(line, nullptr, false);
        if (item.is_object() && item.contains("end")) {
          end = item["end"];
          return false;
        }
        const auto bytes = util::from_base64(item.is_object() ? item.value("data", "") : "");
        if (!bytes) {
          fault = "the daemon sent what is no part of a recording";
        } else if (const auto written = output->write(*bytes); !written.ok()) {
          fault = written.error().message;
        }
        return fault.empty();
      },
      stopper.leave());
  if (const auto finished = output->finish(); fault.empty() && !finished.ok()) fault = finished.error().message;
  if (!fault.empty()) {
    complain(fmt::format("{}; what was written until then can be replayed", fault));
    return kDegraded;
  }
  if (answer.fault == control::Fault::refused || answer.fault == control::Fault::not_running ||
      answer.fault == control::Fault::not_permitted) {
    output->give_up();
  }
  if (!answer.ok()) return finish(answer);
  if (end.is_null()) {
    complain(fmt::format("left before the end: {} has no end block", options.file));
    return kDegraded;
  }
  return show_end(end, options, context);
}

}  // namespace

Command add_record(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("record", "Record what the daemon judges, to be replayed; ends when interrupted");
  auto options = std::make_shared<Options>();
  command->add_option("-o,--output", options->file, "File to write")->type_name("FILE")->required();
  command
      ->add_option(
          "--filter", options->filter,
          "Keep only events that match, and those that later verdicts depend on: a condition in the rule language")
      ->type_name("EXPR");
  command->add_option("--duration", options->duration_ms, "End after this long: 500ms, 10s, 5m, 1h")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::int64_t>{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}},
          CLI::AsNumberWithUnit::UNIT_REQUIRED))
      ->type_name("TIME");
  command->add_option("--max-size", options->max_bytes, "End at about this many bytes (default 1GiB): 64MiB, 2GiB")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  command->add_flag("--force", options->is_forced, "Write over a file that is there");
  return {[options, &context] { return record(*options, context); }, command};
}

}  // namespace ambit::cli
