// SPDX-License-Identifier: Apache-2.0
#include "schema.h"

#include <fmt/format.h>

#include <array>

namespace ambit::ledger {
namespace {

constexpr int kApplicationId = 0x414d4254;  // "AMBT"

// kMigrations[n] leads from version n to n + 1. Never change one that was released: add the next.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alerts (
  id TEXT NOT NULL, revision INTEGER NOT NULL, time_ns INTEGER NOT NULL, severity INTEGER NOT NULL,
  rule TEXT NOT NULL, workload TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (id, revision));
CREATE INDEX alerts_by_time ON alerts (time_ns);
CREATE TABLE running (alert_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, time_ns INTEGER NOT NULL,
  severity INTEGER NOT NULL, rule TEXT NOT NULL, workload TEXT NOT NULL, boot_ns INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, revision INTEGER NOT NULL, severity INTEGER NOT NULL,
  rule TEXT NOT NULL, workload TEXT NOT NULL, boot_ns INTEGER NOT NULL, queued_ns INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE cursors (sink TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE access (
  key BLOB NOT NULL UNIQUE, boot_id TEXT NOT NULL, workload TEXT NOT NULL, pid INTEGER NOT NULL,
  start_ns INTEGER NOT NULL, exe TEXT NOT NULL, dev INTEGER NOT NULL, ino INTEGER NOT NULL, path TEXT NOT NULL,
  model TEXT NOT NULL, secret TEXT NOT NULL, access TEXT NOT NULL, verdict TEXT NOT NULL, phase TEXT NOT NULL,
  result INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE INDEX access_by_time ON access (last_ns);
CREATE TABLE gaps (from_ns INTEGER NOT NULL, to_ns INTEGER NOT NULL, reason TEXT NOT NULL, workload TEXT NOT NULL,
  count INTEGER NOT NULL);
CREATE INDEX gaps_by_time ON gaps (to_ns);
CREATE TABLE changes (time_ns INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, hash TEXT NOT NULL,
  detail TEXT NOT NULL);
CREATE INDEX changes_by_time ON changes (time_ns);
)sql",
                                                                 R"sql(
CREATE TABLE traffic (
  workload TEXT NOT NULL, peer TEXT NOT NULL, name TEXT NOT NULL, protocol TEXT NOT NULL, role TEXT NOT NULL,
  port INTEGER NOT NULL, hour_ns INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, UNIQUE (workload, peer, protocol, role, port, hour_ns));
CREATE INDEX traffic_by_time ON traffic (last_ns);
)sql"};

// A PRAGMA or count as a number; fails on a file that SQLite cannot read.
Result<int> number(sqlite3* db, const char* sql, const std::string& path) {
  Statement query(db, sql);
  if (query.step()) return static_cast<int>(query.integer(0));
  return Error{
      fmt::format("ledger {}: not an SQLite database, or damaged ({}); move it away to start with an empty one", path,
                  sqlite3_errmsg(db))};
}

Result<int> known_version(sqlite3* db, const std::string& path) {
  const Result<int> version = number(db, "PRAGMA user_version", path);
  if (!version) return version.error();
  const Result<int> application = number(db, "PRAGMA application_id", path);
  if (!application) return application.error();
  const Result<int> tables = number(db, "SELECT count(*) FROM sqlite_master", path);
  if (!tables) return tables.error();
  if (*tables != 0 && *application != kApplicationId) {
    return Error{fmt::format("ledger {}: an SQLite database, but not an Ambit ledger; choose another path", path)};
  }
  if (*version > kSchemaVersion) {
    return Error{
        fmt::format("ledger {}: written by a newer Ambit (layout {}, this one knows up to {}); run that version, or "
                    "move the file away",
                    path, *version, kSchemaVersion)};
  }
  return *tables == 0 ? 0 : *version;
}

}  // namespace

Status migrate(sqlite3* db, const std::string& path) {
  const Result<int> version = known_version(db, path);
  if (!version) return version.error();
  if (*version == 0) {
    // Only an empty file can still take it: freed pages go back to the file system in steps.
    execute(db, "PRAGMA auto_vacuum=INCREMENTAL");
  }
  for (auto from = static_cast<std::size_t>(*version); from < kMigrations.size(); ++from) {
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;",
                                        kMigrations[from], kApplicationId, from + 1);
    if (execute(db, sql.c_str()) != SQLITE_OK) {
      Error error{fmt::format("ledger {}: bring layout {} to {}: {}", path, from, from + 1, sqlite3_errmsg(db))};
      execute(db, "ROLLBACK");
      return error;
    }
  }
  return Ok{};
}

Status check_readable(sqlite3* db, const std::string& path) {
  const Result<int> version = known_version(db, path);
  if (!version) return version.error();
  if (*version == 0) return Error{fmt::format("ledger {}: empty", path)};
  return Ok{};
}

}  // namespace ambit::ledger
