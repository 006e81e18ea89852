// SPDX-License-Identifier: Apache-2.0
#include "reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "schema.h"

namespace ambit::ledger {
namespace {

Error read_error(sqlite3* db) {
  return Error{fmt::format("read ledger: {}", sqlite3_errmsg(db))};
}

}  // namespace

Result<std::string> normal_id(std::string_view id) {
  std::string out(id);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const bool is_plain =
      std::all_of(out.begin(), out.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
  if (out.empty() || out.size() > 26 || !is_plain) return Error{fmt::format("'{}' is no alert id", id)};
  return out;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  Result<Database> db = open_database(path, SQLITE_OPEN_READONLY);
  if (!db) return db.error();
  if (const Status status = check_readable(db->get(), path); !status) return status.error();
  return std::unique_ptr<Connection>(new Connection(std::move(db).value()));
}

Result<std::vector<OutboxMessage>> Connection::read_outbox(std::uint64_t sequence, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Statement query(db_.get(),
                  "SELECT sequence, alert_id, revision, severity, rule, workload, boot_ns, queued_ns, body FROM outbox "
                  "WHERE sequence>? ORDER BY sequence LIMIT ?");
  query.bind(sequence).bind(limit);
  std::vector<OutboxMessage> out;
  while (query.step()) {
    OutboxMessage& m = out.emplace_back();
    m.sequence = static_cast<std::uint64_t>(query.integer(0));
    m.alert_id = query.text(1);
    m.revision = static_cast<std::uint32_t>(query.integer(2));
    m.severity = static_cast<Severity>(query.integer(3));
    m.rule = query.text(4);
    m.workload = query.text(5);
    m.time = BootTime(query.integer(6));
    m.queued = WallTime(query.integer(7));
    m.body = query.text(8);
  }
  if (query.failed()) return read_error(db_.get());
  return out;
}

// The running state of an open window is newer than any revision.
Result<StoredAlert> Connection::newest(const std::string& id) {
  Statement query(db_.get(),
                  "SELECT revision, body FROM running WHERE alert_id=?1 UNION ALL "
                  "SELECT * FROM (SELECT revision, body FROM alerts WHERE id=?1 ORDER BY revision DESC LIMIT 1)");
  query.bind(id);
  if (query.step()) return StoredAlert{id, static_cast<std::uint32_t>(query.integer(0)), query.text(1)};
  if (query.failed()) return read_error(db_.get());
  return Error{fmt::format("no alert {}", id)};
}

Result<StoredAlert> Connection::find_alert(std::string_view wanted) {
  const Result<std::string> prefix = normal_id(wanted);
  if (!prefix) return prefix.error();
  const std::lock_guard lock(mutex_);
  Statement query(db_.get(), "SELECT DISTINCT id FROM alerts WHERE id>=? AND id<? LIMIT 2");
  query.bind(*prefix).bind(*prefix + "~");  // '~' sorts after all digits and letters
  std::vector<std::string> ids;
  while (query.step()) ids.push_back(query.text(0));
  if (query.failed()) return read_error(db_.get());
  if (ids.empty()) return Error{fmt::format("no alert {}", *prefix)};
  if (ids.size() > 1) return Error{fmt::format("{} is the beginning of several alert ids", *prefix)};
  return newest(ids[0]);
}

Result<std::vector<StoredAlert>> Connection::last_alerts(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Statement query(db_.get(), "SELECT id FROM alerts WHERE revision=0 ORDER BY time_ns DESC, id DESC LIMIT ?");
  query.bind(limit);
  std::vector<StoredAlert> out;
  while (query.step()) {
    Result<StoredAlert> alert = newest(query.text(0));
    if (!alert) return alert.error();
    out.push_back(std::move(alert).value());
  }
  if (query.failed()) return read_error(db_.get());
  return out;
}

Result<Counts> Connection::counts() {
  const std::lock_guard lock(mutex_);
  Statement query(db_.get(),
                  "SELECT (SELECT count(*) FROM alerts WHERE revision=0), (SELECT count(*) FROM outbox), "
                  "(SELECT count(*) FROM access), (SELECT count(*) FROM gaps), (SELECT count(*) FROM changes)");
  if (!query.step()) return read_error(db_.get());
  const auto at = [&](int column) { return static_cast<std::uint64_t>(query.integer(column)); };
  return Counts{at(0), at(1), at(2), at(3), at(4)};
}

struct Reader::Impl {
  std::unique_ptr<Connection> connection;
};

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
  Result<std::unique_ptr<Connection>> connection = Connection::open(path);
  if (!connection) return connection.error();
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Impl>(Impl{std::move(connection).value()})));
}
Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<StoredAlert> Reader::find_alert(std::string_view id) {
  return impl_->connection->find_alert(id);
}
Result<std::vector<StoredAlert>> Reader::last_alerts(std::size_t limit) {
  return impl_->connection->last_alerts(limit);
}
Result<Counts> Reader::counts() {
  return impl_->connection->counts();
}
Result<std::vector<OutboxMessage>> Reader::read_outbox(std::uint64_t sequence, std::size_t limit) {
  return impl_->connection->read_outbox(sequence, limit);
}

}  // namespace ambit::ledger
