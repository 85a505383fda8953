// storage_sql.hpp -- SQL of the storage half of pull: identity of P, the schema's signature, publishing.
#pragma once

#include <string_view>

namespace turso::sync::sql {

// The value of fact ?1 of turso_sync_meta.
inline constexpr std::string_view kReadFact = "SELECT value FROM turso_sync_meta WHERE key = ?1";

// What makes two schemas the same for statements that are already prepared.
inline constexpr std::string_view kReadSchemaRows =
    "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid";

inline constexpr std::string_view kPageSize = "PRAGMA page_size";
inline constexpr std::string_view kPageCount = "PRAGMA page_count";
inline constexpr std::string_view kJournalMode = "PRAGMA journal_mode";
inline constexpr std::string_view kSwitchToWal = "PRAGMA journal_mode=WAL";

// The connection that publishes: durable commit, no checkpoint, everything read through the WAL.
inline constexpr std::string_view kPublisherPragmas =
    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0";

// Pages ?1 and following, as this transaction sees them.
inline constexpr std::string_view kReadPagesFrom = "SELECT pgno, data FROM sqlite_dbpage WHERE pgno >= ?1";
inline constexpr std::string_view kReadPage = "SELECT data FROM sqlite_dbpage WHERE pgno = ?1";
// Page ?1 becomes ?2.
inline constexpr std::string_view kWritePage = "INSERT INTO sqlite_dbpage(pgno, data) VALUES (?1, ?2)";
// Page 1 becomes ?1 and the file ends before page ?2; in one statement, page 1 first.
inline constexpr std::string_view kWritePageOneAndCut =
    "INSERT INTO sqlite_dbpage(pgno, data) VALUES (1, ?1), (?2, NULL)";

}  // namespace turso::sync::sql
