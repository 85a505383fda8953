// capture_transaction.cpp -- the part of Capture that follows the user's transactions and savepoints.
#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"

namespace turso::cdc {

void Capture::began() {
  arena_.clear();
  progress_ = {};
  epochs_.clear();
  savepoints_.clear();
  state_at_begin_ = state_;
  in_transaction_ = true;
  rolled_back_last_ = false;
  begun_by_savepoint_ = false;
}

void Capture::committed() {
  arena_.clear();
  progress_ = {};
  epochs_.clear();
  savepoints_.clear();
  in_transaction_ = false;
  rows_.forget_failure();
}

// The schema that a snapshot describes may be gone, and its cookie may come again.
void Capture::rolled_back() {
  bool knew = in_transaction_;
  committed();
  snapshots_.clear();
  rolled_back_last_ = true;
  if (knew) set_state(state_at_begin_);
}

// A statement may have ended the transaction without saying so: OR ROLLBACK, RAISE(ROLLBACK), a full disk. Rows
// outside of one are those whose commit the hook has refused.
void Capture::observe_end() {
  if (sqlite3_get_autocommit(db_) != 0 && (in_transaction_ || arena_.end().rows > 0)) rolled_back();
}

Capture::Progress Capture::mark() const {
  Progress progress = progress_;
  progress.end = arena_.end();
  progress.epochs = epochs_.size();
  return progress;
}

void Capture::restore(const Progress& progress) {
  arena_.truncate(progress.end);
  epochs_.resize(progress.epochs);
  progress_ = progress;
}

std::optional<std::size_t> Capture::find_savepoint(std::string_view name) const {
  for (std::size_t i = savepoints_.size(); i-- > 0;) {
    if (equals_ignore_case(savepoints_[i].name, name)) return i;
  }
  return std::nullopt;
}

Status Capture::step_control(sqlite3_stmt* statement, StatementFacts& facts) {
  FrameScope scope(*this, &facts, statement);
  StepScope inside(*this, false);
  int code = sqlite3_step(statement);
  if (code == SQLITE_DONE) return ok();
  return sqlite::error_of(db_, code);
}

Status Capture::run_control(sqlite3_stmt* statement, StatementFacts& facts) {
  bool was_autocommit = sqlite3_get_autocommit(db_) != 0;
  bool names_one = facts.control == Control::kRelease || facts.control == Control::kRollbackTo;
  std::optional<std::size_t> target = names_one ? find_savepoint(facts.savepoint) : std::nullopt;  // "" is a name too
  bool ends = facts.control == Control::kCommit ||
              (facts.control == Control::kRelease && begun_by_savepoint_ && target == std::optional<std::size_t>(0));
  if (ends && !was_autocommit) return run_commit(statement, facts);

  Status status = step_control(statement, facts);
  if (!status.has_value()) {
    sqlite3_reset(statement);
    observe_end();
    return status;
  }
  switch (facts.control) {
    case Control::kBegin: began(); break;
    case Control::kRollback: rolled_back(); break;
    case Control::kSavepoint:
      if (was_autocommit) {
        began();
        begun_by_savepoint_ = true;
      }
      savepoints_.push_back({facts.savepoint, mark(), state_});
      break;
    case Control::kRelease: savepoints_.resize(*target); break;
    case Control::kRollbackTo:
      restore(savepoints_[*target].progress);
      set_state(savepoints_[*target].state);
      savepoints_.resize(*target + 1);
      snapshots_.clear();
      break;
    case Control::kCommit:
    case Control::kNone: break;
  }
  return ok();
}

// COMMIT, END, or RELEASE of the savepoint that began the transaction. The COMMIT record lies inside a savepoint of
// ours: a commit that fails (a deferred foreign key, a lock) leaves the transaction open and must leave no record.
Status Capture::run_commit(sqlite3_stmt* statement, StatementFacts& facts) {
  bool log_is_there = turso_sqlite_table_kind(db_, "main", state_.table.c_str()) == TURSO_SQLITE_TABLE;
  bool wants_record =
      state_.on() && state_.layout == Layout::kV2 && arena_.end().rows > 0 && (log_is_there || has_unflushed());
  Progress before = mark();
  bool inside_savepoint = wants_record || has_unflushed();
  if (inside_savepoint) {
    {
      Quiet quiet(*this);
      TURSO_CHECK(run_own(sql::kSavepoint));
    }
    if (wants_record) {
      Status appended = append_commit_record();
      if (!appended.has_value()) return roll_back_because(std::move(appended).error());
    }
    TURSO_CHECK(flush());
  }
  Status status = step_control(statement, facts);
  if (status.has_value()) {
    committed();
    return ok();
  }
  sqlite3_reset(statement);
  if (sqlite3_get_autocommit(db_) != 0) {
    // Interrupted, it may have happened all the same; anything else has rolled back.
    status.error().kind == ErrorKind::kInterrupt ? committed() : rolled_back();
    return status;
  }
  if (inside_savepoint) {
    Quiet quiet(*this);
    Status undone = run_own(sql::kRollbackTo);
    if (undone.has_value()) undone = run_own(sql::kRelease);
    if (!undone.has_value()) return roll_back_because(std::move(undone).error());
    restore(before);
  }
  return status;
}

// Ends the transaction, whatever is in it. When even that fails, nothing else may run: recover() tries again.
Status Capture::roll_back_everything() {
  Status status = ok();
  if (sqlite3_get_autocommit(db_) == 0) {
    Quiet quiet(*this);
    status = run_own(sql::kRollback);
    poisoned_ = sqlite3_get_autocommit(db_) == 0;
  }
  rolled_back();
  return poisoned_ ? status : ok();
}

Error Capture::roll_back_because(Error error) {
  Status status = roll_back_everything();
  if (!status.has_value()) error.message += concat("; rolling back: ", status.error().message);
  return error;
}

Status Capture::recover() {
  if (!poisoned_) return ok();
  Quiet quiet(*this);
  Status status = sqlite3_get_autocommit(db_) == 0 ? run_own(sql::kRollback) : ok();
  poisoned_ = sqlite3_get_autocommit(db_) == 0;
  if (poisoned_) return std::move(status).error().in("the transaction that failed could not be rolled back");
  return ok();
}

}  // namespace turso::cdc
