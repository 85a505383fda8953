#include "cdc/log_table.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "base/text.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"
#include "cdc/schema_epochs.hpp"

namespace turso::cdc {
namespace {

constexpr std::array<std::string_view, 5> kModeNames = {"off", "id", "before", "after", "full"};
constexpr std::array<std::string_view, 8> kColumnsOfBoth = {"change_id", "change_time", "change_type", "table_name",
                                                            "id",        "before",      "after",       "updates"};

Error bad_name(std::string_view name, std::string_view reason) {
  return {ErrorKind::kError, concat("the change log cannot be named \"", excerpt(name), "\": ", reason)};
}

Status check_name(std::string_view name) {
  if (name.empty()) return bad_name(name, "the name is empty");
  if (starts_with_ignore_case(name, "sqlite_")) return bad_name(name, "names that begin with sqlite_ are reserved");
  if (is_bookkeeping_table(name) && !equals_ignore_case(name, kLogTable))
    return bad_name(name, "the table has another purpose");
  if (!is_valid_utf8(name) || name.find('\0') != std::string_view::npos) return bad_name(name, "it is not text");
  return ok();
}

bool has_column(const TableColumns& columns, std::string_view name) {
  return std::any_of(columns.columns.begin(), columns.columns.end(),
                     [&](const Column& column) { return equals_ignore_case(column.name, name); });
}

Result<Layout> layout_of(sqlite::Connection& connection, const std::string& table) {
  TURSO_TRY(std::optional<TableColumns> columns, read_columns(connection, table));
  if (!columns.has_value()) return Error{ErrorKind::kSchema, concat("no such table: ", table)};
  for (std::string_view name : kColumnsOfBoth) {
    if (!has_column(*columns, name))
      return Error{ErrorKind::kSchema, concat("table ", table, " is not a change log: it has no column ", name)};
  }
  const Column* rowid = columns->rowid_alias();
  if (rowid == nullptr || !equals_ignore_case(rowid->name, "change_id"))
    return Error{ErrorKind::kSchema,
                 concat("table ", table, " is not a change log: change_id is not its INTEGER PRIMARY KEY")};
  return has_column(*columns, "change_txn_id") ? Layout::kV2 : Layout::kV1;
}

// The catalog's spelling.
Result<std::string> spelling_of(sqlite::Connection& connection, const std::string& table) {
  TURSO_TRY(Value name, connection.query_value(sql::kTableSpelling, Value(table)));
  return name.type() == ValueType::kText ? name.text() : table;
}

Status record_version(sqlite::Connection& connection, const std::string& table, Layout layout) {
  TURSO_CHECK(connection.run(sql::kCreateVersionTable));
  TURSO_TRY(Value version, connection.query_value(sql::kReadVersion, Value(table)));
  if (version.is_null()) return connection.run(sql::kInsertVersion, Value(table), Value(layout_name(layout)));
  if (version.type() != ValueType::kText || (version.text() != "v1" && version.text() != "v2"))
    return Error{ErrorKind::kSchema, concat("unexpected CDC version: ",
                                            version.type() == ValueType::kText ? version.text() : version.to_sql())};
  if (version.text() == layout_name(layout)) return ok();
  return connection.run(sql::kUpdateVersion, Value(table), Value(layout_name(layout)));
}

}  // namespace

bool CaptureState::has_companions() const { return equals_ignore_case(table, kLogTable); }

std::string_view mode_name(Mode mode) { return kModeNames[static_cast<std::size_t>(mode)]; }
std::string_view layout_name(Layout layout) { return layout == Layout::kV1 ? "v1" : "v2"; }

Result<SwitchRequest> parse_switch(std::string_view value) {
  std::size_t comma = value.find(',');
  auto known = std::find(kModeNames.begin(), kModeNames.end(), value.substr(0, comma));
  if (known == kModeNames.end())
    return Error{ErrorKind::kError,
                 "unexpected pragma value: expected '<mode>' or '<mode>,<cdc-table-name>' parameter where mode is one "
                 "of off|id|before|after|full"};
  SwitchRequest request;
  request.mode = static_cast<Mode>(known - kModeNames.begin());
  if (request.mode == Mode::kOff) return request;
  request.table = comma == std::string_view::npos ? kLogTable : value.substr(comma + 1);
  TURSO_CHECK(check_name(request.table));
  return request;
}

Result<CaptureState> prepare_log(sqlite::Connection& connection, const SwitchRequest& request) {
  CaptureState state;
  state.mode = request.mode;
  state.given = request.table;
  TURSO_CHECK(connection.run(sql::kTouchMainSchema));
  switch (turso_sqlite_table_kind(connection.handle(), "main", request.table.c_str())) {
    case TURSO_SQLITE_NONE: TURSO_CHECK(connection.run(replace_name(sql::kCreateLog, request.table))); break;
    case TURSO_SQLITE_TABLE: break;
    case TURSO_SQLITE_VIEW: return bad_name(request.table, "that is a view");
    case TURSO_SQLITE_VIRTUAL:
    case TURSO_SQLITE_SHADOW: return bad_name(request.table, "that is a virtual table");
  }
  TURSO_TRY(state.table, spelling_of(connection, request.table));
  TURSO_TRY(state.layout, layout_of(connection, state.table));
  TURSO_CHECK(record_version(connection, state.table, state.layout));
  return state;
}

std::string last_id_sql(sqlite3* db, const std::string& table) {
  std::string sql = concat(sql::kHighestOf, replace_name(sql::kLastChangeId, table), "), 0)");
  if (turso_sqlite_table_kind(db, "main", "sqlite_sequence") == TURSO_SQLITE_TABLE)
    sql += concat(", ifnull((", sql::kReadSequence, "), 0)");
  if (turso_sqlite_table_kind(db, "main", "turso_sync_meta") == TURSO_SQLITE_TABLE)
    sql += concat(", ifnull((", sql::kHighestMark, "), 0)");
  return sql + ")";
}

Result<std::int64_t> read_next_id(sqlite::Statement& last_id, const std::string& table) {
  TURSO_CHECK(last_id.bind_text(1, table));
  TURSO_TRY(bool row, last_id.step());
  std::int64_t last = row ? last_id.column_int(0) : 0;
  last_id.reset();
  if (last == std::numeric_limits<std::int64_t>::max())
    return Error{ErrorKind::kFull, concat("table ", table, ": change id ", last, " is the last one there is")};
  return last + 1;
}

Result<bool> is_log_table(sqlite::Connection& connection, std::string_view table) {
  if (turso_sqlite_table_kind(connection.handle(), "main", "turso_cdc_version") != TURSO_SQLITE_TABLE) return false;
  TURSO_TRY(Value version, connection.query_value(sql::kReadVersion, Value(table)));
  return !version.is_null();
}

Status keep_sequence(sqlite::Connection& connection, const std::string& table, std::int64_t last_id) {
  if (turso_sqlite_table_kind(connection.handle(), "main", "sqlite_sequence") != TURSO_SQLITE_TABLE) return ok();
  TURSO_TRY(std::int64_t sequence, connection.query_int(sql::kReadSequence, Value(table)));
  if (sequence >= last_id) return ok();
  TURSO_CHECK(connection.run(sql::kDeleteSequence, Value(table)));
  return connection.run(sql::kInsertSequence, Value(table), Value(last_id));
}

Status forget_version(sqlite::Connection& connection, std::string_view table) {
  return connection.run(sql::kDeleteVersion, Value(table));
}

std::string insert_rows_sql(const CaptureState& state) {
  return replace_name(state.layout == Layout::kV2 ? sql::kInsertRowsV2 : sql::kInsertRowsV1, state.table);
}

}  // namespace turso::cdc
