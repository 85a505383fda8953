// schema_watch.cpp -- the part of Capture that surrounds a statement which changes the schema.
//
// Before it, in the same transaction: the rows of sqlite_schema, the column lists of tables that go or change, and the
// highest change id of a log that goes. After it: the difference becomes rows of the arena, lists that no longer
// hold become epochs, and a log's sequence is put back.
#include <algorithm>

#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f";
  std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool concerns_a_table(const SchemaFact& fact) {
  return fact.action == SQLITE_DROP_TABLE || fact.action == SQLITE_ALTER_TABLE;
}

// A spelling of the rowid that no column of the table hides; empty: there is none.
std::string rowid_name(const TableColumns& columns) {
  for (std::string_view name : {"rowid", "_rowid_", "oid"}) {
    bool hidden = std::any_of(columns.columns.begin(), columns.columns.end(),
                              [&](const Column& column) { return equals_ignore_case(column.name, name); });
    if (!hidden) return std::string(name);
  }
  return {};
}

}  // namespace

Status Capture::before_schema_change(const StatementFacts& facts, SchemaWatch& watch) {
  Quiet quiet(*this);
  TURSO_CHECK(watch_logs(facts, watch));
  if (!state_.on()) return ok();
  std::vector<std::string> schemas;
  for (const SchemaFact& fact : facts.schema) schemas.push_back(fact.schema);
  if (facts.schema.empty()) {  // UPDATE sqlite_schema
    for (const WriteFact& write : facts.writes) schemas.push_back(write.schema);
  }
  for (const std::string& schema : schemas) {
    if (schema == "temp" || (replica_ && schema != "main") || watch.before.count(schema) != 0) continue;
    TURSO_TRY(std::int64_t cookie, read_cookie(own_, schema));
    auto kept = snapshots_.find(schema);
    if (kept == snapshots_.end() || kept->second.cookie != cookie) {
      TURSO_TRY(SchemaSnapshot snapshot, read_schema(own_, schema));
      kept = snapshots_.insert_or_assign(schema, std::move(snapshot)).first;
    }
    watch.before.emplace(schema, kept->second);
  }
  for (const SchemaFact& fact : facts.schema) {
    if (!concerns_a_table(fact) || fact.schema != "main" || !state_.has_companions()) continue;
    TURSO_TRY(std::optional<TableColumns> columns, read_columns(own_, fact.object));
    if (columns.has_value()) watch.columns.emplace(to_lower(fact.object), std::move(*columns));
  }
  return ok();
}

Status Capture::watch_logs(const StatementFacts& facts, SchemaWatch& watch) {
  for (const SchemaFact& fact : facts.schema) {
    if (!concerns_a_table(fact) || fact.schema != "main") continue;
    bool is_log = state_.on() && equals_ignore_case(fact.object, state_.table);
    if (!is_log) {
      TURSO_TRY(is_log, is_log_table(own_, fact.object));
    }
    if (!is_log || turso_sqlite_table_kind(db_, "main", fact.object.c_str()) != TURSO_SQLITE_TABLE) continue;
    TURSO_TRY(sqlite::Statement last_id, own_.prepare(last_id_sql(db_, fact.object)));
    TURSO_TRY(std::int64_t next, read_next_id(last_id, fact.object));
    watch.logs.push_back({fact.object, next - 1});
  }
  return ok();
}

Status Capture::keep_logs(SchemaWatch& watch, const Progress& start) {
  for (const SchemaWatch::Log& log : watch.logs) {
    TURSO_TRY(Value there, own_.query_value(sql::kTableSpelling, Value(log.table)));
    if (!there.is_null()) continue;
    TURSO_CHECK(keep_sequence(own_, log.table, log.last_id));
    // A renamed log keeps its version row, like in the reference; a dropped one loses it.
    if (watch.dropped && turso_sqlite_table_kind(db_, "main", std::string(kVersionTable).c_str()) == TURSO_SQLITE_TABLE)
      TURSO_CHECK(forget_version(own_, log.table));
    if (state_.on() && equals_ignore_case(log.table, state_.table)) {
      restore(start);  // nowhere to write that the log itself went
      progress_.flushed = arena_.end();
      progress_.next_id.reset();
    }
  }
  return ok();
}

Status Capture::after_schema_change(sqlite3_stmt* statement, SchemaWatch& watch, const Progress& start) {
  Quiet quiet(*this);
  const char* text = sqlite3_sql(statement);
  std::string_view sql = trimmed(text != nullptr ? text : "");
  for (auto& [schema, before] : watch.before) {
    TURSO_TRY(std::int64_t cookie, read_cookie(own_, schema));
    if (cookie == before.cookie) continue;
    TURSO_TRY(SchemaSnapshot after, read_schema(own_, schema));
    for (const SchemaChange& change : diff_schemas(before, after)) {
      if (schema == "main") TURSO_CHECK(note_epoch(change, watch));
      TURSO_CHECK(append_schema_change(change, sql));
      if (!change.before.has_value() && change.after->type == "table" && change.after->rootpage != 0)
        TURSO_CHECK(append_rows_of_new_table(schema, *change.after));
    }
    snapshots_.insert_or_assign(schema, std::move(after));
  }
  return keep_logs(watch, start);
}

// The list that held until now is kept, unless the table still has it under the same name.
Status Capture::note_epoch(const SchemaChange& change, SchemaWatch& watch) {
  if (replica_ && change.after.has_value() && change.before.has_value() &&
      is_bookkeeping_table(change.after->name) != is_bookkeeping_table(change.before->name))
    return Error{ErrorKind::kError,
                 concat("table ", change.after->name, " belongs to sync: no table may take its name")};
  if (!change.before.has_value() || change.before->type != "table") return ok();
  auto old_columns = watch.columns.find(to_lower(change.before->name));
  if (old_columns == watch.columns.end()) return ok();
  if (change.after.has_value() && equals_ignore_case(change.after->name, change.before->name)) {
    TURSO_TRY(std::optional<TableColumns> now, read_columns(own_, change.after->name));
    if (now.has_value() && *now == old_columns->second) return ok();
  }
  epochs_.push_back({change.before->name, arena_.end().rows, old_columns->second});
  progress_.epochs = epochs_.size();
  return ok();
}

Status Capture::append_schema_change(const SchemaChange& change, std::string_view sql) {
  Value table("sqlite_schema");
  Value id(change.row().rowid);
  Value before, after, updates;
  if (change.before.has_value()) before = schema_image(*change.before);
  if (change.after.has_value()) after = schema_image(*change.after);
  Change row;
  row.type = ChangeType::kUpdate;
  if (!change.before.has_value()) row.type = ChangeType::kInsert;
  if (!change.after.has_value()) row.type = ChangeType::kDelete;
  if (row.type == ChangeType::kUpdate) updates = schema_updates(*change.before, *change.after, sql);
  row.time = options_.environment->unix_time();
  row.table_name = Field::of(table);
  row.id = Field::of(id);
  if (state_.keeps_before()) row.before = Field::of(before);
  if (state_.keeps_after()) row.after = Field::of(after);
  if (state_.keeps_updates()) row.updates = Field::of(updates);
  return arena_.append(row);
}

// CREATE TABLE AS SELECT fills the table without the row hook. Any other new table is empty.
Status Capture::append_rows_of_new_table(const std::string& schema, const SchemaRow& row) {
  if (!is_captured(schema, row.name)) return ok();
  TURSO_TRY(std::optional<TableColumns> columns, read_columns(own_, row.name, schema));
  if (!columns.has_value() || columns->without_rowid) return ok();
  std::string table = concat(sqlite::identifier(schema), ".", sqlite::identifier(row.name));
  std::string rowid = rowid_name(*columns);
  if (rowid.empty()) {
    TURSO_TRY(Value any, own_.query_value(concat(sql::kSelectAnyFrom, table)));
    if (any.is_null()) return ok();
    return Error{ErrorKind::kSchema, concat("table ", row.name,
                                            " hides its rowid under three columns: the rows that it is made with "
                                            "cannot be captured")};
  }
  TURSO_TRY(sqlite::Statement scan,
            own_.prepare(concat(sql::kSelectRowid, rowid, sql::kAndAllFrom, table, sql::kOrderByFirst)));
  std::int64_t time = options_.environment->unix_time();
  std::vector<Value> values(static_cast<std::size_t>(scan.column_count()) - 1);
  for (;;) {
    TURSO_TRY(bool found, scan.step());
    if (!found) return ok();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = scan.column(static_cast<int>(i) + 1);
    Value name(row.name), id(scan.column_int(0)), after(encode_record(values));
    Change change;
    change.type = ChangeType::kInsert;
    change.time = time;
    change.table_name = Field::of(name);
    change.id = Field::of(id);
    if (state_.keeps_after()) change.after = Field::of(after);
    TURSO_CHECK(arena_.append(change));
  }
}

}  // namespace turso::cdc
