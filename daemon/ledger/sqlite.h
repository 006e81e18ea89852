// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "ambit/result.h"

namespace ambit::ledger {

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// `flags`: SQLITE_OPEN_*. Waits up to 5 s for a lock of another connection.
Result<Database> open_database(const std::string& path, int flags);

/// Runs SQL that returns nothing of interest; the code is SQLITE_OK or what went wrong.
int execute(sqlite3* db, const char* sql);

/// One prepared statement. Values are bound in order, columns read in order; a failed prepare or step is remembered.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql);

  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_integer(std::int64_t value);
  template <class Integer>
  requires std::is_integral_v<Integer> || std::is_enum_v<Integer> Statement& bind(Integer value) {
    return bind_integer(static_cast<std::int64_t>(value));
  }

  /// True while there is a row.
  bool step();
  /// Runs to the end and makes the statement ready for the next use.
  int run();
  [[nodiscard]] bool failed() const noexcept { return code_ != SQLITE_OK; }
  [[nodiscard]] int code() const noexcept { return code_; }

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int code_ = SQLITE_OK;
};

}  // namespace ambit::ledger
