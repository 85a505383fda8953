// sql_session.hpp -- runs the statements and batches of one client stream on a connection of its own.
//
// One session per request, or per baton stream. Foreign keys are on, and deferred to the end of every
// transaction. Errors carry SQLite's own text and one of the codes of the reference.
//
// Safe batches: a step that fails inside a transaction ends it at once, unless ADD COLUMN met a column that is
// already there. Steps guarded by not(is_autocommit) are then skipped, so that nothing of the batch is kept
// and nothing is marked as pushed; clients that would go on after the error and commit what was left, lose
// nothing. A step has failed, for ok() and error(), only if it ran.
#pragma once

#include <memory>
#include <string>

#include "base/environment.hpp"
#include "server/sql_guard.hpp"
#include "sqlite/connection.hpp"
#include "wire/pipeline.hpp"

namespace turso::server {

namespace sql_code {
inline constexpr const char* kNoSql = "NO_SQL";
inline constexpr const char* kPrepare = "PREPARE_ERROR";
inline constexpr const char* kBind = "BIND_ERROR";
inline constexpr const char* kExecute = "EXECUTE_ERROR";
inline constexpr const char* kBatchStep = "BATCH_STEP_ERROR";
inline constexpr const char* kUnknown = "UNKNOWN";
}  // namespace sql_code

class SqlSession {
 public:
  struct Options {
    bool safe_batches = true;
    std::int64_t time_ms_max = 0;  // per request; 0: no limit
    std::size_t answer_bytes_max = 0;
  };

  static Result<std::unique_ptr<SqlSession>> create(sqlite::Connection connection, const Options& options,
                                                    std::shared_ptr<Environment> environment);
  ~SqlSession();

  // Starts the clock and the size of the answer of one HTTP request.
  void begin_request();

  wire::StreamResult run(const wire::StreamRequest& request);

  bool in_transaction() const { return !connection_.autocommit(); }
  bool holds_write_lock() const;
  void rollback();  // whatever is open
  void set_busy_timeout(int ms) { sqlite3_busy_timeout(connection_.handle(), ms); }

  // Whether any statement of the request would write. What cannot be prepared yet counts as writing.
  bool may_write(const wire::StreamRequest& request);

 private:
  struct Failure {
    wire::SqlError error;
    bool duplicate_column = false;
  };
  using Outcome = std::variant<wire::StatementResult, Failure>;

  SqlSession(sqlite::Connection connection, const Options& options, std::shared_ptr<Environment> environment);

  Outcome execute(const wire::SqlStatement& statement);
  Outcome execute_prepared(sqlite::Statement& prepared, const wire::SqlStatement& statement);
  wire::BatchResult run_batch(const wire::Batch& batch);
  std::variant<sqlite::Statement, Failure> prepare(const std::string& sql);
  std::optional<wire::SqlError> bind(sqlite::Statement& prepared, const wire::SqlStatement& statement);
  Status read_row(sqlite::Statement& prepared, wire::StatementResult& result);
  Status defer_foreign_keys(bool was_autocommit);
  Failure failure(const char* code, const Error& error);

  sqlite::Connection connection_;
  std::shared_ptr<Environment> environment_;
  Options options_;
  std::unique_ptr<SqlGuard> guard_;
  sqlite::Statement last_;  // of the statement executed last, reset; none if it may rename
  std::string last_sql_;
  std::size_t answer_bytes_ = 0;
  bool renames_possible_ = false;  // the statement prepared last
};

}  // namespace turso::server
