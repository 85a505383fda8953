// database_sql.hpp -- SQL that core/database itself runs.
#pragma once

#include <string_view>

namespace turso::database::sql {

// Reads page 1, so that a file that is not a database is told at open.
inline constexpr std::string_view kReadSchemaVersion = "PRAGMA schema_version";

// 0: the database is new and has no page yet.
inline constexpr std::string_view kPageCount = "PRAGMA page_count";

inline constexpr std::string_view kUseWal = "PRAGMA journal_mode = WAL";

// Memory cannot be opened read-only: it would have nothing to read.
inline constexpr std::string_view kQueryOnly = "PRAGMA query_only = 1";

}  // namespace turso::database::sql
