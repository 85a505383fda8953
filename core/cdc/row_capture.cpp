#include "cdc/row_capture.hpp"

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {
namespace {

Field integer_field(std::int64_t value) {
  Field field;
  field.type = ValueType::kInteger;
  field.integer = value;
  return field;
}

Field text_field(std::string_view text) {
  Field field;
  field.type = ValueType::kText;
  field.bytes = as_bytes(text);
  return field;
}

Field blob_field(const Bytes& blob) {
  Field field;
  field.type = ValueType::kBlob;
  field.bytes = blob;
  return field;
}

Field field_of(sqlite3_value* value) {
  Field field;
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return integer_field(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
      field.type = ValueType::kReal;
      field.real = sqlite3_value_double(value);
      break;
    case SQLITE_TEXT: {
      field.type = ValueType::kText;
      const std::uint8_t* text = sqlite3_value_text(value);
      field.bytes = {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
      break;
    }
    case SQLITE_BLOB: {
      field.type = ValueType::kBlob;
      const auto* blob = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
      field.bytes = {blob, static_cast<std::size_t>(sqlite3_value_bytes(value))};
      break;
    }
    default: break;
  }
  return field;
}

bool same(const Field& a, const Field& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case ValueType::kNull: return true;
    case ValueType::kInteger: return a.integer == b.integer;
    case ValueType::kReal: return std::bit_cast<std::uint64_t>(a.real) == std::bit_cast<std::uint64_t>(b.real);
    case ValueType::kText:
    case ValueType::kBlob: return std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
  }
  return false;
}

void encode(Bytes& out, std::span<const Field> fields) {
  out.clear();
  append_record(out, fields);
}

}  // namespace

void RowCapture::start(const StatementFacts* facts, std::int64_t time) {
  facts_ = facts;
  time_ = time;
  shapes_.clear();
  last_delete_.reset();
  may_replace_ = std::any_of(facts->writes.begin(), facts->writes.end(), [](const WriteFact& write) {
    return !write.by_trigger && write.operation != RowOperation::kDelete;
  });
}

void RowCapture::finish() {
  facts_ = nullptr;
  shapes_.clear();
}

void RowCapture::fail(Error error) {
  if (!failure_.has_value()) failure_ = std::move(error);
}

bool RowCapture::is_dropped(const Shape& shape) const {
  if (facts_ == nullptr) return false;
  return std::any_of(facts_->schema.begin(), facts_->schema.end(), [&](const SchemaFact& fact) {
    return fact.action == SQLITE_DROP_TABLE && equals_ignore_case(fact.schema, shape.schema) &&
           equals_ignore_case(fact.object, shape.name);
  });
}

RowCapture::Shape RowCapture::read_shape(sqlite3* db, const Event& event, const turso_sqlite_table* table) const {
  Shape shape{table, std::string(event.schema), turso_sqlite_table_name(table), false, false, false, false, {}, {}};
  if (turso_sqlite_kind_of(db, table) != TURSO_SQLITE_TABLE) return shape;
  shape.without_rowid = turso_sqlite_without_rowid(table) != 0;
  shape.has_foreign_key_actions = turso_sqlite_has_foreign_key_actions(table) != 0;
  auto in_set = [&](std::string_view column) {
    return facts_ != nullptr && std::any_of(facts_->set.begin(), facts_->set.end(), [&](const SetFact& set) {
             return equals_ignore_case(set.column, column) && equals_ignore_case(set.table, shape.name) &&
                    equals_ignore_case(set.schema, shape.schema);
           });
  };
  bool column_named_rowid = false;
  std::vector<int> indexes;
  for (int i = 0; i < turso_sqlite_column_count(table); ++i) {
    turso_sqlite_column column = turso_sqlite_column_at(table, i);
    column_named_rowid |= equals_ignore_case(column.name, "ROWID");
    if (column.is_virtual != 0) continue;
    bool set = in_set(column.name);
    shape.sets_rowid |= set && column.is_rowid != 0;
    shape.stored.push_back(
        {i, column.name, column.is_real != 0, column.is_stored_generated != 0, column.is_self_reference != 0, set});
    indexes.push_back(i);
  }
  if (!shape.without_rowid && !column_named_rowid) shape.sets_rowid |= in_set("ROWID");
  for (int i = 0; shape.without_rowid && i < turso_sqlite_key_count(table); ++i) {
    auto at = std::find(indexes.begin(), indexes.end(), turso_sqlite_key_column(table, i));
    shape.key.push_back(static_cast<std::size_t>(at - indexes.begin()));
  }
  return shape;
}

Status RowCapture::read_fields(sqlite3* db, const Shape& shape, bool old_row, std::vector<Field>& fields) {
  fields.clear();
  for (const ColumnShape& column : shape.stored) {
    sqlite3_value* value = nullptr;
    int code =
        old_row ? sqlite3_preupdate_old(db, column.index, &value) : sqlite3_preupdate_new(db, column.index, &value);
    if (code != SQLITE_OK || value == nullptr) return sqlite::error_of_code(code, sqlite3_errstr(code));
    Field field = field_of(value);
    // The machine keeps a whole real as an integer until it is read by the user.
    if (column.is_real && field.type == ValueType::kInteger) {
      field.type = ValueType::kReal;
      field.real = static_cast<double>(field.integer);
    }
    fields.push_back(field);
  }
  return ok();
}

Field RowCapture::id_of(const Shape& shape, std::int64_t rowid, const std::vector<Field>& fields, Bytes& storage) {
  if (!shape.without_rowid) return integer_field(rowid);
  std::vector<Field> key;
  for (std::size_t position : shape.key) key.push_back(fields[position]);
  encode(storage, key);
  return blob_field(storage);
}

Status RowCapture::capture_row(sqlite3* db, const Event& event, const Shape& shape, const CaptureState& state,
                               Arena& arena) {
  last_delete_.reset();
  bool has_old = event.operation != RowOperation::kInsert;
  bool has_new = event.operation != RowOperation::kDelete;
  bool ids_need_rows = shape.without_rowid;
  bool full_update = event.operation == RowOperation::kUpdate && state.keeps_updates();
  if (has_old && (state.keeps_before() || ids_need_rows || full_update))
    TURSO_CHECK(read_fields(db, shape, true, old_));
  if (has_new && (state.keeps_after() || ids_need_rows || full_update))
    TURSO_CHECK(read_fields(db, shape, false, new_));

  Change change;
  change.time = time_;
  change.table_name = text_field(shape.name);
  change.marks = event.depth > 0 ? mark_of(db, event, shape) : static_cast<std::uint8_t>(kMarkNone);
  if (has_old && state.keeps_before()) {
    encode(before_, old_);
    change.before = blob_field(before_);
  }
  if (has_new && state.keeps_after()) {
    encode(after_, new_);
    change.after = blob_field(after_);
  }
  switch (event.operation) {
    case RowOperation::kInsert:
      change.type = ChangeType::kInsert;
      change.id = id_of(shape, event.new_rowid, new_, new_id_);
      return arena.append(change);
    case RowOperation::kDelete:
      change.type = ChangeType::kDelete;
      change.id = id_of(shape, event.old_rowid, old_, old_id_);
      if (event.depth == 0 && may_replace_) remember_delete(event, shape, arena);
      return arena.append(change);
    case RowOperation::kUpdate: return append_update(event, shape, state, change, arena);
  }
  return ok();
}

Status RowCapture::append_update(const Event& event, const Shape& shape, const CaptureState& state, Change change,
                                 Arena& arena) {
  Field old_id = id_of(shape, event.old_rowid, old_, old_id_);
  Field new_id = id_of(shape, event.new_rowid, new_, new_id_);
  bool key_named = event.depth == 0 && shape.sets_rowid;
  if (!key_named && same(old_id, new_id)) {
    change.type = ChangeType::kUpdate;
    change.id = old_id;
    if (state.keeps_updates()) {
      fill_updates(event, shape);
      change.updates = blob_field(updates_);
    }
    return arena.append(change);
  }
  // Another key is another row: a delete and an insert, marked as one update.
  change.marks |= kMarkKeyChange;
  Change removed = change;
  removed.type = ChangeType::kDelete;
  removed.id = old_id;
  removed.after = Field();
  TURSO_CHECK(arena.append(removed));
  change.type = ChangeType::kInsert;
  change.id = new_id;
  change.before = Field();
  return arena.append(change);
}

void RowCapture::fill_updates(const Event& event, const Shape& shape) {
  std::size_t count = shape.stored.size();
  update_fields_.assign(2 * count, Field());
  for (std::size_t i = 0; i < count; ++i) {
    const ColumnShape& column = shape.stored[i];
    bool by_value = event.depth > 0 || column.is_stored_generated || column.is_self_reference;
    bool flag = by_value ? !same(old_[i], new_[i]) : column.in_set;
    update_fields_[i] = integer_field(flag ? 1 : 0);
    if (flag) update_fields_[count + i] = new_[i];
  }
  encode(updates_, update_fields_);
}

// Who wrote a row below the statement: see marks.hpp. When in doubt the row is not called a trigger's.
std::uint8_t RowCapture::mark_of(sqlite3* db, const Event& event, const Shape& shape) const {
  if (facts_ == nullptr || event.schema != "main") return kMarkNone;
  auto on_table = [&](const WriteFact& write) {
    return write.schema == event.schema && equals_ignore_case(write.table, shape.name);
  };
  bool reported = std::any_of(facts_->writes.begin(), facts_->writes.end(), [&](const WriteFact& write) {
    return on_table(write) && write.operation == event.operation;
  });
  bool named = false;
  bool unnamed = false;
  bool plain = true;
  for (const WriteFact& write : facts_->writes) {
    // REPLACE deletes rows without an action of its own: then any action on the table may be the one.
    if (!on_table(write) || (reported && write.operation != event.operation)) continue;
    if (!write.by_trigger) {
      unnamed = true;
      continue;
    }
    named = true;
    plain &= turso_sqlite_is_plain_trigger(db, write.trigger.c_str()) != 0;
  }
  if (!named) return unnamed ? kMarkForeignKey : kMarkNone;
  if (unnamed && shape.has_foreign_key_actions) return kMarkForeignKey;
  return plain ? kMarkTrigger : kMarkNone;
}

void RowCapture::remember_delete(const Event& event, const Shape& shape, const Arena& arena) {
  LastDelete last;
  last.before = arena.end();
  last.schema = shape.schema;
  last.table = shape.name;
  last.without_rowid = shape.without_rowid;
  last.rowid = event.old_rowid;
  for (std::size_t position : shape.key) {
    last.key_columns.push_back(shape.stored[position].name);
    last.key_values.push_back(to_value(old_[position]));
  }
  last_delete_ = std::move(last);
}

}  // namespace turso::cdc
