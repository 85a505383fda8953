#include "server/sql_session.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "server/hosted_database.hpp"
#include "server/server_sql.hpp"

namespace turso::server {
namespace {

using sqlite::Connection;
using sqlite::Statement;
using wire::Condition;

std::size_t size_of(const Value& value) {
  switch (value.type()) {
    case ValueType::kText: return value.text().size();
    case ValueType::kBlob: return value.blob().size();
    default: return 16;
  }
}

std::vector<wire::Column> columns_of(const Statement& prepared) {
  std::vector<wire::Column> columns;
  for (int i = 0; i < prepared.column_count(); ++i) {
    const char* type = sqlite3_column_decltype(prepared.handle(), i);
    columns.push_back({prepared.column_name(i), type != nullptr ? std::optional<std::string>(type) : std::nullopt});
  }
  return columns;
}

// What the steps before this one came to, for conditions.
struct StepsSoFar {
  const wire::BatchResult& result;
  std::size_t count;
};

Result<bool> holds(const Condition& condition, const StepsSoFar& steps, bool autocommit) {
  switch (condition.kind) {
    case Condition::Kind::kIsAutocommit: return autocommit;
    case Condition::Kind::kOk:
    case Condition::Kind::kError: {
      if (condition.step >= steps.count)
        return Error{ErrorKind::kError, concat("condition of step ", steps.count, " names step ", condition.step)};
      bool failed = steps.result.step_errors[condition.step].has_value();
      bool ran = failed || steps.result.step_results[condition.step].has_value();
      return condition.kind == Condition::Kind::kOk ? ran && !failed : failed;
    }
    case Condition::Kind::kNot: {
      if (condition.operands.size() != 1)
        return Error{ErrorKind::kError,
                     concat("condition not has ", condition.operands.size(), " operands, expected 1")};
      TURSO_TRY(bool inner, holds(condition.operands[0], steps, autocommit));
      return !inner;
    }
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: {
      bool all = condition.kind == Condition::Kind::kAnd;
      for (const Condition& operand : condition.operands) {
        TURSO_TRY(bool inner, holds(operand, steps, autocommit));
        if (inner != all) return inner;
      }
      return all;
    }
  }
  return Error{ErrorKind::kError, "condition of an unknown kind"};
}

}  // namespace

SqlSession::SqlSession(Connection connection, const Options& options, std::shared_ptr<Environment> environment)
    : connection_(std::move(connection)),
      environment_(std::move(environment)),
      options_(options),
      guard_(std::make_unique<SqlGuard>(connection_.handle(), environment_)) {}

SqlSession::~SqlSession() { rollback(); }

Result<std::unique_ptr<SqlSession>> SqlSession::create(Connection connection, const Options& options,
                                                       std::shared_ptr<Environment> environment) {
  TURSO_CHECK(connection.exec(sql::kClientConnection));
  return std::unique_ptr<SqlSession>(new SqlSession(std::move(connection), options, std::move(environment)));
}

void SqlSession::begin_request() {
  answer_bytes_ = 0;
  guard_->begin_request(options_.time_ms_max == 0 ? 0 : environment_->unix_time_ms() + options_.time_ms_max);
}

bool SqlSession::holds_write_lock() const {
  return sqlite3_txn_state(connection_.handle(), "main") == SQLITE_TXN_WRITE;
}

void SqlSession::rollback() {
  if (connection_.autocommit()) return;
  std::int64_t deadline = guard_->deadline();
  guard_->set_deadline(0);
  discard(connection_.run(sql::kRollback), "SQLite has rolled back by itself, or will at close");
  guard_->set_deadline(deadline);
}

wire::StreamResult SqlSession::run(const wire::StreamRequest& request) {
  if (const auto* statement = std::get_if<wire::SqlStatement>(&request)) {
    Outcome outcome = execute(*statement);
    if (auto* failed = std::get_if<Failure>(&outcome)) return std::move(failed->error);
    return std::get<wire::StatementResult>(std::move(outcome));
  }
  if (const auto* batch = std::get_if<wire::Batch>(&request)) return run_batch(*batch);
  if (std::holds_alternative<wire::CloseRequest>(request)) return wire::CloseResult{};
  return wire::SqlError{concat("request type ", std::get<wire::OtherRequest>(request).type,
                               " is not offered by this server, expected execute, batch or close"),
                        sql_code::kUnknown};
}

SqlSession::Failure SqlSession::failure(const char* code, const Error& error) {
  Failure failed{{error.message, code}, false};
  if (guard_->timed_out())
    failed.error.message = concat("interrupted: the request ran longer than ", options_.time_ms_max, " ms");
  failed.duplicate_column = starts_with_ignore_case(error.message, "duplicate column name");
  return failed;
}

std::variant<Statement, SqlSession::Failure> SqlSession::prepare(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  guard_->begin_prepare();
  int code = sqlite3_prepare_v3(connection_.handle(), sql.c_str(), static_cast<int>(sql.size()) + 1, 0, &raw, &tail);
  guard_->end_prepare();
  Statement prepared(raw);
  if (code != SQLITE_OK) {
    Error error = connection_.error(code);
    if (!guard_->refusal().empty()) error.message = guard_->refusal();
    return failure(sql_code::kPrepare, error);
  }
  if (!prepared) return Failure{{"the SQL text contains no statement", sql_code::kNoSql}, false};
  bool alters = guard_->alters_table();
  // Blanks, comments and semicolons may follow; a second statement may not.
  while (tail != nullptr && *tail != '\0') {
    sqlite3_stmt* next = nullptr;
    guard_->begin_prepare();
    int rc = sqlite3_prepare_v3(connection_.handle(), tail, -1, 0, &next, &tail);
    guard_->end_prepare();
    Statement extra(next);
    if (rc != SQLITE_OK || extra)
      return Failure{{"the SQL text contains more than one statement", sql_code::kPrepare}, false};
  }
  if (alters) renames_possible_ = true;
  return prepared;
}

std::optional<wire::SqlError> SqlSession::bind(Statement& prepared, const wire::SqlStatement& statement) {
  int expected = sqlite3_bind_parameter_count(prepared.handle());
  if (statement.args.size() > static_cast<std::size_t>(expected))
    return wire::SqlError{concat(statement.args.size(), " arguments, the statement takes ", expected), sql_code::kBind};
  int position = 0;
  for (const Value& value : statement.args) {
    Status bound = prepared.bind(++position, value);
    if (!bound.has_value()) return wire::SqlError{bound.error().message, sql_code::kBind};
  }
  for (const wire::NamedArgument& argument : statement.named_args) {
    int at = 0;
    // With or without its prefix, as clients write it.
    for (const char* prefix : {"", ":", "@", "$"}) {
      if (at == 0) at = sqlite3_bind_parameter_index(prepared.handle(), (prefix + argument.name).c_str());
    }
    if (at == 0) return wire::SqlError{concat("the statement has no parameter ", argument.name), sql_code::kBind};
    Status bound = prepared.bind(at, argument.value);
    if (!bound.has_value()) return wire::SqlError{bound.error().message, sql_code::kBind};
  }
  return std::nullopt;
}

SqlSession::Outcome SqlSession::execute(const wire::SqlStatement& statement) {
  // A push repeats the text of a statement row after row; preparing it costs more than running it.
  if (last_ && statement.sql == last_sql_) {
    guard_->begin_step();
    sqlite3_clear_bindings(last_.handle());
    Outcome outcome = execute_prepared(last_, statement);
    last_.reset();
    return outcome;
  }
  last_ = Statement();
  renames_possible_ = false;
  auto prepared = prepare(statement.sql);
  if (auto* failed = std::get_if<Failure>(&prepared)) return std::move(*failed);
  Statement& ready = std::get<Statement>(prepared);
  if (!renames_possible_) {
    Outcome outcome = execute_prepared(ready, statement);
    ready.reset();
    last_ = std::move(ready);
    last_sql_ = statement.sql;
    return outcome;
  }

  // The new name of a RENAME is seen by no authorizer, so it is looked for afterwards.
  bool was_autocommit = connection_.autocommit();
  Status marked = connection_.run(sql::kSavepoint);
  if (!marked.has_value()) return failure(sql_code::kExecute, marked.error());
  Outcome outcome = execute_prepared(ready, statement);
  ready = Statement();
  std::optional<Failure> refused;
  auto found = find_bookkeeping(connection_);
  if (!found.has_value()) refused = failure(sql_code::kExecute, found.error());
  if (found.has_value() && *found)
    refused = Failure{{concat((*found)->second, " is a replica's own bookkeeping and is not allowed on the server"),
                       sql_code::kExecute},
                      false};
  bool undo = refused || std::holds_alternative<Failure>(outcome);
  if (!connection_.autocommit()) {
    Status ended = undo ? connection_.exec(sql::kUndoSavepoint) : connection_.run(sql::kReleaseSavepoint);
    if (!ended.has_value()) {
      if (was_autocommit) rollback();
      return failure(sql_code::kExecute, ended.error());
    }
  }
  if (refused) return *refused;
  return outcome;
}

SqlSession::Outcome SqlSession::execute_prepared(Statement& prepared, const wire::SqlStatement& statement) {
  if (auto unbound = bind(prepared, statement)) return Failure{*unbound, false};
  bool was_autocommit = connection_.autocommit();
  std::int64_t changes_before = sqlite3_total_changes64(connection_.handle());
  wire::StatementResult result;
  for (;;) {
    auto row = prepared.step();
    if (!row.has_value()) {
      if (!guard_->refusal().empty()) row.error().message = guard_->refusal();
      return failure(sql_code::kExecute, row.error());
    }
    // Known for certain only now: SQLite may have prepared the statement anew.
    if (result.columns.empty()) result.columns = columns_of(prepared);
    if (!*row) break;
    if (!statement.want_rows) continue;
    Status read = read_row(prepared, result);
    if (!read.has_value()) return failure(sql_code::kExecute, read.error());
  }
  prepared.reset();
  Status deferred = defer_foreign_keys(was_autocommit);
  if (!deferred.has_value()) return failure(sql_code::kExecute, deferred.error());
  if (sqlite3_total_changes64(connection_.handle()) != changes_before) {
    result.affected_row_count = sqlite3_changes64(connection_.handle());
    result.last_insert_rowid = sqlite3_last_insert_rowid(connection_.handle());
  }
  return result;
}

Status SqlSession::read_row(Statement& prepared, wire::StatementResult& result) {
  std::vector<Value> row;
  row.reserve(static_cast<std::size_t>(prepared.column_count()));
  for (int i = 0; i < prepared.column_count(); ++i) {
    row.push_back(prepared.column(i));
    answer_bytes_ += size_of(row.back());
  }
  if (options_.answer_bytes_max != 0 && answer_bytes_ > options_.answer_bytes_max)
    return Error{ErrorKind::kError, concat("the rows are over ", answer_bytes_, " bytes, at most ",
                                           options_.answer_bytes_max, " fit into an answer")};
  result.rows.push_back(std::move(row));
  return ok();
}

// The pragma holds until the end of a transaction, so it is set at every beginning.
Status SqlSession::defer_foreign_keys(bool was_autocommit) {
  if (!was_autocommit || connection_.autocommit()) return ok();
  return connection_.run(sql::kDeferForeignKeys);
}

wire::BatchResult SqlSession::run_batch(const wire::Batch& batch) {
  wire::BatchResult result;
  result.step_results.resize(batch.steps.size());
  result.step_errors.resize(batch.steps.size());
  for (std::size_t i = 0; i < batch.steps.size(); ++i) {
    const wire::Step& step = batch.steps[i];
    if (step.condition) {
      auto wanted = holds(*step.condition, StepsSoFar{result, i}, connection_.autocommit());
      if (!wanted.has_value()) {
        result.step_errors[i] = wire::SqlError{wanted.error().message, sql_code::kBatchStep};
        if (options_.safe_batches) rollback();
        continue;
      }
      if (!*wanted) continue;
    }
    Outcome outcome = execute(step.statement);
    if (auto* failed = std::get_if<Failure>(&outcome)) {
      if (options_.safe_batches && !failed->duplicate_column) rollback();
      result.step_errors[i] = std::move(failed->error);
    } else {
      result.step_results[i] = std::get<wire::StatementResult>(std::move(outcome));
    }
  }
  return result;
}

bool SqlSession::may_write(const wire::StreamRequest& request) {
  auto writes = [this](const std::string& sql) {
    auto prepared = prepare(sql);
    auto* ready = std::get_if<Statement>(&prepared);
    return ready == nullptr || sqlite3_stmt_readonly(ready->handle()) == 0;
  };
  if (const auto* statement = std::get_if<wire::SqlStatement>(&request)) return writes(statement->sql);
  if (const auto* batch = std::get_if<wire::Batch>(&request))
    return std::any_of(batch->steps.begin(), batch->steps.end(),
                       [&](const wire::Step& step) { return writes(step.statement.sql); });
  return false;
}

}  // namespace turso::server
