#include "database/session.hpp"

#include <limits>

#include "base/text.hpp"
#include "database/statement.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {

Session::Session(std::shared_ptr<Registry> registry, std::shared_ptr<const void> keep_alive, sqlite3* handle)
    : registry_(std::move(registry)), keep_alive_(std::move(keep_alive)), handle_(handle) {
  sqlite3_set_authorizer(handle_, &Session::authorize, this);
}

Session::~Session() { discard(close(), "nobody is left to be told; SQLite closes when its statements are gone"); }

int Session::authorize(void* self, int action, const char* first, const char* second, const char* /*database*/,
                       const char* /*trigger*/) {
  StatementFacts* facts = static_cast<Session*>(self)->observed_;
  if (facts != nullptr) facts->observe(action, first, second);
  return SQLITE_OK;
}

Result<sqlite3_stmt*> Session::prepare(std::string_view sql, StatementFacts& facts, std::size_t& tail_index) {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return failed({ErrorKind::kError, concat("the SQL text is ", sql.size(), " bytes, at most ",
                                             std::numeric_limits<int>::max(), " are accepted")});
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const char* begin = sql.data() != nullptr ? sql.data() : "";
  StatementFacts* outer = std::exchange(observed_, &facts);
  int code = sqlite3_prepare_v3(handle_, begin, static_cast<int>(sql.size()), 0, &raw, &tail);
  observed_ = outer;
  if (code != SQLITE_OK) return failed(sqlite::error_of(handle_, code));
  tail_index = tail != nullptr ? static_cast<std::size_t>(tail - begin) : sql.size();
  return raw;
}

Status Session::close() {
  if (closed()) return ok();
  for (PlainStatement* statement : statements_) statement->release();
  statements_.clear();
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
