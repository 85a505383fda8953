#include "cdc/schema_epochs.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {

std::vector<const Column*> TableColumns::stored() const {
  std::vector<const Column*> out;
  for (const Column& column : columns) {
    if (column.generated != Generated::kVirtual) out.push_back(&column);
  }
  return out;
}

const Column* TableColumns::rowid_alias() const {
  auto found = std::find_if(columns.begin(), columns.end(), [](const Column& column) { return column.is_rowid; });
  return found != columns.end() ? &*found : nullptr;
}

namespace {

// Another connection may have changed the schema, which table_xinfo does not notice: a read of the file does.
Status refresh_schema(sqlite::Connection& connection, std::string_view schema) {
  return connection.run(replace_name(sql::kTouchSchema, schema));
}

}  // namespace

Result<std::optional<TableColumns>> read_columns(sqlite::Connection& connection, std::string_view table,
                                                 std::string_view schema) {
  TURSO_CHECK(refresh_schema(connection, schema));
  TURSO_TRY(sqlite::Statement kind, connection.prepare(sql::kReadTableKind));
  TURSO_CHECK(kind.bind_all(table, schema));
  TURSO_TRY(bool found, kind.step());
  if (!found || kind.column_text(0) == "view") return std::optional<TableColumns>();
  TableColumns out;
  out.without_rowid = kind.column_int(1) != 0;

  TURSO_TRY(sqlite::Statement read, connection.prepare(sql::kReadColumns));
  TURSO_CHECK(read.bind_all(table, schema));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) break;
    out.columns.push_back({std::string(read.column_text(0)), std::string(read.column_text(1)),
                           static_cast<int>(read.column_int(2)), false, static_cast<Generated>(read.column_int(3))});
  }
  int alias = turso_sqlite_rowid_alias(connection.handle(), std::string(schema).c_str(), std::string(table).c_str());
  if (alias >= 0 && static_cast<std::size_t>(alias) < out.columns.size())
    out.columns[static_cast<std::size_t>(alias)].is_rowid = true;
  return std::optional<TableColumns>(std::move(out));
}

Status write_epoch(sqlite::Connection& connection, std::string_view table, std::int64_t last_change_id,
                   const TableColumns& columns) {
  TURSO_CHECK(connection.run(sql::kCreateSchemaTable));
  TURSO_TRY(sqlite::Statement insert, connection.prepare(sql::kInsertEpochColumn));
  std::int64_t position = 0;
  for (const Column& column : columns.columns) {
    TURSO_CHECK(insert.bind_all(table, last_change_id, position++, column.name, column.declared_type, column.pk,
                                static_cast<int>(column.is_rowid), static_cast<int>(column.generated),
                                static_cast<int>(columns.without_rowid)));
    TURSO_CHECK(insert.run());
  }
  return ok();
}

Result<SchemaEpochs::Lists> SchemaEpochs::read(std::string_view table) {
  Lists lists;
  TURSO_TRY(lists.current, read_columns(*connection_, table));
  TURSO_TRY(bool kept, sqlite::has_object(*connection_, "table", kSchemaTable));
  if (!kept) return lists;

  TURSO_TRY(sqlite::Statement epochs, connection_->prepare(sql::kReadEpochs));
  TURSO_CHECK(epochs.bind(1, Value(table)));
  for (;;) {
    TURSO_TRY(bool row, epochs.step());
    if (!row) break;
    std::int64_t last = epochs.column_int(0);
    if (lists.past.empty() || lists.past.back().first != last) lists.past.emplace_back(last, TableColumns());
    TableColumns& list = lists.past.back().second;
    list.columns.push_back({std::string(epochs.column_text(1)), std::string(epochs.column_text(2)),
                            static_cast<int>(epochs.column_int(3)), epochs.column_int(4) != 0,
                            static_cast<Generated>(epochs.column_int(5))});
    list.without_rowid = epochs.column_int(6) != 0;
  }
  return lists;
}

Result<const TableColumns*> SchemaEpochs::columns(std::string_view table, std::int64_t change_id) {
  std::string key = to_lower(table);
  auto found = tables_.find(key);
  if (found == tables_.end()) {
    TURSO_TRY(Lists lists, read(table));
    found = tables_.emplace(std::move(key), std::move(lists)).first;
  }
  const Lists& lists = found->second;
  for (const auto& [last, list] : lists.past) {
    if (last >= change_id) return &list;
  }
  const TableColumns* current = lists.current.has_value() ? &*lists.current : nullptr;
  return current;
}

}  // namespace turso::cdc
