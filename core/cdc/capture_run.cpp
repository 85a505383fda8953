// capture_run.cpp -- the part of Capture that runs a write of the user's to its end.
#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {
namespace {

// VdbeHalt's word for them is "special": the statement, or the transaction, is always undone.
bool undoes_more(int code) {
  switch (code & 0xff) {
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_INTERRUPT:
    case SQLITE_FULL: return true;
    default: return false;
  }
}

constexpr int kActionAbort = 2;
constexpr int kActionFail = 3;

}  // namespace

// A change of the schema reads before it writes. When the write lock then is not free, SQLite does not wait for it, or
// what was read is old: such a statement begins once more, with the lock first.
bool Capture::lock_comes_first(const StatementFacts& facts, const Status& status) {
  if (status.has_value() || facts.kind() != StatementKind::kSchema) return false;
  return status.error().kind == ErrorKind::kBusy || status.error().kind == ErrorKind::kBusySnapshot;
}

Status Capture::run_write(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink) {
  if (sqlite3_get_autocommit(db_) == 0) return run_write_inside(statement, facts, sink);
  std::int64_t total_before = sqlite3_total_changes64(db_);
  for (std::string_view begin : {sql::kBegin, sql::kBeginImmediate}) {
    {
      Quiet quiet(*this);
      TURSO_CHECK(run_own(begin));
    }
    began();
    Status status = run_write_once(statement, facts, sink, true);
    if (!status.has_value()) {
      sqlite3_reset(statement);
      bool undone = sqlite3_get_autocommit(db_) == 0 || rolled_back_last_;
      if (sqlite3_get_autocommit(db_) == 0) TURSO_CHECK(roll_back_everything());
      if (undone && facts.kind() == StatementKind::kWrite) turso_sqlite_set_changes(db_, 0, total_before);
    }
    if (begin == sql::kBeginImmediate || !lock_comes_first(facts, status)) return status;
  }
  return ok();
}

// In a transaction of the user's only its first statement may begin once more: nothing was read or written before.
Status Capture::run_write_inside(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink) {
  bool is_first = sqlite3_txn_state(db_, nullptr) == SQLITE_TXN_NONE && savepoints_.empty();
  Status status = run_write_once(statement, facts, sink, false);
  if (!is_first || !lock_comes_first(facts, status) || sqlite3_get_autocommit(db_) != 0) return status;
  sqlite3_reset(statement);
  {
    Quiet quiet(*this);
    TURSO_CHECK(run_own(sql::kRollback));
    snapshots_.clear();
    Status locked = run_own(sql::kBeginImmediate);
    if (!locked.has_value()) {
      TURSO_CHECK(run_own(sql::kBegin));
      return locked;
    }
  }
  return run_write_once(statement, facts, sink, false);
}

Status Capture::run_write_once(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink, bool implicit) {
  bool is_schema = facts.kind() == StatementKind::kSchema;
  if (state_.on() && (is_schema || facts.captures_writes())) TURSO_CHECK(check_log());
  if (facts.touches_log) TURSO_CHECK(flush());
  SchemaWatch watch;
  watch.dropped = facts.has_schema_action(SQLITE_DROP_TABLE);
  if (is_schema) TURSO_CHECK(before_schema_change(facts, watch));

  Progress start = mark();
  std::optional<Error> error = step_to_end(statement, facts, sink);
  if (error.has_value()) return after_failure(statement, facts, start, implicit, std::move(*error));
  if (facts.writes_log) progress_.next_id.reset();
  if (is_schema) {
    Status status = after_schema_change(statement, watch, start);
    if (!status.has_value()) return roll_back_because(std::move(status).error());
    ++generation_;  // a view or trigger may have come between other statements and the log
  }
  count_rows(facts, start);
  return implicit ? finish_implicit(facts, arena_.end().rows - start.end.rows) : ok();
}

// A statement whose changes have nowhere to go must not run.
Status Capture::check_log() {
  if (turso_sqlite_table_kind(db_, "main", state_.table.c_str()) == TURSO_SQLITE_TABLE) return ok();
  Quiet quiet(*this);
  if (replica_) {
    TURSO_TRY(CaptureState made, prepare_log(own_, {Mode::kFull, std::string(kLogTable)}));
    state_.layout = made.layout;
    return ok();
  }
  // The schema may have been read before another connection made the table.
  TURSO_CHECK(own_.run(sql::kTouchMainSchema));
  if (turso_sqlite_table_kind(db_, "main", state_.table.c_str()) == TURSO_SQLITE_TABLE) return ok();
  return Error{ErrorKind::kSchema,
               concat("no such table: ", state_.table,
                      ": changes are captured into it; enable capture again or switch it off with PRAGMA "
                      "capture_data_changes_conn('off')")};
}

// Steps to the end with capture on. An error is returned before the statement is reset.
std::optional<Error> Capture::step_to_end(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink) {
  FrameScope scope(*this, &facts, statement);
  StepScope inside(*this, false);
  rows_.start(&facts, options_.environment->unix_time());
  std::optional<Error> error;
  for (;;) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) {
      error = scope.frame().denied.has_value() ? *scope.frame().denied : sqlite::error_of(db_, code);
      break;
    }
    Status taken = sink.add(statement);
    if (taken.has_value()) continue;
    rows_.fail(std::move(taken).error());
    error = *rows_.failure();
    break;
  }
  rows_.finish();
  if (!error.has_value() && rows_.failure().has_value()) error = *rows_.failure();
  return error;
}

// Only the machine knows what it left of a failed statement: see sqlite_unit.c.
Status Capture::after_failure(sqlite3_stmt* statement, const StatementFacts& facts, const Progress& start,
                              bool implicit, Error error) {
  int action = turso_sqlite_error_action(statement);
  bool has_journal = turso_sqlite_uses_statement_journal(statement) != 0;
  sqlite3_reset(statement);
  if (sqlite3_get_autocommit(db_) != 0) {
    rolled_back();
    return error;
  }
  if (rows_.failure().has_value()) return roll_back_because(*rows_.failure());
  if (action == kActionAbort && has_journal)
    restore(start);
  else if (action == kActionAbort)
    TURSO_CHECK(drop_phantom_delete());
  if (facts.writes_log) progress_.next_id.reset();
  count_rows(facts, start);
  std::int64_t rows = arena_.end().rows - start.end.rows;
  if (implicit && action == kActionFail && !undoes_more(error.sqlite_code) && rows > 0)
    TURSO_CHECK(finish_implicit(facts, rows));
  return error;  // run_write rolls back what is still open
}

// REPLACE announces the row that it is about to delete; when the new row then turns out to be impossible, nothing
// was deleted. The announcement is the last row, and the row is still there.
Status Capture::drop_phantom_delete() {
  const std::optional<RowCapture::LastDelete>& last = rows_.last_delete();
  if (!last.has_value() || last->before.rows + 1 != arena_.end().rows) return ok();
  Quiet quiet(*this);
  std::string sql = concat(sql::kSelectOneFrom, sqlite::identifier(last->schema), ".", sqlite::identifier(last->table),
                           last->without_rowid ? sql::kWhereAny : sql::kWhereRowid);
  for (std::size_t i = 0; i < last->key_columns.size(); ++i)
    sql += concat(" AND ", sqlite::identifier(last->key_columns[i]), " IS ?", i + 1);
  TURSO_TRY(sqlite::Statement look, own_.prepare(sql));
  if (!last->without_rowid) TURSO_CHECK(look.bind_int(1, last->rowid));
  for (std::size_t i = 0; i < last->key_values.size(); ++i)
    TURSO_CHECK(look.bind(static_cast<int>(i) + 1, last->key_values[i]));
  TURSO_TRY(bool still_there, look.step());
  if (still_there) arena_.truncate(last->before);
  return ok();
}

// Each log row of a DML statement counts one towards total_changes(), whenever it is flushed.
void Capture::count_rows(const StatementFacts& facts, const Progress& start) {
  if (facts.kind() != StatementKind::kWrite) return;
  std::int64_t rows = arena_.end().rows - start.end.rows;
  turso_sqlite_set_changes(db_, sqlite3_changes64(db_), sqlite3_total_changes64(db_) + rows);
}

Status Capture::finish_implicit(const StatementFacts& facts, std::int64_t rows) {
  bool is_write = facts.kind() == StatementKind::kWrite;
  bool log_is_there = turso_sqlite_table_kind(db_, "main", state_.table.c_str()) == TURSO_SQLITE_TABLE;
  bool wants_record = state_.on() && state_.layout == Layout::kV2 && log_is_there &&
                      (rows > 0 || (is_write && facts.captures_writes()));
  if (wants_record) TURSO_CHECK(append_commit_record());
  TURSO_CHECK(flush());
  {
    Quiet quiet(*this);
    Status status = run_own(sql::kCommit);
    // An interrupted COMMIT may have happened all the same.
    bool happened =
        status.has_value() || (status.error().kind == ErrorKind::kInterrupt && sqlite3_get_autocommit(db_) != 0);
    if (!happened) return roll_back_because(std::move(status).error());
  }
  if (wants_record && is_write) turso_sqlite_set_changes(db_, sqlite3_changes64(db_), sqlite3_total_changes64(db_) + 1);
  committed();
  return ok();
}

}  // namespace turso::cdc
