#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sync/statement_generator.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

// The first name of the rowid that no column, virtual ones included, hides.
std::string visible_rowid_name(const cdc::TableColumns& table) {
  constexpr std::array<std::string_view, 3> kNames = {"rowid", "_rowid_", "oid"};
  if (table.without_rowid) return "";
  for (std::string_view name : kNames) {
    const bool hidden = std::any_of(table.columns.begin(), table.columns.end(),
                                    [&](const cdc::Column& column) { return equals_ignore_case(column.name, name); });
    if (!hidden) return std::string(name);
  }
  return "";
}

}  // namespace

std::vector<std::size_t> TableShape::key() const {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].key_ordinal > 0) positions.push_back(i);
  }
  std::sort(positions.begin(), positions.end(),
            [&](std::size_t a, std::size_t b) { return columns[a].key_ordinal < columns[b].key_ordinal; });
  return positions;
}

TableShape make_shape(std::string_view table, const cdc::TableColumns& columns, bool has_triggers) {
  TableShape shape;
  shape.name = table;
  shape.has_triggers = has_triggers;
  shape.rowid_name = visible_rowid_name(columns);
  for (const cdc::Column* column : columns.stored()) {
    shape.columns.push_back({column->name, column->generated == cdc::Generated::kStored, column->pk});
  }
  return shape;
}

Result<const TableShape*> Shapes::of(const log::Change& change) {
  TURSO_TRY(const cdc::TableColumns* columns, epochs_.columns(change.table, change.change_id));
  if (columns == nullptr) {
    Error error(ErrorKind::kSchema, concat("change ", change.change_id,
                                           ": neither log nor schema tells the columns of table ", change.table));
    auto subject = std::make_shared<ErrorSubject>();
    subject->table = change.table;
    subject->change_id = change.change_id;
    error.subject = std::move(subject);
    return error;
  }
  auto found = shapes_.find(columns);
  if (found == shapes_.end()) {
    TURSO_TRY(std::int64_t triggers, executing_side_->query_int(sql::kHasTriggers, Value(change.table)));
    found = shapes_.emplace(columns, make_shape(change.table, *columns, triggers != 0)).first;
  }
  const TableShape* shape = &found->second;
  return shape;
}

}  // namespace turso::sync
