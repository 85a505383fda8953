// statement.hpp -- a prepared statement of the user's, and the path that one run of it takes.
//
// RUN    step(): begin_run() before the machine's first instruction; then a row per step, from the machine or
//        from `drained_` when capture ran the statement; end_run() after the last; fail_run() on an error.
// A finished run stays done until reset(). The SQLite statement itself is reset as soon as a run ends, so that
// it holds no lock and takes new bindings.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "database/drained_rows.hpp"
#include "database/session.hpp"

namespace turso::database {

class PlainStatement final : public Statement {
 public:
  PlainStatement(std::shared_ptr<Session> session, sqlite3_stmt* handle, cdc::StatementFacts facts);
  ~PlainStatement() override;

  Result<StepResult> step() override;
  Status reset() override;
  Status finalize() override;

  std::int64_t change_count() const override { return change_count_; }
  int column_count() const override;
  std::string column_name(int index) const override;
  std::optional<std::string> column_decltype(int index) const override;

  bool has_row() const override;
  ValueType value_type(int index) const override;
  std::int64_t value_int(int index) const override;
  double value_real(int index) const override;
  ByteView value_bytes(int index) const override;

  int parameter_count() const override;
  int parameter_position(std::string_view name) const override;
  std::optional<std::string> parameter_name(int position) const override;
  Status bind(int position, const Value& value) override;

  sqlite3_stmt* give_up();  // the handle, for the session to finalize; nothing is left to run

 private:
  enum class State { kReady, kRunning, kDone };

  Status check_usable() const;
  Status begin_run();
  Status prepare_again();
  Result<bool> next_row();
  Result<StepResult> advance();
  void end_run();
  Error fail_run(Error error);
  int row_type(int index) const;  // SQLite's type code; SQLITE_NULL outside a row

  std::shared_ptr<Session> session_;
  sqlite3_stmt* handle_;
  cdc::StatementFacts facts_;
  std::unique_ptr<DrainedRows> drained_;  // while running or done, if capture ran the statement
  State state_ = State::kReady;
  bool has_row_ = false;
  bool inside_step_ = false;  // a user function may call back; this statement must not move under it
  std::int64_t change_count_ = 0;
  std::int64_t total_changes_before_ = 0;
};

}  // namespace turso::database
