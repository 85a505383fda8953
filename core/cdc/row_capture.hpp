// row_capture.hpp -- from the preupdate hook's view of a row to a Change.
//
// Runs inside the hook: no SQL. What it must know of a table (affinities, key, generated
// columns) it takes from SQLite's own Table object, once per statement and table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cdc/arena.hpp"
#include "cdc/log_table.hpp"
#include "cdc/statement_facts.hpp"

namespace turso::cdc {

class RowCapture {
 public:
  struct Event {
    RowOperation operation;
    std::string_view schema;
    std::int64_t old_rowid;
    std::int64_t new_rowid;
    int depth;  // 0: the statement itself; above: trigger programs and foreign-key actions
  };

  // A depth-0 DELETE that was the last event: what is needed to ask whether it happened.
  struct LastDelete {
    Arena::Position before;
    std::string schema;
    std::string table;
    bool without_rowid = false;
    std::int64_t rowid = 0;
    std::vector<std::string> key_columns;  // WITHOUT ROWID
    std::vector<Value> key_values;
  };

  // A statement begins; `facts` lives until finish(). Tables in `dropped` (schema, table) give no rows.
  void start(const StatementFacts* facts, std::int64_t time);
  void finish();

  // Appends the event's rows. `captured` is asked once per table and statement.
  template <typename IsCaptured>
  void on_event(sqlite3* db, const Event& event, const CaptureState& state, Arena& arena, IsCaptured captured) {
    if (failure_.has_value()) return;
    Shape& shape = shape_of(db, event, captured);
    if (!shape.captured) return;
    Status status = capture_row(db, event, shape, state, arena);
    if (!status.has_value()) fail(std::move(status).error().in(shape.name));
  }

  // The first failure; rows after it were not taken, so that the transaction must not commit.
  const std::optional<Error>& failure() const { return failure_; }
  void fail(Error error);
  void forget_failure() { failure_.reset(); }
  const std::optional<LastDelete>& last_delete() const { return last_delete_; }

 private:
  struct ColumnShape {
    int index;  // SQLite's, for preupdate_old and _new
    std::string name;
    bool is_real;
    bool is_stored_generated;
    bool is_self_reference;
    bool in_set;
  };
  struct Shape {
    const turso_sqlite_table* table;
    std::string schema;
    std::string name;
    bool captured;
    bool without_rowid;
    bool sets_rowid;
    bool has_foreign_key_actions;
    std::vector<ColumnShape> stored;
    std::vector<std::size_t> key;  // positions in `stored`, in key order; WITHOUT ROWID only
  };

  template <typename IsCaptured>
  Shape& shape_of(sqlite3* db, const Event& event, IsCaptured captured) {
    const turso_sqlite_table* table = turso_sqlite_preupdate_table(db);
    for (Shape& shape : shapes_) {
      if (shape.table == table && shape.schema == event.schema) return shape;
    }
    shapes_.push_back(read_shape(db, event, table));
    Shape& shape = shapes_.back();
    shape.captured = !is_dropped(shape) && turso_sqlite_kind_of(db, table) == TURSO_SQLITE_TABLE &&
                     captured(event.schema, shape.name);
    return shape;
  }

  Shape read_shape(sqlite3* db, const Event& event, const turso_sqlite_table* table) const;
  bool is_dropped(const Shape& shape) const;
  Status capture_row(sqlite3* db, const Event& event, const Shape& shape, const CaptureState& state, Arena& arena);
  Status append_update(const Event& event, const Shape& shape, const CaptureState& state, Change change, Arena& arena);
  Status read_fields(sqlite3* db, const Shape& shape, bool old_row, std::vector<Field>& fields);
  Field id_of(const Shape& shape, std::int64_t rowid, const std::vector<Field>& fields, Bytes& storage);
  void fill_updates(const Event& event, const Shape& shape);
  std::uint8_t mark_of(sqlite3* db, const Event& event, const Shape& shape) const;
  void remember_delete(const Event& event, const Shape& shape, const Arena& arena);

  const StatementFacts* facts_ = nullptr;
  std::int64_t time_ = 0;
  bool may_replace_ = false;  // only then a DELETE of the statement itself may not have happened
  std::vector<Shape> shapes_;
  std::optional<Error> failure_;
  std::optional<LastDelete> last_delete_;

  // Reused from row to row.
  std::vector<Field> old_, new_, update_fields_;
  Bytes before_, after_, updates_, old_id_, new_id_;
};

}  // namespace turso::cdc
