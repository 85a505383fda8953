// session.hpp -- one SQLite handle and what belongs to it: gate, authorizer, live statements, last error.
//
// Connection and Statement are views on a Session and share it, so that they may be released in any order.
// Closing finalizes the statements that are alive; they and the connection then answer misuse.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "database/database.hpp"
#include "database/facts.hpp"
#include "database/gate.hpp"
#include "database/registry.hpp"

namespace turso::database {

class PlainStatement;

class Session {
 public:
  Session(std::shared_ptr<Registry> registry, std::shared_ptr<const void> keep_alive, sqlite3* handle);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  sqlite3* handle() const { return handle_; }
  bool closed() const { return handle_ == nullptr; }
  Registry& registry() { return *registry_; }
  Gate& gate() { return gate_; }

  // Prepares the first statement of `sql`; what the authorizer says goes to `facts`. Null: nothing to prepare.
  Result<sqlite3_stmt*> prepare(std::string_view sql, StatementFacts& facts, std::size_t& tail_index);

  Status close();
  void interrupt();

  void enroll(PlainStatement* statement) { statements_.insert(statement); }
  void withdraw(PlainStatement* statement) { statements_.erase(statement); }

  Error failed(Error error);  // keeps it as the last error and hands it on
  const std::optional<Error>& last_error() const { return last_error_; }

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger);

  std::shared_ptr<Registry> registry_;
  std::shared_ptr<const void> keep_alive_;  // the Database, whose memory file lives as long as it
  std::mutex handle_mutex_;                 // interrupt() comes from any thread, also beside close()
  sqlite3* handle_;
  Gate gate_;
  std::set<PlainStatement*> statements_;
  StatementFacts* observed_ = nullptr;  // where the authorizer writes while a statement is prepared
  std::optional<Error> last_error_;
};

inline Error misuse_overlap() { return {ErrorKind::kMisuse, "another thread is using this connection"}; }
inline Error misuse_closed() { return {ErrorKind::kMisuse, "connection closed"}; }

}  // namespace turso::database
