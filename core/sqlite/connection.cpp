#include "sqlite/connection.hpp"

#include "base/text.hpp"
#include "sqlite/sqlite_sql.hpp"

namespace turso::sqlite {
namespace {

ErrorKind kind_of_code(int code) {
  if (code == SQLITE_BUSY_SNAPSHOT) return ErrorKind::kBusySnapshot;
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorKind::kBusy;
    case SQLITE_INTERRUPT: return ErrorKind::kInterrupt;
    case SQLITE_CONSTRAINT: return ErrorKind::kConstraint;
    case SQLITE_READONLY: return ErrorKind::kReadonly;
    case SQLITE_FULL: return ErrorKind::kFull;
    case SQLITE_NOTADB: return ErrorKind::kNotADatabase;
    case SQLITE_CORRUPT: return ErrorKind::kCorrupt;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return ErrorKind::kIo;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return ErrorKind::kMisuse;
    default: return ErrorKind::kError;
  }
}

}  // namespace

Error error_of_code(int code, std::string_view message) {
  return Error{kind_of_code(code), std::string(message), code};
}

Error error_of(sqlite3* db, int code) {
  // The handle's own extended code is more precise where it speaks of the same failure.
  int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  if ((extended & 0xff) != (code & 0xff)) extended = code;
  const char* text =
      db != nullptr && (sqlite3_errcode(db) & 0xff) == (code & 0xff) ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  return error_of_code(extended, text);
}

std::string identifier(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Status Statement::bind(int position, const Value& value) {
  switch (value.type()) {
    case ValueType::kNull: return bind_null(position);
    case ValueType::kInteger: return bind_int(position, value.integer());
    case ValueType::kReal: return bind_real(position, value.real());
    case ValueType::kText: return bind_text(position, value.text());
    case ValueType::kBlob: return bind_blob(position, value.blob());
  }
  return ok();
}

namespace {
Status bound(sqlite3_stmt* handle, int code) {
  if (code != SQLITE_OK) return error_of(sqlite3_db_handle(handle), code);
  return ok();
}
}  // namespace

Status Statement::bind_null(int position) { return bound(handle(), sqlite3_bind_null(handle(), position)); }
Status Statement::bind_int(int position, std::int64_t value) {
  return bound(handle(), sqlite3_bind_int64(handle(), position, value));
}
Status Statement::bind_real(int position, double value) {
  return bound(handle(), sqlite3_bind_double(handle(), position, value));
}

Status Statement::bind_text(int position, std::string_view value) {
  const char* data = value.data() != nullptr ? value.data() : "";
  return bound(handle(), sqlite3_bind_text64(handle(), position, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Status Statement::bind_blob(int position, ByteView value) {
  if (value.empty()) return bound(handle(), sqlite3_bind_zeroblob(handle(), position, 0));
  return bound(handle(), sqlite3_bind_blob64(handle(), position, value.data(), value.size(), SQLITE_TRANSIENT));
}

Result<bool> Statement::step() {
  int code = sqlite3_step(handle());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = error_of(sqlite3_db_handle(handle()), code);
  sqlite3_reset(handle());
  return error;
}

Status Statement::run() {
  for (;;) {
    TURSO_TRY(bool row, step());
    if (!row) break;
  }
  reset();
  return ok();
}

void Statement::reset() { sqlite3_reset(handle()); }

int Statement::column_count() const { return sqlite3_column_count(handle()); }
std::string Statement::column_name(int index) const {
  const char* name = sqlite3_column_name(handle(), index);
  return name != nullptr ? name : "";
}

Value Statement::column(int index) const {
  switch (sqlite3_column_type(handle(), index)) {
    case SQLITE_INTEGER: return Value(column_int(index));
    case SQLITE_FLOAT: return Value(column_real(index));
    case SQLITE_TEXT: return Value(column_text(index));
    case SQLITE_BLOB: {
      ByteView blob = column_blob(index);
      return Value(Bytes(blob.begin(), blob.end()));
    }
    default: return {};
  }
}

bool Statement::column_is_null(int index) const { return sqlite3_column_type(handle(), index) == SQLITE_NULL; }
std::int64_t Statement::column_int(int index) const { return sqlite3_column_int64(handle(), index); }
double Statement::column_real(int index) const { return sqlite3_column_double(handle(), index); }

std::string_view Statement::column_text(int index) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle(), index));
  return text != nullptr ? std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(handle(), index)))
                         : std::string_view("");
}

ByteView Statement::column_blob(int index) const {
  const auto* blob = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle(), index));
  return {blob, static_cast<std::size_t>(sqlite3_column_bytes(handle(), index))};
}

Result<Connection> Connection::open(const std::string& path, const Options& options) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.create && !options.readonly) flags |= SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, flags, options.vfs);
  Connection connection(raw);
  if (code != SQLITE_OK)
    return error_of(raw, code).kind == ErrorKind::kIo
               ? Error{ErrorKind::kIo, concat("unable to open database file: ", path), code}
               : error_of(raw, code);
  sqlite3_busy_timeout(raw, options.busy_timeout_ms);
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql, unsigned flags) {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()), flags, &raw, nullptr);
  if (code != SQLITE_OK) return error(code);
  if (raw == nullptr) return Error{ErrorKind::kError, "the SQL text contains no statement"};
  return Statement(raw);
}

Status Connection::exec(std::string_view sql) {
  std::string text(sql);
  int code = sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return ok();
}

bool Connection::autocommit() const { return sqlite3_get_autocommit(handle()) != 0; }

Status Connection::close() {
  int code = sqlite3_close(handle());
  if (code != SQLITE_OK) return error(code);
  static_cast<void>(handle_.release());
  return ok();
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  TURSO_CHECK(connection.run(kind == Kind::kImmediate ? sql::kBeginImmediate : sql::kBegin));
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() { rollback(); }

Status Transaction::commit() {
  TURSO_ASSERT(connection_ != nullptr);
  TURSO_CHECK(connection_->run(sql::kCommit));
  connection_ = nullptr;
  return ok();
}

void Transaction::rollback() {
  if (connection_ == nullptr) return;
  if (!connection_->autocommit())
    discard(connection_->run(sql::kRollback), "SQLite has rolled back by itself, or will at close");
  connection_ = nullptr;
}

Result<bool> has_object(Connection& connection, std::string_view type, std::string_view name) {
  TURSO_TRY(std::int64_t count, connection.query_int(sql::kCountObjects, Value(type), Value(name)));
  return count != 0;
}

}  // namespace turso::sqlite
