// statement_generator.hpp -- one captured change as SQL: what push sends and what the rebase runs.
//
//   change                         statement
//   insert, key without NULL       INSERT ... ON CONFLICT(key) DO UPDATE SET every column = excluded
//     table with triggers          UPDATE by key, then INSERT ... WHERE NOT EXISTS(key): an upsert would fire others
//   insert, no key or NULL in it   INSERT; the rowid is not sent
//   update                         UPDATE of the SET columns, found by the before image's key (IS, so NULL matches)
//     without `updates`            as an insert of the after image
//   key change (D + I pair)        one UPDATE of the columns that differ, key included
//   delete                         DELETE by the before image's key
//   no key or NULL in it           the row is found by its whole before image, COLLATE BINARY and typeof, one row only
//   create                         its text with IF NOT EXISTS
//   drop                           DROP <type> IF EXISTS "name"
//   alter                          its text, for the row of type 'table' that it names; other rows follow by themselves
//
// Columns are those of the time of capture. Generated columns are never written. Infinities are literals; text that
// is not UTF-8 or holds NUL is CAST(blob AS TEXT), because JSON cannot carry it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "log/tape.hpp"
#include "sqlite/connection.hpp"

namespace turso::sync {

struct TableColumn {
  std::string name;
  bool generated = false;    // STORED: in the images; virtual columns are in no shape
  int key_ordinal = 0;       // 1.. within the primary key, 0: not part of it
};

// What the images of a table hold, and how its rows are found.
struct TableShape {
  std::string name;
  std::vector<TableColumn> columns;  // stored ones, in table order
  std::optional<std::size_t> rowid_alias;  // the INTEGER PRIMARY KEY column
  std::string rowid_name;            // of rowid, _rowid_, oid the first that no column hides; "": WITHOUT ROWID or all hidden
  bool without_rowid = false;
  bool has_triggers = false;

  std::vector<std::size_t> key() const;  // column positions in key order; empty: keyless
};

// The shape that a table has now in `connection`; nothing: there is none of that name.
Result<std::optional<TableShape>> read_table_shape(sqlite::Connection& connection, std::string_view table);

struct GeneratedStatement {
  std::string sql;
  std::vector<Value> args;
};

// A key as people read it: 7, 'a', (1, 'b').
std::string printable_key(const TableShape& shape, const log::Change& change);

// `rowid`: where the row stands on the executing side, for keyless tables of a rebase; otherwise by its before image.
// An image with more values than the shape has columns is kSchema.
Result<std::vector<GeneratedStatement>> generate_row_change(const TableShape& shape, const log::Change& change,
                                                            std::optional<std::int64_t> rowid = std::nullopt);

// `deleted` and `inserted` are one UPDATE of the key.
Result<std::vector<GeneratedStatement>> generate_key_change(const TableShape& shape, const log::Change& deleted,
                                                            const log::Change& inserted,
                                                            std::optional<std::int64_t> rowid = std::nullopt);

// ---- schema changes -----------------------------------------------------------------------------------------

struct SchemaStatement {
  enum class Kind : std::uint8_t { kNone, kCreate, kDrop, kAlter };
  Kind kind = Kind::kNone;     // kNone: nothing to run (an internal object, or a row that follows an ALTER)
  std::string object_type;     // table, index, view, trigger
  std::string object_name;
  std::string table_name;      // the table it belongs to
  std::string sql;
  std::optional<std::string> added_column;  // ALTER TABLE ... ADD COLUMN: its name
};

Result<SchemaStatement> generate_schema_change(const log::Change& change);

}  // namespace turso::sync
