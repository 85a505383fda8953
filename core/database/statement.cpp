#include "database/statement.hpp"

#include "base/text.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {

PlainStatement::PlainStatement(std::shared_ptr<Session> session, sqlite3_stmt* handle, StatementFacts facts)
    : session_(std::move(session)), handle_(handle), facts_(std::move(facts)) {
  session_->enroll(this);
}

PlainStatement::~PlainStatement() {
  if (session_->closed()) return;
  session_->withdraw(this);
  release();
}

void PlainStatement::release() {
  sqlite3_finalize(std::exchange(handle_, nullptr));
  state_ = State::kReady;
  has_row_ = false;
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
  change_count_ = 0;
  total_changes_before_ = sqlite3_total_changes64(session_->handle());
  state_ = State::kRunning;
  return ok();
}

Result<StepResult> PlainStatement::advance() {
  has_row_ = false;
  inside_step_ = true;
  int code = sqlite3_step(handle_);
  inside_step_ = false;
  if (code == SQLITE_ROW) {
    has_row_ = true;
    return StepResult::kRow;
  }
  if (code != SQLITE_DONE) return fail_run(code);
  TURSO_CHECK(end_run());
  return StepResult::kDone;
}

Status PlainStatement::end_run() {
  sqlite3* db = session_->handle();
  // sqlite3_changes64 keeps the number of the last statement that wrote; ours wrote only if the total moved.
  if (sqlite3_total_changes64(db) != total_changes_before_) change_count_ = sqlite3_changes64(db);
  sqlite3_reset(handle_);
  state_ = State::kDone;
  bool effective = facts_.pragma_sets && is_remembered_pragma(facts_.pragma_name) &&
                   sqlite3_stmt_isexplain(handle_) == 0 &&
                   // SQLite ignores this one inside a transaction.
                   (!equals_ignore_case(facts_.pragma_name, "foreign_keys") || sqlite3_get_autocommit(db) != 0);
  if (effective) session_->registry().remember_pragma(facts_.pragma_name, facts_.pragma_value);
  return ok();
}

Error PlainStatement::fail_run(int code) {
  Error error = sqlite::error_of(session_->handle(), code);
  sqlite3_reset(handle_);
  state_ = State::kReady;
  return session_->failed(std::move(error));
}

Status PlainStatement::reset() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  sqlite3_reset(handle_);  // repeats the error of the run, which step() has reported
  sqlite3_clear_bindings(handle_);
  state_ = State::kReady;
  has_row_ = false;
  return ok();
}

Status PlainStatement::finalize() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  TURSO_CHECK(check_usable());
  session_->withdraw(this);
  release();
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
