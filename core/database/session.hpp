// session.hpp -- one SQLite handle and what belongs to it: gate, capture, live statements, last error.
//
// Connection and Statement are views on a Session and share it, so that they may be released in any order.
// Closing finalizes the statements that are alive; they and the connection then answer misuse.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cdc/capture.hpp"
#include "database/database.hpp"
#include "database/gate.hpp"
#include "database/registry.hpp"

namespace turso::database {

class PlainStatement;

class Session {
 public:
  // Takes the handle over; its capture is attached by attach_capture(), before anything is prepared.
  Session(std::shared_ptr<Registry> registry, std::shared_ptr<const void> keep_alive, sqlite3* handle);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  sqlite3* handle() const { return handle_; }
  bool closed() const { return handle_ == nullptr; }
  Registry& registry() { return *registry_; }
  Gate& gate() { return gate_; }
  cdc::Capture& capture() { return *capture_; }

  Status attach_capture(cdc::Capture::Options options);

  // Prepares the first statement of `sql`. A null handle: nothing to prepare.
  Result<cdc::Capture::Prepared> prepare(std::string_view sql);

  Status close();
  void interrupt();

  void enroll(PlainStatement* statement);
  // The statement goes. What SQLite holds for it is freed at once or, while another thread is inside, by the next call
  // of that thread: garbage collectors release objects on threads of their own.
  void withdraw(PlainStatement* statement);

  Error failed(Error error);  // keeps it as the last error and hands it on
  const std::optional<Error>& last_error() const { return last_error_; }

 private:
  void finalize_left_over();

  std::shared_ptr<Registry> registry_;
  std::shared_ptr<const void> keep_alive_;  // the Database, whose memory file lives as long as it
  std::mutex handle_mutex_;                 // interrupt() comes from any thread, also beside close()
  sqlite3* handle_;
  Gate gate_;
  std::mutex statements_mutex_;
  std::set<PlainStatement*> statements_;
  std::vector<sqlite3_stmt*> left_over_;   // of statements released while another thread was inside
  std::unique_ptr<cdc::Capture> capture_;  // gone before the handle
  std::optional<Error> last_error_;
};

inline Error misuse_overlap() { return {ErrorKind::kMisuse, "another thread is using this connection"}; }
inline Error misuse_closed() { return {ErrorKind::kMisuse, "connection closed"}; }

}  // namespace turso::database
