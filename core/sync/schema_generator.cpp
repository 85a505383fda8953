#include "base/text.hpp"
#include "cdc/names.hpp"
#include "sync/ddl_text.hpp"
#include "sync/statement_generator.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

using log::Change;
using log::ChangeType;
using log::Image;

// Columns of sqlite_schema.
constexpr std::size_t kType = 0;
constexpr std::size_t kName = 1;
constexpr std::size_t kTable = 2;
constexpr std::size_t kSql = 4;
constexpr std::size_t kWidth = 5;

Error schema_error(const Change& change, std::string_view what) {
  Error error(ErrorKind::kSchema, concat("change ", change.change_id, " of table ", change.table, ": ", what));
  auto subject = std::make_shared<ErrorSubject>();
  subject->table = change.table;
  subject->change_id = change.change_id;
  error.subject = std::move(subject);
  return error;
}

bool is_object_type(std::string_view type) {
  return type == "table" || type == "index" || type == "view" || type == "trigger";
}

// The text of the ALTER behind a changed row; nothing: the row moved, its meaning did not.
const std::string* alter_text(const Change& change) {
  const bool has_text = change.updates.has_value() && change.updates->flags.size() == kWidth &&
                        change.updates->flags[kSql] && change.updates->values[kSql].type() == ValueType::kText;
  return has_text ? &change.updates->values[kSql].text() : nullptr;
}

void fill_alter(const std::string& text, SchemaStatement& statement) {
  const auto alter = parse_alter(text);
  // The rows of indexes, triggers, views and other tables that mention the altered one bear the same text.
  const bool named = !alter.has_value() || equals_ignore_case(alter->table, statement.object_name);
  if (statement.object_type != "table" || !named) return;
  statement.kind = SchemaStatement::Kind::kAlter;
  statement.sql = text;
  if (alter.has_value()) statement.added_column = alter->added_column;
}

}  // namespace

Result<SchemaStatement> generate_schema_change(const Change& change) {
  const Image& row = change.type == ChangeType::kInsert ? *change.after : *change.before;
  auto is_text = [&](std::size_t column) { return row[column].type() == ValueType::kText; };
  if (row.size() != kWidth || !is_text(kType) || !is_text(kName) || !is_text(kTable)) {
    return schema_error(change, "its image is no row of sqlite_schema");
  }
  SchemaStatement statement;
  statement.object_type = row[kType].text();
  statement.object_name = row[kName].text();
  statement.table_name = row[kTable].text();
  if (!cdc::is_user_table(statement.object_name) || !cdc::is_user_table(statement.table_name)) return statement;
  if (!is_object_type(statement.object_type)) {
    return schema_error(change, concat("sqlite_schema has no objects of type ", excerpt(statement.object_type)));
  }
  if (change.type == ChangeType::kInsert && is_text(kSql)) {  // an automatic index, without text, comes with its table
    statement.kind = SchemaStatement::Kind::kCreate;
    statement.sql = with_if_not_exists(row[kSql].text());
  } else if (change.type == ChangeType::kDelete) {
    statement.kind = SchemaStatement::Kind::kDrop;
    statement.sql =
        concat(sql::kDrop, statement.object_type, sql::kIfExists, sqlite::identifier(statement.object_name));
  } else if (change.type == ChangeType::kUpdate) {
    if (const std::string* text = alter_text(change)) fill_alter(*text, statement);
  }
  return statement;
}

}  // namespace turso::sync
