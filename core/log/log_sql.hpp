// log_sql.hpp -- SQL that core/log runs. Names of log tables come in by sqlite::identifier.
#pragma once

#include <string_view>

namespace turso::log::sql {

// Names of the columns of table ?1, in order; no row: there is no such table.
inline constexpr std::string_view kColumnNames = "SELECT name FROM pragma_table_info(?1)";

// Rows of the log with change_id in (?1, ?2], oldest first; the three pieces take the txn id expression (v1 has
// none) and the quoted table name between them.
inline constexpr std::string_view kReadRowsHead =
    "SELECT change_id, change_time, change_type, table_name, id, before, after, updates, ";
inline constexpr std::string_view kReadRowsTransactionId = "change_txn_id";
inline constexpr std::string_view kReadRowsNoTransactionId = "-1";
inline constexpr std::string_view kReadRowsFrom = " FROM ";
inline constexpr std::string_view kReadRowsTail = " WHERE change_id > ?1 AND change_id <= ?2 ORDER BY change_id";

}  // namespace turso::log::sql
