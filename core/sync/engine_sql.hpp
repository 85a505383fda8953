// engine_sql.hpp -- SQL that the operations of the engine run themselves.
#pragma once

#include <string_view>

namespace turso::sync::sql {

// Every commit of ours that a later step of a pull or push relies on must be durable.
inline constexpr std::string_view kSynchronousFull = "PRAGMA synchronous=FULL";

// Reads something, so that the connection has the WAL open from here on.
inline constexpr std::string_view kTouchSchema = "SELECT count(*) FROM sqlite_schema";

// A read transaction, for the part of a rebase that needs no lock.
inline constexpr std::string_view kBeginRead = "BEGIN";

// Rows of the log that no push has settled yet: above ?1.
inline constexpr std::string_view kCountLogRows = "SELECT count(*) FROM turso_cdc WHERE change_id > ?1";
inline constexpr std::string_view kCountRowChanges =
    "SELECT count(*) FROM turso_cdc WHERE change_id > ?1 AND change_type IS NOT 2";
inline constexpr std::string_view kCountTransactions =
    "SELECT count(DISTINCT change_txn_id) FROM turso_cdc WHERE change_id > ?1 AND change_type IS NOT 2";
inline constexpr std::string_view kOldestChangeTime = "SELECT min(change_time) FROM turso_cdc WHERE change_id > ?1";

}  // namespace turso::sync::sql
