#include "database/statement.hpp"

#include "base/text.hpp"
#include "database/pragmas.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {

PlainStatement::PlainStatement(std::shared_ptr<Session> session, sqlite3_stmt* handle, cdc::StatementFacts facts)
    : session_(std::move(session)), handle_(handle), facts_(std::move(facts)) {
  session_->enroll(this);
}

PlainStatement::~PlainStatement() { session_->withdraw(this); }

sqlite3_stmt* PlainStatement::give_up() {
  drained_.reset();
  state_ = State::kReady;
  has_row_ = false;
  return std::exchange(handle_, nullptr);
}

Status PlainStatement::check_usable() const {
  if (session_->closed()) return misuse_closed();
  if (handle_ == nullptr) return Error{ErrorKind::kMisuse, "statement finalized"};
  if (inside_step_) return Error{ErrorKind::kMisuse, "the statement is running"};
  return ok();
}

Result<StepResult> PlainStatement::step() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  if (state_ == State::kDone) return StepResult::kDone;
  if (state_ == State::kReady) TURSO_CHECK(begin_run());
  return advance();
}

Status PlainStatement::begin_run() {
  cdc::Capture& capture = session_->capture();
  change_count_ = 0;
  if (capture.is_stale(handle_, facts_)) TURSO_CHECK(prepare_again());
  total_changes_before_ = sqlite3_total_changes64(session_->handle());
  Status status = ok();
  inside_step_ = true;
  bool must_run = capture.must_run(facts_);
  if (must_run || capture.must_drain(handle_, facts_)) {
    drained_ = std::make_unique<DrainedRows>(capture.spill_directory());
    status = must_run ? capture.run(handle_, facts_, *drained_) : capture.drain(handle_, facts_, *drained_);
    if (status.has_value()) sqlite3_reset(handle_);
  } else {
    status = capture.before_steps(facts_);
  }
  inside_step_ = false;
  if (!status.has_value()) return fail_run(std::move(status).error());
  state_ = State::kRunning;
  return ok();
}

// Capture was switched since: what SQLite decided when it compiled the statement may not hold any more.
Status PlainStatement::prepare_again() {
  TURSO_TRY(cdc::Capture::Prepared again, session_->prepare(sqlite3_sql(handle_)));
  sqlite3_transfer_bindings(handle_, again.handle);
  sqlite3_finalize(std::exchange(handle_, again.handle));
  facts_ = std::move(again.facts);
  return ok();
}

Result<bool> PlainStatement::next_row() {
  if (drained_ != nullptr) return drained_->next();
  inside_step_ = true;
  Result<bool> row = session_->capture().step(handle_, facts_);
  inside_step_ = false;
  return row;
}

Result<StepResult> PlainStatement::advance() {
  has_row_ = false;
  Result<bool> row = next_row();
  if (!row.has_value()) return fail_run(std::move(row).error());
  has_row_ = *row;
  if (has_row_) return StepResult::kRow;
  end_run();
  return StepResult::kDone;
}

void PlainStatement::end_run() {
  sqlite3* db = session_->handle();
  // sqlite3_changes64 keeps the number of the last statement that wrote; ours wrote only if the total moved.
  if (sqlite3_total_changes64(db) != total_changes_before_) change_count_ = sqlite3_changes64(db);
  sqlite3_reset(handle_);
  drained_.reset();
  state_ = State::kDone;
  bool effective = facts_.pragma_sets && is_remembered_pragma(facts_.pragma_name) &&
                   sqlite3_stmt_isexplain(handle_) == 0 &&
                   // SQLite ignores this one inside a transaction.
                   (!equals_ignore_case(facts_.pragma_name, "foreign_keys") || sqlite3_get_autocommit(db) != 0);
  if (effective) session_->registry().remember_pragma(facts_.pragma_name, facts_.pragma_value);
}

Error PlainStatement::fail_run(Error error) {
  sqlite3_reset(handle_);
  drained_.reset();
  state_ = State::kReady;
  return session_->failed(std::move(error));
}

Status PlainStatement::reset() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  sqlite3_reset(handle_);  // repeats the error of the run, which step() has reported
  sqlite3_clear_bindings(handle_);
  drained_.reset();
  state_ = State::kReady;
  has_row_ = false;
  return ok();
}

Status PlainStatement::finalize() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  session_->withdraw(this);
  return ok();
}

Status PlainStatement::bind(int position, const Value& value) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  int count = sqlite3_bind_parameter_count(handle_);
  if (position < 1 || position > count)
    return Error{ErrorKind::kMisuse, concat("bind position ", position, " is not within 1 to ", count)};
  if (value.type() == ValueType::kText && !is_valid_utf8(value.text()))
    return Error{ErrorKind::kMisuse, concat("the text for position ", position, " is not UTF-8")};
  if (state_ == State::kRunning)
    return Error{ErrorKind::kMisuse,
                 concat("bind position ", position, ": the statement is between two rows, reset it")};
  int code = SQLITE_OK;
  switch (value.type()) {
    case ValueType::kNull: code = sqlite3_bind_null(handle_, position); break;
    case ValueType::kInteger: code = sqlite3_bind_int64(handle_, position, value.integer()); break;
    case ValueType::kReal: code = sqlite3_bind_double(handle_, position, value.real()); break;
    case ValueType::kText:
      code = sqlite3_bind_text64(handle_, position, value.text().data(), value.text().size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
      break;
    case ValueType::kBlob:
      code = value.blob().empty()
                 ? sqlite3_bind_zeroblob(handle_, position, 0)
                 : sqlite3_bind_blob64(handle_, position, value.blob().data(), value.blob().size(), SQLITE_TRANSIENT);
      break;
  }
  if (code != SQLITE_OK) return session_->failed(sqlite::error_of(session_->handle(), code));
  return ok();
}

}  // namespace turso::database
