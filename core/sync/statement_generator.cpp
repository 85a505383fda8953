#include "sync/statement_generator.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

using log::Change;
using log::ChangeType;
using log::Image;
using sqlite::identifier;

Error schema_error(const Change& change, std::string_view what) {
  Error error(ErrorKind::kSchema, concat("change ", change.change_id, " of table ", change.table, ": ", what));
  auto subject = std::make_shared<ErrorSubject>();
  subject->table = change.table;
  subject->change_id = change.change_id;
  error.subject = std::move(subject);
  return error;
}

// One statement being written; its arguments stand in the order of their placeholders.
class Writer {
 public:
  Writer& text(std::string_view piece) {
    statement_.sql += piece;
    return *this;
  }
  Writer& name(std::string_view name) { return text(identifier(name)); }

  Writer& value(const Value& value) {
    if (value.type() == ValueType::kReal && std::isinf(value.real())) return text(real_to_text(value.real()));
    if (value.type() == ValueType::kText &&
        (!is_valid_utf8(value.text()) || value.text().find('\0') != std::string::npos)) {
      statement_.args.emplace_back(to_bytes(value.text()));
      return text(sql::kBlobAsText);
    }
    statement_.args.push_back(value);
    return text("?");
  }

  void begin_row() {
    statement_.row_begin = statement_.sql.size();
    text("(");
  }
  void end_row() {
    text(")");
    statement_.row_end = statement_.sql.size();
  }

  GeneratedStatement take() { return std::move(statement_); }

 private:
  GeneratedStatement statement_;
};

// A row of a table: the columns that its image covers, and whether its key tells it apart.
class Row {
 public:
  Row(const TableShape& shape, const Image& image) : shape_(shape), image_(image), key_(shape.key()) {
    keyed_ =
        !key_.empty() && std::none_of(key_.begin(), key_.end(), [&](std::size_t c) { return image_[c].is_null(); });
  }

  bool keyed() const { return keyed_; }
  const std::vector<std::size_t>& key() const { return key_; }
  const Value& value(std::size_t column) const { return image_[column]; }
  const TableColumn& column(std::size_t column) const { return shape_.columns[column]; }

  std::vector<std::size_t> written_columns() const {
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < image_.size(); ++c) {
      if (!shape_.columns[c].generated) columns.push_back(c);
    }
    return columns;
  }

  void write_key_predicate(Writer& writer) const {
    std::string_view separator;
    for (std::size_t c : key_) {
      writer.text(separator).name(column(c).name).text(" IS ").value(image_[c]);
      separator = " AND ";
    }
  }

  // The whole row, by value and type: no collation, no conversion may take another row for it.
  void write_image_predicate(Writer& writer) const {
    std::string_view separator;
    for (std::size_t c : written_columns()) {
      writer.text(separator).name(column(c).name).text(" IS ").value(image_[c]).text(" COLLATE BINARY AND typeof(");
      writer.name(column(c).name).text(") = '").text(type_name(image_[c].type())).text("'");
      separator = " AND ";
    }
  }

 private:
  static std::string_view type_name(ValueType type) {
    switch (type) {
      case ValueType::kNull: return "null";
      case ValueType::kInteger: return "integer";
      case ValueType::kReal: return "real";
      case ValueType::kText: return "text";
      case ValueType::kBlob: return "blob";
    }
    return "null";
  }

  const TableShape& shape_;
  const Image& image_;
  std::vector<std::size_t> key_;
  bool keyed_ = false;
};

Status check_image(const TableShape& shape, const Change& change, const Image& image) {
  if (image.size() > shape.columns.size()) {
    return schema_error(
        change, concat("its image has ", image.size(), " values, the table ", shape.columns.size(), " columns"));
  }
  for (std::size_t c : shape.key()) {
    if (c >= image.size())
      return schema_error(change, concat("key column ", shape.columns[c].name, " is not in its image"));
  }
  return ok();
}

// WHERE of an UPDATE or DELETE of one existing row.
Status write_where(Writer& writer, const TableShape& shape, const Change& change, const Row& row,
                   std::optional<std::int64_t> rowid) {
  writer.text(" WHERE ");
  if (row.keyed()) {
    row.write_key_predicate(writer);
    return ok();
  }
  if (shape.rowid_name.empty())
    return schema_error(change, "its columns hide rowid, _rowid_ and oid, and it has no key: no row can be told apart");
  writer.text(shape.rowid_name);  // unquoted: older servers take "rowid" in quotes for a text
  if (rowid.has_value()) {
    writer.text(" = ").value(Value(*rowid)).text(" AND ");
    row.write_image_predicate(writer);
    return ok();
  }
  writer.text(" = (SELECT ").text(shape.rowid_name).text(" FROM ").name(shape.name).text(" WHERE ");
  row.write_image_predicate(writer);
  writer.text(" LIMIT 1)");
  return ok();
}

void write_column_list(Writer& writer, const Row& row, const std::vector<std::size_t>& columns,
                       std::string_view separator) {
  std::string_view between;
  for (std::size_t c : columns) {
    writer.text(between).name(row.column(c).name);
    between = separator;
  }
}

void write_values(Writer& writer, const Row& row, const std::vector<std::size_t>& columns) {
  std::string_view between;
  for (std::size_t c : columns) {
    writer.text(between).value(row.value(c));
    between = ",";
  }
}

void write_insert_head(Writer& writer, const TableShape& shape, const Row& row,
                       const std::vector<std::size_t>& columns) {
  writer.text(sql::kInsertInto).name(shape.name).text("(");
  write_column_list(writer, row, columns, ", ");
  writer.text(")");
}

// UPDATE t SET columns = their value in `row`; without WHERE.
void write_update_head(Writer& writer, const TableShape& shape, const Row& row,
                       const std::vector<std::size_t>& columns) {
  writer.text(sql::kUpdate).name(shape.name).text(" SET ");
  std::string_view between;
  for (std::size_t c : columns) {
    writer.text(between).name(row.column(c).name).text(" = ").value(row.value(c));
    between = ", ";
  }
}

GeneratedStatement plain_insert(const TableShape& shape, const Row& row) {
  Writer writer;
  const auto columns = row.written_columns();
  write_insert_head(writer, shape, row, columns);
  writer.text(sql::kValues).begin_row();
  write_values(writer, row, columns);
  writer.end_row();
  return writer.take();
}

GeneratedStatement upsert(const TableShape& shape, const Row& row) {
  Writer writer;
  const auto columns = row.written_columns();
  write_insert_head(writer, shape, row, columns);
  writer.text(sql::kValues).begin_row();
  write_values(writer, row, columns);
  writer.end_row();
  writer.text(" ON CONFLICT(");
  write_column_list(writer, row, row.key(), ",");
  writer.text(") DO UPDATE SET ");
  std::string_view between;
  for (std::size_t c : columns) {
    writer.text(between).name(row.column(c).name).text(" = excluded.").name(row.column(c).name);
    between = ",";
  }
  return writer.take();
}

// Fires the triggers of an UPDATE where the key is taken, those of an INSERT where it is free.
std::vector<GeneratedStatement> update_or_insert(const TableShape& shape, const Row& row) {
  std::vector<GeneratedStatement> statements;
  const auto columns = row.written_columns();
  std::vector<std::size_t> others;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(others),
               [&](std::size_t c) { return row.column(c).key_ordinal == 0; });
  if (!others.empty()) {
    Writer update;
    write_update_head(update, shape, row, others);
    update.text(" WHERE ");
    row.write_key_predicate(update);
    statements.push_back(update.take());
  }
  Writer insert;
  write_insert_head(insert, shape, row, columns);
  insert.text(" SELECT ");
  write_values(insert, row, columns);
  insert.text(" WHERE NOT EXISTS (SELECT 1 FROM ").name(shape.name).text(" WHERE ");
  row.write_key_predicate(insert);
  insert.text(")");
  statements.push_back(insert.take());
  return statements;
}

std::vector<GeneratedStatement> insert_row(const TableShape& shape, const Row& row) {
  if (!row.keyed()) return {plain_insert(shape, row)};
  if (shape.has_triggers) return update_or_insert(shape, row);
  return {upsert(shape, row)};
}

// The row `before` gets the values that `after` has in `columns`.
Result<std::vector<GeneratedStatement>> update_row(const TableShape& shape, const Change& change, const Row& before,
                                                   const Row& after, const std::vector<std::size_t>& columns,
                                                   std::optional<std::int64_t> rowid) {
  if (columns.empty()) return std::vector<GeneratedStatement>();
  Writer writer;
  write_update_head(writer, shape, after, columns);
  TURSO_CHECK(write_where(writer, shape, change, before, rowid));
  return std::vector<GeneratedStatement>{writer.take()};
}

// Columns that the SET list named; where its width is not that of the image (virtual columns counted), those that
// differ.
std::vector<std::size_t> updated_columns(const TableShape& shape, const Change& change) {
  const Image& before = *change.before;
  const Image& after = *change.after;
  const bool flagged = change.updates.has_value() && change.updates->flags.size() == after.size();
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < after.size(); ++c) {
    const bool changed = c >= before.size() || !(before[c] == after[c]);
    if (!shape.columns[c].generated && (flagged ? change.updates->flags[c] : changed)) columns.push_back(c);
  }
  return columns;
}

}  // namespace

bool GeneratedStatement::takes_row_of(const GeneratedStatement& other) const {
  if (row_begin == 0 || row_begin != other.row_begin) return false;
  const std::string_view mine = sql;
  const std::string_view theirs = other.sql;
  return mine.substr(0, row_begin) == theirs.substr(0, row_begin) &&
         mine.substr(row_end) == theirs.substr(other.row_end);
}

std::string printable_key(const TableShape& shape, const Change& change) {
  const Image* image = change.before.has_value()  ? &*change.before
                       : change.after.has_value() ? &*change.after
                                                  : nullptr;
  const auto key = shape.key();
  if (image == nullptr || key.empty() ||
      std::any_of(key.begin(), key.end(), [&](std::size_t c) { return c >= image->size(); })) {
    return change.id.to_sql();
  }
  if (key.size() == 1) return (*image)[key[0]].to_sql();
  std::string text = "(";
  for (std::size_t c : key) text += concat(text.size() > 1 ? ", " : "", (*image)[c].to_sql());
  return text + ")";
}

Result<std::vector<GeneratedStatement>> generate_row_change(const TableShape& shape, const Change& change,
                                                            std::optional<std::int64_t> rowid) {
  if (change.before.has_value()) TURSO_CHECK(check_image(shape, change, *change.before));
  if (change.after.has_value()) TURSO_CHECK(check_image(shape, change, *change.after));
  switch (change.type) {
    case ChangeType::kInsert: return insert_row(shape, Row(shape, *change.after));
    case ChangeType::kUpdate: {
      const Row before(shape, *change.before);
      const Row after(shape, *change.after);
      // An upsert of the official client: no SET list, and the old image was lost.
      if (!change.updates.has_value() && *change.before == *change.after && after.keyed())
        return insert_row(shape, after);
      return update_row(shape, change, before, after, updated_columns(shape, change), rowid);
    }
    case ChangeType::kDelete: {
      Writer writer;
      writer.text(sql::kDeleteFrom).name(shape.name);
      TURSO_CHECK(write_where(writer, shape, change, Row(shape, *change.before), rowid));
      return std::vector<GeneratedStatement>{writer.take()};
    }
    case ChangeType::kCommit: break;
  }
  return std::vector<GeneratedStatement>();
}

Result<std::vector<GeneratedStatement>> generate_key_change(const TableShape& shape, const Change& deleted,
                                                            const Change& inserted, std::optional<std::int64_t> rowid) {
  TURSO_CHECK(check_image(shape, deleted, *deleted.before));
  TURSO_CHECK(check_image(shape, inserted, *inserted.after));
  Change update;
  update.before = deleted.before;
  update.after = inserted.after;
  return update_row(shape, deleted, Row(shape, *deleted.before), Row(shape, *inserted.after),
                    updated_columns(shape, update), rowid);
}

Result<std::optional<GeneratedStatement>> generate_convergence_check(const TableShape& shape, const Change& change,
                                                                     const std::optional<Change>& inserted) {
  const Image* after = inserted.has_value() ? &*inserted->after : change.after.has_value() ? &*change.after : nullptr;
  const bool removes = change.type == ChangeType::kDelete;
  if (removes) TURSO_CHECK(check_image(shape, change, *change.before));
  if (after != nullptr) TURSO_CHECK(check_image(shape, change, *after));
  Writer writer;
  writer.text(sql::kSelect);
  if (after != nullptr) {
    const Row row(shape, *after);
    if (!row.keyed()) return std::optional<GeneratedStatement>();
    writer.text(sql::kExistsIn).name(shape.name).text(" WHERE ");
    row.write_image_predicate(writer);
    writer.text(")");
  }
  if (removes) {
    const Row row(shape, *change.before);
    if (!row.keyed()) return std::optional<GeneratedStatement>();
    writer.text(after != nullptr ? " AND NOT " : "NOT ").text(sql::kExistsIn).name(shape.name).text(" WHERE ");
    row.write_key_predicate(writer);
    writer.text(")");
  }
  return std::optional<GeneratedStatement>(writer.take());
}

}  // namespace turso::sync
