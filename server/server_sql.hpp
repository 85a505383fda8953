// server_sql.hpp -- SQL that the server itself runs on a hosted database.
#pragma once

#include <string_view>

namespace turso::server::sql {

inline constexpr std::string_view kPageSize = "PRAGMA page_size";
inline constexpr std::string_view kPageCount = "PRAGMA page_count";
inline constexpr std::string_view kEncoding = "PRAGMA encoding";
inline constexpr std::string_view kJournalMode = "PRAGMA journal_mode";
inline constexpr std::string_view kSchemaVersion = "PRAGMA schema_version";
inline constexpr std::string_view kUserVersion = "PRAGMA user_version";
inline constexpr std::string_view kApplicationId = "PRAGMA application_id";

// Moves when another connection has committed.
inline constexpr std::string_view kDataVersion = "PRAGMA data_version";

// Writes page 1 as it is: a frame that changes nothing but the header's change counter. The value follows.
inline constexpr std::string_view kSetUserVersion = "PRAGMA user_version = ";

// A new file gets the page size of the protocol; on an existing one this does nothing.
inline constexpr std::string_view kSetPageSize = "PRAGMA page_size = 4096";
inline constexpr std::string_view kSetWal = "PRAGMA journal_mode = WAL";

// Every connection: the server alone decides when to checkpoint, and an acknowledged commit is durable.
inline constexpr std::string_view kServerConnection = "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL";

// Connections for client SQL, and every transaction they begin.
inline constexpr std::string_view kClientConnection = "PRAGMA foreign_keys = ON";
inline constexpr std::string_view kDeferForeignKeys = "PRAGMA defer_foreign_keys = ON";

inline constexpr std::string_view kBegin = "BEGIN";
inline constexpr std::string_view kBeginImmediate = "BEGIN IMMEDIATE";
inline constexpr std::string_view kCommit = "COMMIT";
inline constexpr std::string_view kRollback = "ROLLBACK";

// Around a statement that may rename an object into one of our names.
inline constexpr std::string_view kSavepoint = "SAVEPOINT turso_server_statement";
inline constexpr std::string_view kReleaseSavepoint = "RELEASE turso_server_statement";
inline constexpr std::string_view kUndoSavepoint = "ROLLBACK TO turso_server_statement; RELEASE turso_server_statement";

// Objects whose name may be a bookkeeping one: type, name. The exact test is cdc::is_bookkeeping_table.
inline constexpr std::string_view kBookkeepingCandidates =
    "SELECT type, name FROM sqlite_schema WHERE name LIKE 'turso%' ORDER BY type = 'table', rowid";

inline constexpr std::string_view kCountSchema = "SELECT count(*) FROM sqlite_schema";

// The image of page ?1, counted from 1.
inline constexpr std::string_view kReadPage = "SELECT data FROM sqlite_dbpage('main') WHERE pgno = ?1";

}  // namespace turso::server::sql
