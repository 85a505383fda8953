#include "database/connection.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "database/statement.hpp"
#include "sqlite/connection.hpp"

namespace turso::database {
namespace {

// Past white space, semicolons and comments: where the next statement begins.
std::size_t skip_to_statement(std::string_view sql, std::size_t index) {
  while (index < sql.size()) {
    char c = sql[index];
    if (c == ';' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++index;
    } else if (sql.substr(index, 2) == "--") {
      index = std::min(sql.find('\n', index), sql.size());
    } else if (sql.substr(index, 2) == "/*") {
      std::size_t end = sql.find("*/", index + 2);
      index = end == std::string_view::npos ? sql.size() : end + 2;
    } else {
      break;
    }
  }
  return index;
}

int load(sqlite3* raw, const std::string& path, std::string* message) {
  int was = 0;
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1, &was);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* text = nullptr;
  int code = sqlite3_load_extension(raw, path.c_str(), nullptr, &text);
  if (text != nullptr && message != nullptr) *message = text;
  sqlite3_free(text);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, was, nullptr);
  return code;
}

}  // namespace

Result<Connection::PreparedFirst> PlainConnection::prepare_inside(std::string_view sql) {
  TURSO_TRY(cdc::Capture::Prepared raw, session_->prepare(sql));
  PreparedFirst prepared;
  prepared.tail_index = raw.handle != nullptr ? skip_to_statement(sql, raw.tail_index) : sql.size();
  if (raw.handle != nullptr)
    prepared.statement = std::make_unique<PlainStatement>(session_, raw.handle, std::move(raw.facts));
  return prepared;
}

Result<Connection::PreparedFirst> PlainConnection::prepare_first(std::string_view sql) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  return prepare_inside(sql);
}

Result<std::unique_ptr<Statement>> PlainConnection::prepare_single(std::string_view sql) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  TURSO_TRY(PreparedFirst prepared, prepare_inside(sql));
  if (prepared.statement == nullptr)
    return session_->failed({ErrorKind::kError, "The supplied SQL string contains no statements"});
  if (prepared.tail_index < sql.size())
    return session_->failed({ErrorKind::kError, concat("the SQL text holds a second statement at byte ",
                                                       prepared.tail_index, ", only one can be prepared")});
  return std::move(prepared.statement);
}

void PlainConnection::set_busy_timeout_ms(std::int64_t timeout_ms) {
  Gate::Entry entry(session_->gate());
  if (!entry || session_->closed()) return;
  std::int64_t most = std::numeric_limits<int>::max();
  sqlite3_busy_timeout(session_->handle(), static_cast<int>(std::clamp<std::int64_t>(timeout_ms, 0, most)));
}

bool PlainConnection::autocommit() const {
  Gate::Entry entry(session_->gate());
  return entry && !session_->closed() && sqlite3_get_autocommit(session_->handle()) != 0;
}

std::int64_t PlainConnection::last_insert_rowid() const {
  Gate::Entry entry(session_->gate());
  return entry && !session_->closed() ? sqlite3_last_insert_rowid(session_->handle()) : 0;
}

Status PlainConnection::install(std::string key, Installer install, Installer remove) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  int code = install(session_->handle());
  if (code != SQLITE_OK)
    return session_->failed(sqlite::error_of(session_->handle(), code).in(concat("registering ", key)));
  session_->registry().add(std::move(key), std::move(install), std::move(remove));
  return ok();
}

Status PlainConnection::uninstall(const std::string& key) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  Installer remove = session_->registry().remover(key);
  if (!remove) return session_->failed({ErrorKind::kError, concat(key, " is not registered")});
  int code = remove(session_->handle());
  if (code != SQLITE_OK)
    return session_->failed(sqlite::error_of(session_->handle(), code).in(concat("removing ", key)));
  session_->registry().forget(key);
  return ok();
}

Status PlainConnection::enable_load_extension(bool enabled) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  // The C call only: an extension that SQL loaded by load_extension() would be missing on staging.
  load_extension_enabled_ = enabled;
  return ok();
}

Status PlainConnection::load_extension(const std::string& path) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  if (!load_extension_enabled_)
    return session_->failed({ErrorKind::kError, concat("extension ", path, ": loading extensions is not enabled")});
  std::string message;
  int code = load(session_->handle(), path, &message);
  if (code != SQLITE_OK) return session_->failed({ErrorKind::kError, concat("extension ", path, ": ", message), code});
  session_->registry().add(
      "extension " + path, [path](sqlite3* raw) { return load(raw, path, nullptr); },
      [](sqlite3*) { return SQLITE_OK; });  // SQLite cannot unload an extension from a connection
  return ok();
}

Status PlainConnection::inspect(const std::function<Status(sqlite::Connection&)>& read) {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (session_->closed()) return misuse_closed();
  struct Loan {
    sqlite::Connection connection;
    ~Loan() { connection.release(); }  // the session closes it
  };
  Loan loan{sqlite::Connection(session_->handle())};
  return read(loan.connection);
}

Status PlainConnection::close() {
  Gate::Entry entry(session_->gate());
  if (!entry) return misuse_overlap();
  if (entry.nested()) return Error{ErrorKind::kMisuse, "the connection is running a statement"};
  return session_->close();
}

}  // namespace turso::database
