// cdc_sql.hpp -- SQL that core/cdc itself runs. A name that is not fixed is spliced in by identifier() where %T stands.
#pragma once

#include <string>
#include <string_view>

#include "sqlite/connection.hpp"

namespace turso::cdc {

// `sql` with each %T replaced by the quoted name.
std::string replace_name(std::string_view sql, std::string_view name);

namespace sql {

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

// Reads the schema cookie of schema %T, and the schema again when another connection changed it.
inline constexpr std::string_view kTouchSchema = "SELECT 1 FROM %T.sqlite_schema LIMIT 1";

// Columns of table ?1 of schema ?2, hidden columns of virtual tables left out.
inline constexpr std::string_view kReadColumns =
    "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1 ORDER BY cid";

// Type and WITHOUT ROWID of table ?1 of schema ?2.
inline constexpr std::string_view kReadTableKind =
    "SELECT type, wr FROM pragma_table_list WHERE name = ?1 COLLATE NOCASE AND schema = ?2 COLLATE NOCASE";

}  // namespace sql
}  // namespace turso::cdc
