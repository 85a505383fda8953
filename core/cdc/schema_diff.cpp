#include "cdc/schema_diff.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cdc/cdc_sql.hpp"

namespace turso::cdc {
namespace {

bool is_recorded(sqlite3* db, const std::string& schema, const SchemaRow& row) {
  if (row.type == "index" && !row.sql.has_value()) return false;
  if (starts_with_ignore_case(row.tbl_name, "sqlite_stat")) return false;
  return turso_sqlite_table_kind(db, schema.c_str(), row.tbl_name.c_str()) != TURSO_SQLITE_SHADOW;
}

bool differs(const SchemaRow& a, const SchemaRow& b) {
  return a.type != b.type || a.name != b.name || a.tbl_name != b.tbl_name || a.sql != b.sql;
}

// Whether the row is an index or trigger of a table or view that goes too.
bool goes_with_its_table(const SchemaRow& row, const std::vector<SchemaChange>& changes) {
  if (row.type != "index" && row.type != "trigger") return false;
  return std::any_of(changes.begin(), changes.end(), [&](const SchemaChange& change) {
    return !change.after.has_value() && (change.before->type == "table" || change.before->type == "view") &&
           equals_ignore_case(change.before->name, row.tbl_name);
  });
}

}  // namespace

Result<std::int64_t> read_cookie(sqlite::Connection& connection, std::string_view schema) {
  return connection.query_int(replace_name(sql::kReadCookie, schema));
}

Result<SchemaSnapshot> read_schema(sqlite::Connection& connection, std::string_view schema) {
  SchemaSnapshot snapshot;
  TURSO_TRY(sqlite::Statement read, connection.prepare(replace_name(sql::kReadSchema, schema)));
  for (;;) {
    TURSO_TRY(bool found, read.step());
    if (!found) break;
    SchemaRow row;
    row.rowid = read.column_int(0);
    row.type = read.column_text(1);
    row.name = read.column_text(2);
    row.tbl_name = read.column_text(3);
    row.rootpage = read.column_int(4);
    if (!read.column_is_null(5)) row.sql = read.column_text(5);
    snapshot.rows.push_back(std::move(row));
  }
  for (SchemaRow& row : snapshot.rows) row.recorded = is_recorded(connection.handle(), std::string(schema), row);
  TURSO_TRY(snapshot.cookie, read_cookie(connection, schema));
  return snapshot;
}

std::vector<SchemaChange> diff_schemas(const SchemaSnapshot& before, const SchemaSnapshot& after) {
  std::vector<SchemaChange> changes;
  auto old_row = before.rows.begin();
  auto new_row = after.rows.begin();
  while (old_row != before.rows.end() || new_row != after.rows.end()) {
    bool only_old = new_row == after.rows.end() || (old_row != before.rows.end() && old_row->rowid < new_row->rowid);
    bool only_new = !only_old && (old_row == before.rows.end() || new_row->rowid < old_row->rowid);
    if (only_old) {
      if (old_row->recorded) changes.push_back({*old_row, std::nullopt});
      ++old_row;
    } else if (only_new) {
      if (new_row->recorded) changes.push_back({std::nullopt, *new_row});
      ++new_row;
    } else {
      if (new_row->recorded && differs(*old_row, *new_row)) changes.push_back({*old_row, *new_row});
      ++old_row;
      ++new_row;
    }
  }
  std::vector<SchemaChange> kept;
  for (const SchemaChange& change : changes) {
    if (change.after.has_value() || !goes_with_its_table(*change.before, changes)) kept.push_back(change);
  }
  std::stable_partition(kept.begin(), kept.end(), [](const SchemaChange& change) {
    return change.before.has_value() && change.after.has_value() && change.after->type == "table";
  });
  return kept;
}

Bytes schema_image(const SchemaRow& row) {
  std::vector<Value> values = {row.type, row.name, row.tbl_name, row.rootpage,
                               row.sql.has_value() ? Value(*row.sql) : Value()};
  return encode_record(values);
}

Bytes schema_updates(const SchemaRow& before, const SchemaRow& after, std::string_view statement) {
  std::vector<Value> values(10);
  auto set = [&](std::size_t column, bool changed, Value value) {
    values[column] = changed ? 1 : 0;
    if (changed) values[column + 5] = std::move(value);
  };
  set(0, before.type != after.type, after.type);
  set(1, before.name != after.name, after.name);
  set(2, before.tbl_name != after.tbl_name, after.tbl_name);
  set(3, false, Value());
  set(4, true, statement);
  return encode_record(values);
}

}  // namespace turso::cdc
