// sqlite_sql.hpp -- SQL that core/sqlite itself runs.
#pragma once

#include <string_view>

namespace turso::sqlite::sql {

inline constexpr std::string_view kBegin = "BEGIN";
inline constexpr std::string_view kBeginImmediate = "BEGIN IMMEDIATE";
inline constexpr std::string_view kCommit = "COMMIT";
inline constexpr std::string_view kRollback = "ROLLBACK";

// How many objects have type ?1 (any, if empty) and name ?2.
inline constexpr std::string_view kCountObjects =
    "SELECT count(*) FROM sqlite_schema WHERE (?1 = '' OR type = ?1) AND name = ?2 COLLATE NOCASE";

}  // namespace turso::sqlite::sql
