#include "support/recorder.hpp"

#include <algorithm>
#include <stdexcept>

namespace turso::test {
namespace {

template <typename T>
T require(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

}  // namespace

Recorder::Recorder(std::string path) : path_(std::move(path)) {
  connection_ = require(sqlite::Connection::open(path_, {.busy_timeout_ms = 1000}));
  Status prepared = connection_.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  if (!prepared.has_value()) throw std::runtime_error(prepared.error().message);
}

Status Recorder::open() {
  if (captured_ != nullptr) return ok();
  database::Database::Options options;
  options.path = path_;
  TURSO_TRY(database_, database::Database::open(std::move(options)));
  TURSO_TRY(captured_, database_->connect());
  return exec("PRAGMA synchronous = OFF");
}

Status Recorder::exec(const std::string& sql) {
  TURSO_CHECK(open());
  TURSO_TRY(auto statement, captured_->prepare_single(sql));
  for (;;) {
    TURSO_TRY(database::StepResult step, statement->step());
    if (step == database::StepResult::kDone) return ok();
  }
}

Status Recorder::transaction(const std::vector<std::string>& statements) {
  TURSO_CHECK(exec("BEGIN IMMEDIATE"));
  Status status;
  for (const std::string& statement : statements) {
    status = exec(statement);
    if (!status.has_value()) break;
  }
  if (status.has_value()) status = exec("COMMIT");
  if (!status.has_value() && !captured_->autocommit()) discard(exec("ROLLBACK"), "the first failure is the answer");
  return status;
}

void Recorder::lone_commit() {
  const Value table = require(connection_.query_value(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'turso%'"));
  Status status = exec("DELETE FROM " + sqlite::identifier(table.text()) + " WHERE 0");
  if (!status.has_value()) throw std::runtime_error(status.error().message);
}

std::int64_t Recorder::last_change_id() {
  return log_rows() == 0 ? 0 : require(connection_.query_int("SELECT max(change_id) FROM turso_cdc"));
}

std::int64_t Recorder::log_rows() {
  if (!require(sqlite::has_object(connection_, "table", "turso_cdc"))) return 0;
  return require(connection_.query_int("SELECT count(*) FROM turso_cdc"));
}

}  // namespace turso::test
