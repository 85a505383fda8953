#include "database/session.hpp"

#include <limits>

#include "base/text.hpp"
#include "database/statement.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {

Session::Session(std::shared_ptr<Registry> registry, std::shared_ptr<const void> keep_alive, sqlite3* handle)
    : registry_(std::move(registry)), keep_alive_(std::move(keep_alive)), handle_(handle) {}

Session::~Session() { discard(close(), "nobody is left to be told; SQLite closes when its statements are gone"); }

Status Session::attach_capture(cdc::Capture::Options options) {
  TURSO_TRY(capture_, cdc::Capture::attach(handle_, std::move(options)));
  return ok();
}

Result<cdc::Capture::Prepared> Session::prepare(std::string_view sql) {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return failed({ErrorKind::kError, concat("the SQL text is ", sql.size(), " bytes, at most ",
                                             std::numeric_limits<int>::max(), " are accepted")});
  finalize_left_over();
  Result<cdc::Capture::Prepared> prepared = capture_->prepare(sql);
  if (!prepared.has_value()) return failed(std::move(prepared).error());
  return prepared;
}

void Session::enroll(PlainStatement* statement) {
  std::lock_guard lock(statements_mutex_);
  statements_.insert(statement);
}

void Session::withdraw(PlainStatement* statement) {
  {
    std::lock_guard lock(statements_mutex_);
    if (statements_.erase(statement) == 0) return;  // close() has been here
    left_over_.push_back(statement->give_up());
  }
  Gate::Entry entry(gate_);
  if (entry) finalize_left_over();
}

void Session::finalize_left_over() {
  std::vector<sqlite3_stmt*> handles;
  {
    std::lock_guard lock(statements_mutex_);
    handles.swap(left_over_);
  }
  for (sqlite3_stmt* handle : handles) sqlite3_finalize(handle);
}

Status Session::close() {
  if (closed()) return ok();
  {
    std::lock_guard lock(statements_mutex_);
    for (PlainStatement* statement : statements_) sqlite3_finalize(statement->give_up());
    statements_.clear();
  }
  finalize_left_over();
  capture_.reset();
  sqlite3* handle = nullptr;
  {
    std::lock_guard lock(handle_mutex_);
    handle = std::exchange(handle_, nullptr);
  }
  sqlite3_close_v2(handle);  // cannot fail: every statement of the handle is ours and gone
  return ok();
}

void Session::interrupt() {
  std::lock_guard lock(handle_mutex_);
  if (handle_ != nullptr) sqlite3_interrupt(handle_);
}

Error Session::failed(Error error) {
  last_error_ = error;
  return error;
}

}  // namespace turso::database
