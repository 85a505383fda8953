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

// The staging connection (overlay_vfs.hpp). Its image is private, so nothing is locked and nothing synced. The
// journal is there for ROLLBACK TO and statement aborts; without one both silently keep half of a change.
inline constexpr std::string_view kStagingPragmas =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON";
inline constexpr std::string_view kStagingJournalInMemory = "PRAGMA journal_mode=MEMORY";
inline constexpr std::string_view kStagingJournalInFile = "PRAGMA journal_mode=TRUNCATE";

}  // namespace turso::sqlite::sql
