// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "schema.h"
#include "util/fd.h"

namespace ambit::ledger {
namespace {

constexpr off_t kQuickCheckBytes = 64 << 20;
constexpr int kPruneRows = 4000;  // a transaction of a few milliseconds, so that alerts do not wait behind it

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
  // Made here and not by SQLite, so that nobody else can read it from the first moment.
  const util::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return Error{fmt::format("open ledger {}: {}", path, std::strerror(errno))};
  Result<Database> db = open_database(path, SQLITE_OPEN_READWRITE);
  if (!db) return db.error();
  if (const Status status = migrate(db->get(), path); !status) return status.error();
  for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA journal_size_limit=67108864",
                             "PRAGMA temp_store=MEMORY"}) {
    if (execute(db->get(), pragma) != SQLITE_OK) {
      return Error{fmt::format("ledger {}: {}: {}", path, pragma, sqlite3_errmsg(db->get()))};
    }
  }
  return std::unique_ptr<Store>(new Store(std::move(db).value()));
}

Store::Store(Database db)
    : db_(std::move(db)),
      find_alert_(db_.get(), "SELECT 1 FROM alerts WHERE id=? AND revision=?"),
      put_alert_(db_.get(), "INSERT INTO alerts VALUES (?,?,?,?,?,?,?)"),
      put_message_(db_.get(), "INSERT INTO outbox VALUES (?,?,?,?,?,?,?,?,?)"),
      drop_running_(db_.get(), "DELETE FROM running WHERE alert_id=?"),
      put_running_(db_.get(), "INSERT OR REPLACE INTO running VALUES (?,?,?,?,?,?,?,?)"),
      put_access_(db_.get(),
                  "INSERT INTO access VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO UPDATE SET "
                  "first_ns=min(first_ns,excluded.first_ns), last_ns=max(last_ns,excluded.last_ns), "
                  "count=count+excluded.count"),
      put_traffic_(db_.get(),
                   "INSERT INTO traffic VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                   "name=iif(excluded.name='',name,excluded.name), first_ns=min(first_ns,excluded.first_ns), "
                   "last_ns=max(last_ns,excluded.last_ns), bytes_in=bytes_in+excluded.bytes_in, "
                   "bytes_out=bytes_out+excluded.bytes_out"),
      put_gap_(db_.get(), "INSERT INTO gaps VALUES (?,?,?,?,?)"),
      put_change_(db_.get(), "INSERT INTO changes VALUES (?,?,?,?,?)"),
      put_cursor_(db_.get(), "INSERT OR REPLACE INTO cursors VALUES (?,?)"),
      put_meta_(db_.get(), "INSERT OR REPLACE INTO meta VALUES (?,?)") {}

void Store::note(int code) {
  if (code == SQLITE_OK || code_ != SQLITE_OK) return;
  code_ = code;
  error_ = fmt::format("{} ({})", sqlite3_errmsg(db_.get()), sqlite3_errstr(code));
}

void Store::begin() {
  code_ = SQLITE_OK;
  note(execute(db_.get(), "BEGIN IMMEDIATE"));
}

int Store::commit() {
  if (code_ == SQLITE_OK) note(execute(db_.get(), "COMMIT"));
  // SQLite itself rolls back on some errors, and then there is nothing left to roll back.
  if (code_ != SQLITE_OK && sqlite3_get_autocommit(db_.get()) == 0) execute(db_.get(), "ROLLBACK");
  return code_;
}

bool Store::has_alert(const std::string& id, std::uint32_t revision) {
  find_alert_.bind(id).bind(revision);
  const bool found = find_alert_.step();
  find_alert_.run();
  return found;
}

void Store::put_alert(const PendingAlert& alert) {
  const OutboxMessage& m = alert.message;
  put_alert_.bind(m.alert_id).bind(m.revision).bind(alert.time.count()).bind(m.severity).bind(m.rule).bind(m.workload);
  put_alert_.bind(m.body);
  run(put_alert_);
  put_message_.bind(m.sequence).bind(m.alert_id).bind(m.revision).bind(m.severity).bind(m.rule).bind(m.workload);
  put_message_.bind(m.time.count()).bind(m.queued.count()).bind(m.body);
  run(put_message_);
  if (!alert.closes) return;
  drop_running_.bind(m.alert_id);
  run(drop_running_);
}

void Store::put_running(const PendingAlert& alert) {
  const OutboxMessage& m = alert.message;
  put_running_.bind(m.alert_id)
      .bind(m.revision)
      .bind(alert.time.count())
      .bind(m.severity)
      .bind(m.rule)
      .bind(m.workload);
  put_running_.bind(m.time.count()).bind(m.body);
  run(put_running_);
}

void Store::put_access(const AccessTable::Row& row, const std::string& boot_id) {
  const AccessRecord& r = row.record;
  put_access_.bind_blob({row.key.data(), row.key.size()}).bind(boot_id).bind(r.workload);
  put_access_.bind(r.process.tgid).bind(r.process.start_ns).bind(r.exe).bind(r.object.dev).bind(r.object.ino);
  put_access_.bind(r.path).bind(r.model).bind(r.secret).bind(r.access).bind(r.verdict).bind(r.phase).bind(r.result);
  put_access_.bind(r.first.count()).bind(r.last.count()).bind(r.count);
  run(put_access_);
}

void Store::put_traffic(const TrafficRecord& r) {
  constexpr std::chrono::nanoseconds kHour = std::chrono::hours(1);
  put_traffic_.bind(r.workload).bind(r.peer).bind(r.name).bind(r.protocol).bind(r.role).bind(r.port);
  put_traffic_.bind((r.last - r.last % kHour).count()).bind(r.first.count()).bind(r.last.count());
  put_traffic_.bind(r.bytes_in).bind(r.bytes_out);
  run(put_traffic_);
}

void Store::put_gap(const Gap& gap) {
  put_gap_.bind(gap.from.count()).bind(gap.to.count()).bind(gap.reason).bind(gap.workload).bind(gap.count);
  run(put_gap_);
}

void Store::put_change(const Change& change) {
  put_change_.bind(change.time.count()).bind(change.kind).bind(change.subject).bind(change.hash).bind(change.detail);
  run(put_change_);
}

void Store::put_cursor(const std::string& sink, std::uint64_t sequence) {
  put_cursor_.bind(sink).bind(sequence);
  run(put_cursor_);
}

void Store::put_meta(std::string_view key, std::string_view value) {
  put_meta_.bind(key).bind(value);
  run(put_meta_);
}

void Store::drop_cursor(const std::string& sink) {
  Statement drop(db_.get(), "DELETE FROM cursors WHERE sink=?");
  drop.bind(sink);
  run(drop);
}

void Store::drop_meta_like(std::string_view pattern, std::string_view except) {
  Statement drop(db_.get(), "DELETE FROM meta WHERE key LIKE ? AND key<>?");
  drop.bind(pattern).bind(except);
  run(drop);
}

std::optional<std::string> Store::meta(std::string_view key) {
  Statement query(db_.get(), "SELECT value FROM meta WHERE key=?");
  query.bind(key);
  return query.step() ? std::optional(query.text(0)) : std::nullopt;
}

std::map<std::string, std::uint64_t> Store::cursors() {
  std::map<std::string, std::uint64_t> out;
  Statement query(db_.get(), "SELECT sink, sequence FROM cursors");
  while (query.step()) out[query.text(0)] = static_cast<std::uint64_t>(query.integer(1));
  return out;
}

std::uint64_t Store::last_sequence() {
  // Cursors count too: they may name messages that went to sinks while the disk took nothing.
  Statement query(db_.get(),
                  "SELECT max((SELECT ifnull(max(sequence),0) FROM outbox), "
                  "(SELECT ifnull(max(sequence),0) FROM cursors))");
  const std::uint64_t known = query.step() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
  // An emptied outbox must not start again at 1.
  const std::optional<std::string> noted = meta("last_sequence");
  return std::max<std::uint64_t>(known, noted ? std::strtoull(noted->c_str(), nullptr, 10) : 0);
}

std::vector<PendingAlert> Store::running() {
  std::vector<PendingAlert> out;
  Statement query(db_.get(),
                  "SELECT alert_id, revision, time_ns, severity, rule, workload, boot_ns, body FROM running");
  while (query.step()) {
    PendingAlert& alert = out.emplace_back();
    alert.message.alert_id = query.text(0);
    alert.message.revision = static_cast<std::uint32_t>(query.integer(1));
    alert.time = WallTime(query.integer(2));
    alert.message.severity = static_cast<Severity>(query.integer(3));
    alert.message.rule = query.text(4);
    alert.message.workload = query.text(5);
    alert.message.time = BootTime(query.integer(6));
    alert.message.body = query.text(7);
    alert.closes = true;
  }
  return out;
}

Status Store::check_integrity(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0 || st.st_size > kQuickCheckBytes) return Ok{};
  Statement query(db_.get(), "PRAGMA quick_check(1)");
  if (query.step() && query.text(0) == "ok") return Ok{};
  return Error{fmt::format("ledger {}: damaged ({}); move it away to start with an empty one", path,
                           query.failed() ? sqlite3_errmsg(db_.get()) : query.text(0))};
}

Store::Pruned Store::prune(WallTime before, std::optional<std::uint64_t> delivered, std::uint64_t outbox_limit) {
  Pruned pruned;
  const auto remove = [&](const char* table, const char* column, std::int64_t until, bool inclusive) {
    const std::string sql =
        fmt::format("DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE {1}{2}? LIMIT {3})", table, column,
                    inclusive ? "<=" : "<", kPruneRows);
    Statement statement(db_.get(), sql.c_str());
    statement.bind(until);
    run(statement);
    const int rows = sqlite3_changes(db_.get());
    pruned.more = pruned.more || rows == kPruneRows;
    return rows;
  };
  begin();
  remove("alerts", "time_ns", before.count(), false);
  remove("access", "last_ns", before.count(), false);
  remove("traffic", "last_ns", before.count(), false);
  remove("gaps", "to_ns", before.count(), false);
  remove("changes", "time_ns", before.count(), false);
  if (delivered) remove("outbox", "sequence", static_cast<std::int64_t>(*delivered), true);
  Statement waiting(db_.get(), "SELECT count(*), ifnull(max(sequence),0) FROM outbox WHERE sequence>?");
  waiting.bind(delivered.value_or(0));
  if (delivered && waiting.step() && static_cast<std::uint64_t>(waiting.integer(0)) > outbox_limit) {
    const std::int64_t until = waiting.integer(1) - static_cast<std::int64_t>(outbox_limit);
    waiting.run();
    pruned.undelivered = static_cast<std::uint64_t>(remove("outbox", "sequence", until, true));
  }
  waiting.run();
  if (commit() != SQLITE_OK) return {};
  execute(db_.get(), "PRAGMA incremental_vacuum(2000)");
  return pruned;
}

}  // namespace ambit::ledger
