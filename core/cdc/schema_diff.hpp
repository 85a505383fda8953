// schema_diff.hpp -- what a statement changed in sqlite_schema, as rows of the log.
//
// Writes to sqlite_schema do not reach the row hook, so its rows are compared before and after. Recorded is every
// row but auto-indexes, sqlite_stat* and shadow tables of virtual tables; an index or trigger that goes with its
// table is not recorded; a root page that moved is no change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cdc/change.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {

struct SchemaRow {
  std::int64_t rowid = 0;
  std::string type;
  std::string name;
  std::string tbl_name;
  std::int64_t rootpage = 0;
  std::optional<std::string> sql;
  bool recorded = true;
};

struct SchemaSnapshot {
  std::int64_t cookie = 0;
  std::vector<SchemaRow> rows;  // by rowid
};

struct SchemaChange {
  std::optional<SchemaRow> before;
  std::optional<SchemaRow> after;

  const SchemaRow& row() const { return after.has_value() ? *after : *before; }
};

Result<std::int64_t> read_cookie(sqlite::Connection& connection, std::string_view schema);
Result<SchemaSnapshot> read_schema(sqlite::Connection& connection, std::string_view schema);

// In the order of the log: by rowid, of what changed tables first.
std::vector<SchemaChange> diff_schemas(const SchemaSnapshot& before, const SchemaSnapshot& after);

// (type, name, tbl_name, rootpage, sql)
Bytes schema_image(const SchemaRow& row);

// Five flags, five values. The value of sql is the statement's text, which whoever executes the log runs once.
Bytes schema_updates(const SchemaRow& before, const SchemaRow& after, std::string_view statement);

}  // namespace turso::cdc
