// flush.cpp -- the part of Capture that moves rows of the arena into the log.
#include <limits>

#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {

Status Capture::append_commit_record() {
  Change record;
  record.type = ChangeType::kCommit;
  record.time = options_.environment->unix_time();
  return arena_.append(record);
}

// A flush that fails takes the transaction with it: no write may stay without its log rows.
Status Capture::flush() {
  if (!has_unflushed()) return ok();
  Quiet quiet(*this);
  Status status = write_rows();
  flushing_ = false;
  if (status.has_value() && rows_.failure().has_value()) status = *rows_.failure();
  if (!status.has_value())
    return roll_back_because(std::move(status).error().in(concat("writing the change log ", state_.table)));
  return ok();
}

Status Capture::write_rows() {
  if (turso_sqlite_table_kind(db_, "main", state_.table.c_str()) != TURSO_SQLITE_TABLE)
    TURSO_CHECK(own_.run(sql::kTouchMainSchema));
  if (turso_sqlite_table_kind(db_, "main", state_.table.c_str()) != TURSO_SQLITE_TABLE)
    return Error{ErrorKind::kSchema, concat("no such table: ", state_.table)};
  if (!progress_.next_id.has_value()) {
    TURSO_TRY(sqlite::Statement * last_id, own_statement(last_id_sql(db_, state_.table)));
    TURSO_TRY(progress_.next_id, read_next_id(*last_id, state_.table));
  }
  std::int64_t first_id = *progress_.next_id;
  std::int64_t count = arena_.end().rows - progress_.flushed.rows;
  if (first_id > std::numeric_limits<std::int64_t>::max() - count)
    return Error{ErrorKind::kFull, concat("no ", count, " change ids are left above ", first_id - 1)};
  flushing_ = true;
  flush_saw_marks_ = false;
  TURSO_CHECK(run_own(insert_rows_sql(state_)));
  if (flush_saw_marks_ && state_.has_companions()) {
    if (turso_sqlite_table_kind(db_, "main", std::string(kMarksTable).c_str()) == TURSO_SQLITE_NONE)
      TURSO_CHECK(own_.run(sql::kCreateMarksTable));
    TURSO_CHECK(run_own(sql::kInsertMarks));
  }
  flushing_ = false;
  TURSO_CHECK(write_epochs(first_id));
  progress_.next_id = first_id + count;
  progress_.flushed = arena_.end();
  return ok();
}

// Before progress_.flushed moves: an epoch's last change id follows from the row that it precedes.
Status Capture::write_epochs(std::int64_t first_id) {
  for (; progress_.epochs_flushed < epochs_.size(); ++progress_.epochs_flushed) {
    const PendingEpoch& epoch = epochs_[progress_.epochs_flushed];
    std::int64_t last_id = first_id + (epoch.before_row - progress_.flushed.rows) - 1;
    TURSO_TRY(Value found,
              own_.query_value(replace_name(sql::kHasRowsOfTable, state_.table), Value(epoch.table), Value(last_id)));
    if (!found.is_null()) TURSO_CHECK(write_epoch(own_, epoch.table, last_id, epoch.columns));
  }
  return ok();
}

}  // namespace turso::cdc
