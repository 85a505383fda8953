// connection.hpp -- RAII over a SQLite handle, its statements and transactions. No capture here.
//
// Everything in core/ that runs SQL of our own goes through these types; the user's SQL goes through
// core/database, which weaves capture in. A Connection and its Statements belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/value.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::sqlite {

// The Error for a result code; the text is SQLite's for this connection. Masks to the kind by primary code.
Error error_of(sqlite3* db, int code);
Error error_of_code(int code, std::string_view message);

// "name" with inner quotes doubled: the only way a name enters SQL text.
std::string identifier(std::string_view name);

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  sqlite3_stmt* handle() const { return handle_.get(); }
  sqlite3_stmt* release() { return handle_.release(); }  // the caller finalizes it
  explicit operator bool() const { return handle_ != nullptr; }

  // Positions count from 1. Texts and blobs are copied.
  Status bind(int position, const Value& value);
  Status bind_null(int position);
  Status bind_int(int position, std::int64_t value);
  Status bind_real(int position, double value);
  Status bind_text(int position, std::string_view value);
  Status bind_blob(int position, ByteView value);
  template <typename... Values>
  Status bind_all(Values&&... values) {
    int position = 0;
    Status status;
    ((status.has_value() ? void(status = bind(++position, Value(std::forward<Values>(values)))) : void()), ...);
    return status;
  }

  Result<bool> step();  // true: a row is there; false: done. An error resets the statement.
  Status run();         // steps to the end, then resets
  void reset();         // and keeps the bindings

  int column_count() const;
  std::string column_name(int index) const;
  Value column(int index) const;
  bool column_is_null(int index) const;
  std::int64_t column_int(int index) const;
  double column_real(int index) const;
  std::string_view column_text(int index) const;  // borrowed until the next step or reset
  ByteView column_blob(int index) const;          // borrowed until the next step or reset

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Connection {
 public:
  struct Options {
    bool readonly = false;
    bool create = true;
    int busy_timeout_ms = 0;
    const char* vfs = nullptr;  // null: the default
  };

  static Result<Connection> open(const std::string& path, const Options& options);

  Connection() = default;
  explicit Connection(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle() const { return handle_.get(); }
  explicit operator bool() const { return handle_ != nullptr; }

  Result<Statement> prepare(std::string_view sql, unsigned flags = 0);  // exactly one statement
  Status exec(std::string_view sql);                                    // any number, results dropped

  // The first column of the first row. NULL when there is no row.
  template <typename... Values>
  Result<Value> query_value(std::string_view sql, Values&&... values) {
    TURSO_TRY(Statement statement, prepare(sql));
    TURSO_CHECK(statement.bind_all(std::forward<Values>(values)...));
    TURSO_TRY(bool row, statement.step());
    return row ? statement.column(0) : Value();
  }
  template <typename... Values>
  Result<std::int64_t> query_int(std::string_view sql, Values&&... values) {
    TURSO_TRY(Value value, query_value(sql, std::forward<Values>(values)...));
    return value.type() == ValueType::kInteger ? value.integer() : 0;
  }
  template <typename... Values>
  Status run(std::string_view sql, Values&&... values) {
    TURSO_TRY(Statement statement, prepare(sql));
    TURSO_CHECK(statement.bind_all(std::forward<Values>(values)...));
    return statement.run();
  }

  bool autocommit() const;
  Error error(int code) const { return error_of(handle_.get(), code); }
  sqlite3* release() { return handle_.release(); }  // the caller closes it
  Status close();                                   // fails, and stays open, while statements are alive

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// A transaction that rolls back unless commit() returned ok.
class Transaction {
 public:
  enum class Kind { kDeferred, kImmediate };

  static Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status commit();
  void rollback();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// Whether sqlite_schema of `database` has an object of this name, compared without case; type "" is any.
Result<bool> has_object(Connection& connection, std::string_view type, std::string_view name);

}  // namespace turso::sqlite
