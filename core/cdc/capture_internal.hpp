// capture_internal.hpp -- scopes that the parts of Capture share.
#pragma once

#include <map>

#include "cdc/capture.hpp"

namespace turso::cdc {

// While SQL of ours runs: the authorizer and the hook do not look, and the user's counters stay.
class Capture::Quiet {
 public:
  explicit Quiet(Capture& capture)
      : capture_(capture),
        before_(std::exchange(capture.quiet_, true)),
        changes_(sqlite3_changes64(capture.db_)),
        total_(sqlite3_total_changes64(capture.db_)),
        rowid_(sqlite3_last_insert_rowid(capture.db_)) {}
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet() {
    capture_.quiet_ = before_;
    turso_sqlite_set_changes(capture_.db_, changes_, total_);
    sqlite3_set_last_insert_rowid(capture_.db_, rowid_);
  }

 private:
  Capture& capture_;
  bool before_;
  sqlite3_int64 changes_;
  sqlite3_int64 total_;
  sqlite3_int64 rowid_;
};

// A statement of the user's is prepared (running: null) or stepped: the authorizer notes what it hears about it.
class Capture::FrameScope {
 public:
  FrameScope(Capture& capture, StatementFacts* facts, sqlite3_stmt* running) : capture_(capture) {
    capture_.frames_.push_back({facts, running, std::nullopt});
  }
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;
  ~FrameScope() { capture_.frames_.pop_back(); }

  Frame& frame() { return capture_.frames_.back(); }

 private:
  Capture& capture_;
};

// A statement of the user's is inside sqlite3_step.
class Capture::StepScope {
 public:
  StepScope(Capture& capture, bool deaf) : capture_(capture), deaf_before_(std::exchange(capture.deaf_, deaf)) {
    ++capture_.running_depth_;
  }
  StepScope(const StepScope&) = delete;
  StepScope& operator=(const StepScope&) = delete;
  ~StepScope() {
    --capture_.running_depth_;
    capture_.deaf_ = deaf_before_;
  }

 private:
  Capture& capture_;
  bool deaf_before_;
};

struct Capture::SchemaWatch {
  struct Log {
    std::string table;
    std::int64_t last_id;
  };
  std::map<std::string, SchemaSnapshot> before;  // by schema name
  std::map<std::string, TableColumns> columns;   // of the tables of main that go or change, by lower-case name
  std::vector<Log> logs;                         // logs that go or change
  bool dropped = false;                          // the statement is DROP TABLE
};

}  // namespace turso::cdc
