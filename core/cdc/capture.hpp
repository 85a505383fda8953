// capture.hpp -- capture of one connection: every statement of the user runs through here.
//
// WHAT HAPPENS  prepare() compiles a statement and notes what it will do (statement_facts.hpp). A write with capture
// on is run to its end by run(): the preupdate hook copies each changed row into the arena (row_capture.cpp) and runs
// no SQL; rows of RETURNING go to the caller's sink. Outside a transaction run() opens and ends one.
//
// FLUSH  moves the arena's rows [flushed, end) into the log by one INSERT ... SELECT from an eponymous table over the
// arena. It is lazy: before the transaction commits, before a statement that touches the log, before capture is
// switched. A change id is given at the flush. The arena keeps all rows until the transaction ends, because ROLLBACK TO
// may undo a flush whose rows it does not undo.
//
// WHAT MUST STAY TRUE
//   - No write is committed without its log rows: a failed flush rolls the whole transaction back, and the commit hook
//     refuses a commit while rows are not flushed.
//   - After a failed statement the arena holds exactly the rows of what SQLite left in the tables (failure.cpp).
//   - SQL of ours can be interrupted, ROLLBACK too: then the connection is poisoned, and nothing else runs until a
//     ROLLBACK has worked.
//   - What the user sees in changes(), total_changes() and last_insert_rowid() does not depend on when a flush runs.
//   - One write at a time: nothing but reads may start from inside a running statement (a user function).
//
// A file with the table turso_sync_meta is a replica: there every connection captures main in full mode into
// turso_cdc, capture cannot be switched, and bookkeeping tables refuse writes at prepare.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/environment.hpp"
#include "cdc/arena.hpp"
#include "cdc/log_table.hpp"
#include "cdc/row_capture.hpp"
#include "cdc/schema_diff.hpp"
#include "cdc/schema_epochs.hpp"
#include "cdc/statement_facts.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {

// Takes the rows of a RETURNING clause while its statement runs to the end.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual Status add(sqlite3_stmt* row) = 0;
};

class Capture {
 public:
  struct Options {
    std::shared_ptr<Environment> environment = system_environment();
    std::string spill_directory;  // for the arena's file; empty: the system's
  };

  // Takes hooks, the authorizer and module names of `db`, which must outlive the Capture.
  static Result<std::unique_ptr<Capture>> attach(sqlite3* db, Options options);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  struct Prepared {
    sqlite3_stmt* handle = nullptr;  // null: nothing to prepare; the caller finalizes it
    StatementFacts facts;
    std::size_t tail_index = 0;
  };
  Result<Prepared> prepare(std::string_view sql);

  // Whether the statement was compiled under another capture state and must be prepared again before it runs.
  bool is_stale(const StatementFacts& facts) const { return facts.generation != generation_; }
  // The same of one that ran before: a trigger in temp that is new may write to captured tables.
  bool is_stale(sqlite3_stmt* statement, const StatementFacts& facts) const {
    return is_stale(facts) || sqlite3_expired(statement) != 0;
  }

  // Whether run() must run the statement; otherwise the caller steps it by step() after before_steps().
  bool must_run(const StatementFacts& facts) const;

  // Runs the statement to its end, rows into `sink`. The caller resets it.
  Status run(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink);

  // One run of a statement that capture does not run itself: before_steps() once, then sqlite3_step() by step().
  Status before_steps(const StatementFacts& facts);
  // A write that is not captured but returns rows runs to its end too: while it is open, nothing can commit.
  bool must_drain(sqlite3_stmt* statement, const StatementFacts& facts) const;
  Status drain(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink);
  Result<bool> step(sqlite3_stmt* statement, StatementFacts& facts);  // true: a row; an error leaves the reset to do

  const CaptureState& state() const { return state_; }
  bool is_replica() const { return replica_; }
  std::string& spill_directory() { return options_.spill_directory; }

 private:
  friend class FlushTables;  // the eponymous tables (flush_tables.cpp)

  // What ROLLBACK TO and a failed statement go back to.
  struct Progress {
    Arena::Position end;  // of a mark; the arena itself knows the current one
    Arena::Position flushed;
    std::optional<std::int64_t> next_id;  // nothing: to be read before the next flush
    std::optional<std::int64_t> txn_id;   // of the first flushed row of the transaction
    std::size_t epochs = 0;               // of epochs_
    std::size_t epochs_flushed = 0;
  };
  struct SavepointMark {
    std::string name;
    Progress progress;
    CaptureState state;
  };
  // A column list that ends with the row at `before_row`.
  struct PendingEpoch {
    std::string table;
    std::int64_t before_row;
    TableColumns columns;
  };
  // One statement that is being prepared or stepped; the innermost is the last of frames_.
  struct Frame {
    StatementFacts* facts;
    sqlite3_stmt* running;        // null while it is prepared
    std::optional<Error> denied;  // what the authorizer refused, in words
  };
  class Quiet;         // while SQL of ours runs: no facts, no capture, counters kept
  class StepScope;     // while a statement of the user's is inside sqlite3_step
  class FrameScope;    // puts a Frame on the stack
  struct SchemaWatch;  // what must be known before a statement that changes the schema

  Capture(sqlite3* db, Options options);
  Status look_for_replica();
  void become_replica();
  void set_state(CaptureState state);
  Status prepare_switch(Prepared& prepared);
  bool may_concern_a_log(const StatementFacts& facts) const;
  Status refuse_nested(StatementKind kind) const;

  // Authorizer (authorizer.cpp).
  static int authorize(void* self, int action, const char* first, const char* second, const char* schema,
                       const char* trigger);
  int judge(Frame& frame, const AuthorizerCall& call);
  std::optional<Error> refusal(const AuthorizerCall& call);
  std::optional<Error> refusal_on_replica(const AuthorizerCall& call);
  bool is_captured(std::string_view schema, std::string_view table) const;
  bool is_excluded_name(std::string_view table) const;
  bool is_log_name(std::string_view table) const;

  // Hook (row_capture.cpp).
  static void on_change(void* self, sqlite3* db, int operation, const char* schema, const char* table,
                        sqlite3_int64 old_rowid, sqlite3_int64 new_rowid);
  void refuse_change_by_log(sqlite3* db, std::string_view schema);
  static int on_commit(void* self);

  // Writes (capture_run.cpp).
  Status run_write(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink);
  Status run_write_inside(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink);
  static bool lock_comes_first(const StatementFacts& facts, const Status& status);
  Status run_write_once(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink, bool implicit);
  Status check_log();
  std::optional<Error> step_to_end(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink);
  Status after_failure(sqlite3_stmt* statement, const StatementFacts& facts, const Progress& start, bool implicit,
                       Error error);
  Status drop_phantom_delete();
  Status finish_implicit(const StatementFacts& facts, std::int64_t rows);
  void count_rows(const StatementFacts& facts, const Progress& start);

  // Schema changes (schema_watch.cpp).
  Status before_schema_change(const StatementFacts& facts, SchemaWatch& watch);
  Status after_schema_change(sqlite3_stmt* statement, SchemaWatch& watch, const Progress& start);
  Status watch_logs(const StatementFacts& facts, SchemaWatch& watch);
  Status keep_logs(SchemaWatch& watch, const Progress& start);
  Status append_schema_change(const SchemaChange& change, std::string_view sql);
  Status append_rows_of_new_table(const std::string& schema, const SchemaRow& row);
  Status note_epoch(const SchemaChange& change, SchemaWatch& watch);

  // Transactions (capture_transaction.cpp).
  Status run_control(sqlite3_stmt* statement, StatementFacts& facts);
  Status run_commit(sqlite3_stmt* statement, StatementFacts& facts);
  Status step_control(sqlite3_stmt* statement, StatementFacts& facts);
  void began();
  void committed();
  void rolled_back();
  void observe_end();
  Progress mark() const;
  void restore(const Progress& progress);
  std::optional<std::size_t> find_savepoint(std::string_view name) const;
  Status roll_back_everything();
  Error roll_back_because(Error error);
  Status recover();

  // Flush (flush.cpp).
  bool has_unflushed() const { return progress_.flushed.rows < arena_.end().rows; }
  Status flush();
  Status write_rows();
  Status write_epochs(std::int64_t first_id);
  Status append_commit_record();

  // The pragmas (capture_switch.cpp).
  Status run_switch(const StatementFacts& facts);
  Status switch_on(const SwitchRequest& request);
  Status check_journal_mode(const StatementFacts& facts);

  // SQL of ours, prepared once and kept.
  Result<sqlite::Statement*> own_statement(const std::string& sql);
  Status run_own(std::string_view sql);

  sqlite3* db_;
  Options options_;
  sqlite::Connection own_;  // the same handle, borrowed, for SQL of ours
  std::unordered_map<std::string, sqlite::Statement> statements_;

  CaptureState state_;
  std::uint64_t generation_ = 1;
  bool replica_ = false;

  bool in_transaction_ = false;  // as far as we have seen
  bool begun_by_savepoint_ = false;
  bool rolled_back_last_ = false;  // how the transaction that began last has ended
  CaptureState state_at_begin_;
  std::vector<SavepointMark> savepoints_;
  bool poisoned_ = false;

  Arena arena_;
  Progress progress_;
  std::vector<PendingEpoch> epochs_;
  std::unordered_map<std::string, SchemaSnapshot> snapshots_;  // by schema name

  std::vector<Frame> frames_;
  int running_depth_ = 0;  // statements of the user inside sqlite3_step
  bool quiet_ = false;
  bool deaf_ = false;             // a statement runs whose row changes are no user's: VACUUM, ANALYZE
  bool flushing_ = false;         // the eponymous tables may be read
  bool flush_saw_marks_ = false;  // some of the rows that a flush wrote have marks
  RowCapture rows_;
};

}  // namespace turso::cdc
