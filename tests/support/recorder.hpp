// recorder.hpp -- a plain SQLite connection that writes the change log of what it runs, as capture does: enough of it
// to test the readers of the log without the connection of core/database.
//
// Rows come from the preupdate hook in write order, `updates` flags the columns of the SET list (of rows that triggers
// changed, those that differ), a changed rowid or key
// of a WITHOUT ROWID table is a D + I pair with a key_change mark, rows of triggers have a trigger mark, DDL is the
// difference of sqlite_schema. Column lists that go are kept in turso_cdc_schema.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "cdc/schema_epochs.hpp"
#include "log/tape.hpp"
#include "sqlite/connection.hpp"

namespace turso::test {

class Recorder {
 public:
  // Opens or creates; makes the log where it is missing.
  explicit Recorder(const std::string& path);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  sqlite::Connection& connection() { return connection_; }

  // One user transaction of these statements: their log rows, then the COMMIT record. A statement that fails rolls
  // everything back.
  Status transaction(const std::vector<std::string>& statements);
  Status exec(const std::string& statement) { return transaction({statement}); }

  // A lone COMMIT record, as a statement writes that changed nothing.
  void lone_commit();

  std::int64_t last_change_id();

 private:
  struct Row {
    log::ChangeType type;
    std::string table;
    Value id;
    std::optional<std::vector<Value>> before;
    std::optional<std::vector<Value>> after;
    std::optional<std::vector<Value>> updates;
    std::string mark;
  };
  struct Object {
    std::int64_t rowid = 0;
    std::vector<Value> record;
  };

  static void hook(void* self, sqlite3* db, int operation, const char* database, const char* table, sqlite3_int64 old_rowid,
                   sqlite3_int64 new_rowid);
  static int authorize(void* self, int action, const char* table, const char* column, const char* database, const char* trigger);
  void on_change(int operation, const std::string& table, std::int64_t old_rowid, std::int64_t new_rowid);
  Status run_one(const std::string& statement);
  std::vector<Object> schema();
  void note_schema(const std::vector<Object>& before, const std::string& statement);
  Status flush();
  std::int64_t next_id();

  sqlite::Connection connection_;
  std::vector<Row> rows_;
  std::map<std::string, cdc::TableColumns> lists_;  // of the tables when the running statement began
  std::set<std::pair<std::string, std::string>> set_list_;  // table and column, of the running statement
  bool recording_ = false;
};

}  // namespace turso::test
