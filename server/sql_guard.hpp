// sql_guard.hpp -- what SQL of a client may do on the server, and for how long.
//
// Refused at prepare: ATTACH, DETACH, VACUUM INTO, sqlite_dbpage, a replica's bookkeeping tables by any
// statement, pragmas that are not on the list. DEFENSIVE keeps the schema table and shadow tables from being
// written directly. A statement that runs past the deadline is interrupted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/environment.hpp"
#include "sqlite/connection.hpp"

namespace turso::server {

class SqlGuard {
 public:
  // Registers itself with the connection, which must not outlive it; never moves.
  SqlGuard(sqlite3* connection, std::shared_ptr<Environment> environment);
  ~SqlGuard();
  SqlGuard(const SqlGuard&) = delete;
  SqlGuard& operator=(const SqlGuard&) = delete;

  // 0: none.
  void begin_request(std::int64_t deadline_unix_ms) {
    deadline_ms_ = deadline_unix_ms;
    timed_out_ = false;
  }
  std::int64_t deadline() const { return deadline_ms_; }
  void set_deadline(std::int64_t unix_ms) { deadline_ms_ = unix_ms; }

  // Around sqlite3_prepare: what the authorizer learns about the statement belongs to it.
  void begin_prepare();
  void end_prepare() { preparing_ = false; }
  // Before a statement that was prepared earlier runs again: SQLite may prepare it anew by itself.
  void begin_step() { refusal_.clear(); }

  const std::string& refusal() const { return refusal_; }  // why the last prepare was refused; empty: it was not
  bool alters_table() const { return alters_table_; }      // the last statement prepared may rename something
  bool timed_out() const { return timed_out_; }            // a statement was interrupted by the deadline

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);
  static int progress(void* self);
  int decide(int action, const char* first, const char* second);
  int refuse(std::string why);

  sqlite3* connection_;
  std::shared_ptr<Environment> environment_;
  std::int64_t deadline_ms_ = 0;
  bool preparing_ = false;
  bool alters_table_ = false;
  bool timed_out_ = false;
  std::string refusal_;
};

}  // namespace turso::server
