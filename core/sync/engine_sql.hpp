// engine_sql.hpp -- SQL that the operations of the engine run themselves.
#pragma once

#include <string_view>

namespace turso::sync::sql {

// Every commit of ours that a later step of a pull or push relies on must be durable.
inline constexpr std::string_view kSynchronousFull = "PRAGMA synchronous=FULL";

// Rows of the log that no push has settled yet: above ?1.
inline constexpr std::string_view kCountLogRows = "SELECT count(*) FROM turso_cdc WHERE change_id > ?1";
inline constexpr std::string_view kCountRowChanges =
    "SELECT count(*) FROM turso_cdc WHERE change_id > ?1 AND change_type IS NOT 2";
inline constexpr std::string_view kCountTransactions =
    "SELECT count(DISTINCT change_txn_id) FROM turso_cdc WHERE change_id > ?1 AND change_type IS NOT 2";
inline constexpr std::string_view kOldestChangeTime = "SELECT min(change_time) FROM turso_cdc WHERE change_id > ?1";

inline constexpr std::string_view kCountConflicts = "SELECT count(*) FROM turso_cdc_conflict";

}  // namespace turso::sync::sql
