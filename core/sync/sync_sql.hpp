// sync_sql.hpp -- SQL that core/sync runs itself. What push sends and the rebase runs for a change is made by
// statement_generator.cpp.
#pragma once

#include <string_view>

namespace turso::sync::sql {

// ---- turso_sync_meta and turso_sync_batch ---------------------------------------------------------------------

inline constexpr std::string_view kCreateMeta =
    "CREATE TABLE IF NOT EXISTS turso_sync_meta(key TEXT PRIMARY KEY, value)";
// The rowid is the order of leaving.
inline constexpr std::string_view kCreateBatch =
    "CREATE TABLE IF NOT EXISTS turso_sync_batch(nonce INTEGER NOT NULL UNIQUE, last_change_id INTEGER NOT NULL, "
    "state INTEGER NOT NULL)";
inline constexpr std::string_view kReadMeta = "SELECT key, value FROM turso_sync_meta";
inline constexpr std::string_view kReadBatches =
    "SELECT nonce, last_change_id, state FROM turso_sync_batch ORDER BY rowid";
// Fact ?1 := ?2.
inline constexpr std::string_view kWriteFact = "INSERT OR REPLACE INTO turso_sync_meta(key, value) VALUES(?1, ?2)";
inline constexpr std::string_view kDeleteFact = "DELETE FROM turso_sync_meta WHERE key = ?1";
// Every fact whose key begins with the ?2 characters ?1.
inline constexpr std::string_view kDeleteFactsOf = "DELETE FROM turso_sync_meta WHERE substr(key, 1, ?2) = ?1";
inline constexpr std::string_view kDeleteBatches = "DELETE FROM turso_sync_batch";
inline constexpr std::string_view kWriteBatch =
    "INSERT INTO turso_sync_batch(nonce, last_change_id, state) VALUES(?1, ?2, ?3)";

// Batch ?1 is in state ?2 now.
inline constexpr std::string_view kSetBatchState = "UPDATE turso_sync_batch SET state = ?2 WHERE nonce = ?1";
// Batches that left before ?1 and are not in state ?2.
inline constexpr std::string_view kDeleteDeadBatches =
    "DELETE FROM turso_sync_batch WHERE state <> ?2 AND rowid < (SELECT rowid FROM turso_sync_batch WHERE nonce = ?1)";
inline constexpr std::string_view kSynchronousFull = "PRAGMA synchronous = FULL";

inline constexpr std::string_view kReadUserVersion = "PRAGMA user_version";
inline constexpr std::string_view kReadApplicationId = "PRAGMA application_id";
// The value, a decimal number, follows: pragmas take no parameters.
inline constexpr std::string_view kSetUserVersion = "PRAGMA user_version = ";
inline constexpr std::string_view kSetApplicationId = "PRAGMA application_id = ";

inline constexpr std::string_view kMaxChangeId = "SELECT max(change_id) FROM turso_cdc";
inline constexpr std::string_view kLogSequence =
    "SELECT seq FROM sqlite_sequence WHERE name = 'turso_cdc' COLLATE NOCASE";

// ---- the server's row, in pulled pages and at the server ------------------------------------------------------

// Our row: client ?1.
inline constexpr std::string_view kReadServerRow =
    "SELECT pull_gen, change_id FROM turso_sync_last_change_id WHERE client_id = ?1";
// The texts that travel to any server; `?` because the reference counts parameters that way.
inline constexpr std::string_view kServerReadRow =
    "SELECT pull_gen, change_id FROM turso_sync_last_change_id WHERE client_id = ?";
inline constexpr std::string_view kServerCreateAckTable =
    "CREATE TABLE IF NOT EXISTS turso_sync_last_change_id (client_id TEXT PRIMARY KEY, pull_gen INTEGER, change_id "
    "INTEGER)";
// Overflows, and so ends the chain, unless client ?1 has the pair ?2 ('<pull_gen>:<change_id>', NULL: no row).
inline constexpr std::string_view kServerCompareRow =
    "SELECT CASE WHEN (SELECT pull_gen||':'||change_id FROM turso_sync_last_change_id WHERE client_id=?1) IS ?2 "
    "THEN 1 ELSE abs(-9223372036854775807-1) END";
inline constexpr std::string_view kServerSetRow =
    "INSERT INTO turso_sync_last_change_id(client_id, pull_gen, change_id) VALUES (?, ?, ?) "
    "ON CONFLICT(client_id) DO UPDATE SET pull_gen=excluded.pull_gen, change_id=excluded.change_id";
inline constexpr std::string_view kServerBegin = "BEGIN IMMEDIATE";
inline constexpr std::string_view kServerCommit = "COMMIT";
inline constexpr std::string_view kServerRollback = "ROLLBACK";
// The column names of table ?.
inline constexpr std::string_view kServerColumns = "SELECT name FROM pragma_table_info(?)";

// ---- statement_generator.cpp ----------------------------------------------------------------------------------

// Whether table ?1 has triggers.
inline constexpr std::string_view kHasTriggers =
    "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE)";

// Beginnings of generated statements; a quoted name follows.
inline constexpr std::string_view kInsertInto = "INSERT INTO ";
inline constexpr std::string_view kValues = " VALUES ";  // bracketed rows follow
inline constexpr std::string_view kUpdate = "UPDATE ";
inline constexpr std::string_view kDeleteFrom = "DELETE FROM ";
inline constexpr std::string_view kDrop = "DROP ";  // and the object type
inline constexpr std::string_view kSelect = "SELECT ";
inline constexpr std::string_view kExistsIn = "EXISTS(SELECT 1 FROM ";
// A text that JSON cannot carry, bound as a blob.
inline constexpr std::string_view kBlobAsText = "CAST(? AS TEXT)";

// ---- outgoing.cpp ---------------------------------------------------------------------------------------------

inline constexpr std::string_view kReadSchemaVersion = "PRAGMA schema_version";

// ---- pending_changes.cpp --------------------------------------------------------------------------------------

// The last change of the mark of kind ?2 that begins nearest below or at change ?1.
inline constexpr std::string_view kMarkedThrough =
    "SELECT last_change_id FROM turso_cdc_marks WHERE kind = ?2 AND first_change_id <= ?1 "
    "ORDER BY first_change_id DESC LIMIT 1";

// ---- derived_effects.cpp --------------------------------------------------------------------------------------

inline constexpr std::string_view kReadTriggers =
    "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'";
// Schema changes of the log above ?1.
inline constexpr std::string_view kReadSchemaChanges =
    "SELECT change_type, after FROM turso_cdc WHERE change_id > ?1 AND table_name = 'sqlite_schema' ORDER BY change_id";
// Overflows, and so ends the chain, unless trigger ?1 has the text ?2.
inline constexpr std::string_view kServerCompareTrigger =
    "SELECT CASE WHEN (SELECT sql FROM sqlite_schema WHERE type='trigger' AND name=?1) IS ?2 "
    "THEN 1 ELSE abs(-9223372036854775807-1) END";

// ---- replay.cpp -----------------------------------------------------------------------------------------------

inline constexpr std::string_view kBegin = "BEGIN";
inline constexpr std::string_view kCommit = "COMMIT";
inline constexpr std::string_view kRollback = "ROLLBACK";
inline constexpr std::string_view kDeferForeignKeys = "PRAGMA defer_foreign_keys = ON";
inline constexpr std::string_view kSavepoint = "SAVEPOINT turso_replay";
inline constexpr std::string_view kRollbackTo = "ROLLBACK TO turso_replay";
inline constexpr std::string_view kRelease = "RELEASE turso_replay";
// The first violation: child table, its rowid, parent table.
inline constexpr std::string_view kFirstForeignKeyViolation =
    "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1";

// ---- bookkeeping.cpp ------------------------------------------------------------------------------------------

inline constexpr std::string_view kReadSchema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid";
inline constexpr std::string_view kReadForeignKeys = "PRAGMA foreign_keys";
inline constexpr std::string_view kForeignKeysOff = "PRAGMA foreign_keys = OFF";
inline constexpr std::string_view kForeignKeysOn = "PRAGMA foreign_keys = ON";
inline constexpr std::string_view kIfExists = " IF EXISTS ";
// A quoted table name follows, then nothing or one of the conditions: rows above the floor ?1.
inline constexpr std::string_view kSelectAllFrom = "SELECT * FROM ";
inline constexpr std::string_view kRetainedLog = " WHERE change_id > ?1 ORDER BY change_id";
inline constexpr std::string_view kRetainedByLast = " WHERE last_change_id > ?1";
inline constexpr std::string_view kDeleteSequence = "DELETE FROM sqlite_sequence WHERE name = ?1 COLLATE NOCASE";
inline constexpr std::string_view kWriteSequence = "INSERT INTO sqlite_sequence(name, seq) VALUES(?1, ?2)";
// User tables that rows above ?1 are about.
inline constexpr std::string_view kTablesOfLog =
    "SELECT DISTINCT table_name FROM turso_cdc WHERE change_id > ?1 AND table_name IS NOT NULL AND table_name <> "
    "'sqlite_schema'";

}  // namespace turso::sync::sql
