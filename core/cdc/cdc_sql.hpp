// cdc_sql.hpp -- SQL that core/cdc itself runs. A name that is not fixed is spliced in by identifier() where %T stands.
#pragma once

#include <string>
#include <string_view>

#include "sqlite/connection.hpp"

namespace turso::cdc {

// `sql` with each %T replaced by the quoted name.
std::string replace_name(std::string_view sql, std::string_view name);

namespace sql {

// --- the log (log_table.hpp)

inline constexpr std::string_view kCreateLog =
    "CREATE TABLE main.%T (change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_txn_id INTEGER, "
    "change_type INTEGER, table_name TEXT, id, before BLOB, after BLOB, updates BLOB)";

inline constexpr std::string_view kCreateVersionTable =
    "CREATE TABLE IF NOT EXISTS main.turso_cdc_version (table_name TEXT PRIMARY KEY, version TEXT NOT NULL)";

inline constexpr std::string_view kReadVersion =
    "SELECT version FROM main.turso_cdc_version WHERE table_name = ?1 COLLATE NOCASE";
inline constexpr std::string_view kInsertVersion = "INSERT INTO main.turso_cdc_version VALUES (?1, ?2)";
inline constexpr std::string_view kUpdateVersion =
    "UPDATE main.turso_cdc_version SET version = ?2 WHERE table_name = ?1 COLLATE NOCASE";
inline constexpr std::string_view kDeleteVersion =
    "DELETE FROM main.turso_cdc_version WHERE table_name = ?1 COLLATE NOCASE";

inline constexpr std::string_view kTableSpelling =
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";

inline constexpr std::string_view kLastChangeId = "SELECT max(change_id) FROM main.%T";
inline constexpr std::string_view kReadSequence =
    "SELECT max(seq) FROM main.sqlite_sequence WHERE name = ?1 COLLATE NOCASE AND typeof(seq) = 'integer'";
inline constexpr std::string_view kDeleteSequence = "DELETE FROM main.sqlite_sequence WHERE name = ?1 COLLATE NOCASE";
inline constexpr std::string_view kInsertSequence = "INSERT INTO main.sqlite_sequence (name, seq) VALUES (?1, ?2)";
// The marks of names.hpp that an id must be above.
inline constexpr std::string_view kHighestMark =
    "SELECT max(value) FROM main.turso_sync_meta WHERE key IN ('id_high_water', 'sent_through', 'pushed_through', "
    "'acked') AND typeof(value) = 'integer'";

// The rows of the arena that are not yet flushed; sqlite_turso_cdc_rows answers to the flush only.
inline constexpr std::string_view kInsertRowsV2 =
    "INSERT INTO main.%T (change_id, change_time, change_txn_id, change_type, table_name, id, before, after, updates) "
    "SELECT change_id, change_time, change_txn_id, change_type, table_name, id, before, after, updates "
    "FROM sqlite_turso_cdc_rows";
inline constexpr std::string_view kInsertRowsV1 =
    "INSERT INTO main.%T (change_id, change_time, change_type, table_name, id, before, after, updates) "
    "SELECT change_id, change_time, change_type, table_name, id, before, after, updates FROM sqlite_turso_cdc_rows";
inline constexpr std::string_view kDeclareRows =
    "CREATE TABLE x (change_id INTEGER, change_time INTEGER, change_txn_id INTEGER, change_type INTEGER, "
    "table_name TEXT, id, before BLOB, after BLOB, updates BLOB)";

// The marks of rows that the user deleted stay: where their ids come again, the new marks hold.
inline constexpr std::string_view kInsertMarks =
    "INSERT OR REPLACE INTO main.turso_cdc_marks SELECT first_change_id, last_change_id, kind FROM "
    "sqlite_turso_cdc_mark_ranges";
inline constexpr std::string_view kDeclareMarkRanges =
    "CREATE TABLE x (first_change_id INTEGER, last_change_id INTEGER, kind TEXT)";

// Whether the log %T has a row of table ?1 up to change ?2.
inline constexpr std::string_view kHasRowsOfTable =
    "SELECT 1 FROM main.%T WHERE table_name = ?1 COLLATE NOCASE AND change_id <= ?2 LIMIT 1";

// --- the pragma and transactions (capture.hpp)

inline constexpr std::string_view kDeclareState = "CREATE TABLE x (mode TEXT, \"table\" TEXT, version TEXT)";
inline constexpr std::string_view kReadState = "SELECT mode, \"table\", version FROM pragma_capture_data_changes_conn";

inline constexpr std::string_view kBegin = "BEGIN";
inline constexpr std::string_view kBeginImmediate = "BEGIN IMMEDIATE";
inline constexpr std::string_view kCommit = "COMMIT";
inline constexpr std::string_view kRollback = "ROLLBACK";
inline constexpr std::string_view kSavepoint = "SAVEPOINT turso_cdc_step";
inline constexpr std::string_view kRelease = "RELEASE turso_cdc_step";
inline constexpr std::string_view kRollbackTo = "ROLLBACK TO turso_cdc_step";

inline constexpr std::string_view kReadJournalMode = "PRAGMA main.journal_mode";

// --- SQL functions (functions.cpp)

inline constexpr std::string_view kIsJson = "SELECT json_valid(?1)";

// --- sqlite_schema (schema_diff.hpp)

inline constexpr std::string_view kReadCookie = "PRAGMA %T.schema_version";
inline constexpr std::string_view kReadSchema =
    "SELECT rowid, type, name, tbl_name, rootpage, sql FROM %T.sqlite_schema ORDER BY rowid";

// --- turso_cdc_marks (marks.hpp)

inline constexpr std::string_view kCreateMarksTable =
    "CREATE TABLE IF NOT EXISTS main.turso_cdc_marks (first_change_id INTEGER NOT NULL, last_change_id INTEGER NOT "
    "NULL, kind TEXT NOT NULL, PRIMARY KEY (first_change_id, kind)) WITHOUT ROWID";

inline constexpr std::string_view kReadMarks =
    "SELECT first_change_id, last_change_id FROM main.turso_cdc_marks WHERE last_change_id > ?1 AND kind = ?2 "
    "ORDER BY first_change_id";

// --- turso_cdc_schema (schema_epochs.hpp)

inline constexpr std::string_view kCreateSchemaTable =
    "CREATE TABLE IF NOT EXISTS main.turso_cdc_schema (table_name TEXT COLLATE NOCASE NOT NULL, last_change_id INTEGER "
    "NOT NULL, position INTEGER NOT NULL, column_name TEXT NOT NULL, declared_type TEXT NOT NULL, pk INTEGER NOT NULL, "
    "is_rowid INTEGER NOT NULL, generated INTEGER NOT NULL, without_rowid INTEGER NOT NULL, PRIMARY KEY (table_name, "
    "last_change_id, position)) "
    "WITHOUT ROWID";

inline constexpr std::string_view kInsertEpochColumn =
    "INSERT OR IGNORE INTO main.turso_cdc_schema VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

inline constexpr std::string_view kReadEpochs =
    "SELECT last_change_id, column_name, declared_type, pk, is_rowid, generated, without_rowid FROM "
    "main.turso_cdc_schema "
    "WHERE table_name = ?1 COLLATE NOCASE ORDER BY last_change_id, position";

inline constexpr std::string_view kTouchMainSchema = "SELECT 1 FROM main.sqlite_schema LIMIT 1";

// Reads the schema cookie of schema %T, and the schema again when another connection changed it.
inline constexpr std::string_view kTouchSchema = "SELECT 1 FROM %T.sqlite_schema LIMIT 1";

// Columns of table ?1 of schema ?2, hidden columns of virtual tables left out.
inline constexpr std::string_view kReadColumns =
    "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1 ORDER BY cid";

// Type and WITHOUT ROWID of table ?1 of schema ?2.
inline constexpr std::string_view kReadTableKind =
    "SELECT type, wr FROM pragma_table_list WHERE name = ?1 COLLATE NOCASE AND schema = ?2 COLLATE NOCASE";

// --- pieces of texts that hold names

// Whether the row that a REPLACE announced is still in a table: its name, then one of the two, then the key columns.
inline constexpr std::string_view kSelectOneFrom = "SELECT 1 FROM ";
inline constexpr std::string_view kWhereAny = " WHERE 1";
inline constexpr std::string_view kWhereRowid = " WHERE _rowid_ = ?1";

// The next id is above the results of all parts; ?1 is the log's name.
inline constexpr std::string_view kHighestOf = "SELECT max(0, ?1 IS NULL, ifnull((";

// The rows of a table in rowid order: the rowid's name, the table, the end.
inline constexpr std::string_view kSelectAnyFrom = "SELECT 1 FROM ";
inline constexpr std::string_view kSelectRowid = "SELECT ";
inline constexpr std::string_view kAndAllFrom = ", * FROM ";
inline constexpr std::string_view kOrderByFirst = " ORDER BY 1";

// The columns of generate_series.
inline constexpr const char* kDeclareSeries = "CREATE TABLE x(value, start HIDDEN, stop HIDDEN, step HIDDEN)";

}  // namespace sql
}  // namespace turso::cdc
