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
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "cdc/schema_epochs.hpp"
#include "log/tape.hpp"
#include "sqlite/connection.hpp"

namespace turso::sync {

struct TableColumn {
  std::string name;
  bool generated = false;  // STORED: in the images, never written; virtual columns are in no shape
  int key_ordinal = 0;     // 1.. within the primary key, 0: not part of it
};

// What the images of a table held at some change, and how its rows are found.
struct TableShape {
  std::string name;
  std::vector<TableColumn> columns;  // those that images hold, in table order
  std::string rowid_name;            // of rowid, _rowid_, oid the first that no column hides; "": none is there
  bool has_triggers = false;         // on the executing side

  std::vector<std::size_t> key() const;  // column positions in key order; empty: keyless
};

TableShape make_shape(std::string_view table, const cdc::TableColumns& columns, bool has_triggers);

// Shapes as of a change. Make a new one after the schema of either side has changed.
class Shapes {
 public:
  // Column lists come from `log_side`, which holds the log; triggers from `executing_side`.
  Shapes(sqlite::Connection& log_side, sqlite::Connection& executing_side)
      : epochs_(log_side), executing_side_(&executing_side) {}

  // kSchema when nothing tells the columns of that time. The pointer lives as long as this object.
  Result<const TableShape*> of(const log::Change& change);

 private:
  cdc::SchemaEpochs epochs_;
  sqlite::Connection* executing_side_;
  std::unordered_map<const cdc::TableColumns*, TableShape> shapes_;  // nodes do not move
};

struct GeneratedStatement {
  std::string sql;
  std::vector<Value> args;
  // Of an insert with VALUES: where its one row, with its brackets, stands in `sql`. Several statements that are equal
  // but for their rows may be sent as one. 0: not such an insert.
  std::size_t row_begin = 0;
  std::size_t row_end = 0;

  // Whether `other` is this insert with another row.
  bool takes_row_of(const GeneratedStatement& other) const;
};

// A key as people read it: 7, 'a', (1, 'b').
std::string printable_key(const TableShape& shape, const log::Change& change);

// `rowid`: where a row of a keyless table is likely to stand on the executing side; its before image must match there.
// An image with more values than the shape has columns is kSchema; one with fewer was captured before ADD COLUMN.
Result<std::vector<GeneratedStatement>> generate_row_change(const TableShape& shape, const log::Change& change,
                                                            std::optional<std::int64_t> rowid = std::nullopt);

// `deleted` and `inserted` are one UPDATE of the key.
Result<std::vector<GeneratedStatement>> generate_key_change(const TableShape& shape, const log::Change& deleted,
                                                            const log::Change& inserted,
                                                            std::optional<std::int64_t> rowid = std::nullopt);

// A SELECT of 1 iff the executing side already has what the change made: the row with exactly its new values, or no row
// of a deleted key. Nothing for rows without a key, which cannot be told apart.
Result<std::optional<GeneratedStatement>> generate_convergence_check(const TableShape& shape, const log::Change& change,
                                                                     const std::optional<log::Change>& inserted);

// ---- schema changes -----------------------------------------------------------------------------------------

struct SchemaStatement {
  enum class Kind : std::uint8_t { kNone, kCreate, kDrop, kAlter };
  Kind kind = Kind::kNone;  // kNone: nothing to run (an internal object, or a row that follows an ALTER)
  std::string object_type;  // table, index, view, trigger
  std::string object_name;
  std::string table_name;  // the table it belongs to
  std::string sql;
  std::optional<std::string> added_column;  // ALTER TABLE ... ADD COLUMN: its name
};

Result<SchemaStatement> generate_schema_change(const log::Change& change);

}  // namespace turso::sync
