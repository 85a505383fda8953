// schema_epochs.hpp -- the columns that a table had when a record of the log was written.
//
// turso_cdc_schema(table_name, last_change_id, position, column_name, declared_type, pk, is_rowid, generated,
// without_rowid): one row per column of a list that no longer holds, written in the transaction that changed it (ALTER,
// DROP, RENAME, an applied pull). `last_change_id` is the last change that the list applies to. The list of table T as
// of change N is therefore the stored one with the smallest last_change_id >= N, or, when there is none, what the
// schema says now. The table is created when first needed; an absent one counts as empty. Names compare without
// ASCII case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "cdc/record.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {

enum class Generated : std::uint8_t { kNo = 0, kVirtual = 2, kStored = 3 };  // the numbers of table_xinfo's `hidden`

struct Column {
  std::string name;
  std::string declared_type;  // as typed; may be empty
  int pk = 0;                 // 1-based position in the primary key; 0: not part of it
  bool is_rowid = false;      // INTEGER PRIMARY KEY: its value in an image equals the row's `id`
  Generated generated = Generated::kNo;

  friend bool operator==(const Column&, const Column&) = default;
};

struct TableColumns {
  std::vector<Column> columns;  // declared order, virtual generated columns included
  bool without_rowid = false;   // then `id` of a log row is the record of the primary key values in pk order

  friend bool operator==(const TableColumns&, const TableColumns&) = default;

  // The columns that images hold, in their order: all but the virtual generated ones.
  std::vector<const Column*> stored() const;
  const Column* rowid_alias() const;  // the is_rowid column, if any
};

// As the schema says now. Nothing when `schema`.`table` is not there; views have no columns here.
Result<std::optional<TableColumns>> read_columns(sqlite::Connection& connection, std::string_view table,
                                                 std::string_view schema = "main");

// Keeps `columns` as the list that holds up to `last_change_id`; an existing list for the same key stays.
// Creates turso_cdc_schema when it is not there. Runs inside the caller's transaction.
Status write_epoch(sqlite::Connection& connection, std::string_view table, std::int64_t last_change_id,
                   const TableColumns& columns);

// Decodes records of one log. Reads each list once; make a new one after the schema or the log has changed.
class SchemaEpochs {
 public:
  explicit SchemaEpochs(sqlite::Connection& connection) : connection_(&connection) {}

  // The columns of `table` as of `change_id`; null when neither the log nor the schema knows the table.
  // The pointer lives as long as this object. The table may be sqlite_schema.
  Result<const TableColumns*> columns(std::string_view table, std::int64_t change_id);

 private:
  struct Lists {
    std::vector<std::pair<std::int64_t, TableColumns>> past;  // by last_change_id, ascending
    std::optional<TableColumns> current;
  };
  Result<Lists> read(std::string_view table);

  sqlite::Connection* connection_;
  std::unordered_map<std::string, Lists> tables_;  // by lower-case name; nodes do not move
};

}  // namespace turso::cdc
