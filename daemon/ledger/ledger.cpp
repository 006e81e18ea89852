// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cstring>
#include <utility>

#include "reader.h"
#include "util/fd.h"
#include "writer.h"

namespace ambit::ledger {

struct Ledger::Impl {
  util::Fd lock;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<Connection> outbox, queries;  // a slow query must not hold up a sink
};

namespace {

Result<util::Fd> lock_file(const std::string& path) {
  util::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return Error{fmt::format("open {}: {}", path, std::strerror(errno))};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return Error{
      fmt::format("lock {}: {}", path, errno == EWOULDBLOCK ? "another ambit uses this ledger" : std::strerror(errno))};
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(Options options, Hooks hooks) {
  auto impl = std::make_unique<Impl>();
  Result<util::Fd> lock = lock_file(options.path + ".lock");
  if (!lock) return lock.error();
  impl->lock = std::move(lock).value();
  const std::string path = options.path;
  Result<std::unique_ptr<Store>> store = Store::open(path);
  if (!store) return store.error();
  impl->writer = std::make_unique<Writer>(std::move(options), std::move(hooks), std::move(store).value());
  if (const Status status = impl->writer->recover(); !status) return status.error();
  for (auto* connection : {&impl->outbox, &impl->queries}) {
    Result<std::unique_ptr<Connection>> opened = Connection::open(path);
    if (!opened) return opened.error();
    *connection = std::move(opened).value();
  }
  impl->writer->start();
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Ledger::~Ledger() {
  // Readers first: the last connection to close folds the log into the database file.
  impl_->outbox.reset();
  impl_->queries.reset();
}

void Ledger::begin_ring(std::uint64_t generation) {
  impl_->writer->begin_ring(generation);
}
std::string Ledger::loss_totals() const {
  return impl_->writer->loss_totals();
}
std::optional<WallTime> Ledger::former_end() const {
  return impl_->writer->former_end();
}
void Ledger::submit(Batch batch) {
  impl_->writer->submit(std::move(batch));
}
void Ledger::sync() {
  impl_->writer->sync();
}
std::uint64_t Ledger::committed_position() const noexcept {
  return impl_->writer->committed_position();
}
std::uint64_t Ledger::releasable_position() const noexcept {
  return impl_->writer->releasable_position();
}
bool Ledger::is_lagging() const noexcept {
  return impl_->writer->is_lagging();
}
LedgerStatus Ledger::status() const {
  return impl_->writer->status();
}
std::chrono::nanoseconds Ledger::id_clock(std::chrono::nanoseconds proposed) {
  return impl_->writer->id_clock(proposed);
}
void Ledger::set_listener(std::function<void()> listener) {
  impl_->writer->set_listener(std::move(listener));
}
std::uint64_t Ledger::last_sequence() const noexcept {
  return impl_->writer->last_sequence();
}

Result<std::vector<OutboxMessage>> Ledger::read_outbox(std::uint64_t sequence, std::size_t limit) {
  const std::uint64_t last = last_sequence();
  const std::vector<OutboxMessage> waiting = impl_->writer->memory.after(sequence, limit);
  Result<std::vector<OutboxMessage>> stored = impl_->outbox->read_outbox(sequence, limit);
  if (!stored) {
    if (waiting.empty()) return stored;
    return waiting;
  }
  std::erase_if(*stored, [&](const OutboxMessage& m) { return m.sequence > last; });
  for (const OutboxMessage& m : waiting) {
    if (stored->size() < limit && (stored->empty() || stored->back().sequence < m.sequence)) stored->push_back(m);
  }
  return stored;
}

void Ledger::register_sinks(const std::vector<std::string>& names) {
  impl_->writer->cursors.register_sinks(names, impl_->writer->first_sequence() - 1);
}
std::uint64_t Ledger::cursor(const std::string& sink) const {
  return impl_->writer->cursors.get(sink);
}
void Ledger::set_cursor(const std::string& sink, std::uint64_t sequence) {
  impl_->writer->cursors.set(sink, sequence);
}

Result<StoredAlert> Ledger::find_alert(std::string_view id) {
  Result<StoredAlert> stored = impl_->queries->find_alert(id);
  if (stored) return stored;
  const Result<std::string> prefix = normal_id(id);
  if (!prefix) return prefix.error();
  if (auto waiting = impl_->writer->memory.find(*prefix)) return *std::move(waiting);
  return stored;
}
Result<std::vector<StoredAlert>> Ledger::last_alerts(std::size_t limit) {
  return impl_->queries->last_alerts(limit);
}
Result<Counts> Ledger::counts() {
  return impl_->queries->counts();
}

}  // namespace ambit::ledger
