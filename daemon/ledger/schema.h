// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ambit/result.h"
#include "sqlite.h"

namespace ambit::ledger {

/// The newest layout this program knows (PRAGMA user_version).
inline constexpr int kSchemaVersion = 2;

/// Brings a database to kSchemaVersion, one migration at a time, each in a transaction. An empty file becomes a ledger;
/// a damaged one, one of another program or of a newer Ambit is refused and left as it is.
Status migrate(sqlite3* db, const std::string& path);

/// For readers: whether the layout can be read.
Status check_readable(sqlite3* db, const std::string& path);

}  // namespace ambit::ledger
