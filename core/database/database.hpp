// database.hpp -- the SQL surface of the library: Database, Connection, Statement, with capture woven in.
//
// A Database is a handle on one path, shareable between threads. Its Connections belong to one thread at a
// time, and so do their Statements. What an app registers on one connection (functions, collations, pragmas
// that change results) belongs to the Database, because a replica's staging connection needs it as well.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/value.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::database {

class Connection;
class Statement;

// Runs against a raw SQLite handle to register a function or collation there, or to remove it.
using Installer = std::function<int(sqlite3*)>;

class Database : public std::enable_shared_from_this<Database> {
 public:
  struct Options {
    std::string path;  // a file, or ":memory:"
    bool readonly = false;
    std::string vfs;  // "" and "syscall": the default; "memory": in memory; others are refused by open()
    std::shared_ptr<Environment> environment = system_environment();
  };

  static Result<std::shared_ptr<Database>> open(Options options);
  virtual ~Database() = default;

  virtual Result<std::unique_ptr<Connection>> connect() = 0;
  virtual const std::string& path() const = 0;

  // Runs every registered installer and remembered pragma on `raw`: for the staging connection.
  virtual Status configure(sqlite3* raw) = 0;
};

class Connection {
 public:
  struct PreparedFirst {
    std::unique_ptr<Statement> statement;  // null: nothing to prepare
    std::size_t tail_index = 0;            // where the next statement begins; sql.size() at the end
  };

  virtual ~Connection() = default;

  virtual Result<std::unique_ptr<Statement>> prepare_single(std::string_view sql) = 0;
  virtual Result<PreparedFirst> prepare_first(std::string_view sql) = 0;

  virtual void set_busy_timeout_ms(std::int64_t timeout_ms) = 0;  // <= 0: do not wait
  virtual bool autocommit() const = 0;
  virtual std::int64_t last_insert_rowid() const = 0;
  virtual void interrupt() = 0;  // from any thread

  // Installs here and on every later connection of the Database, and on staging; `key` names it for removal.
  virtual Status install(std::string key, Installer install, Installer remove) = 0;
  virtual Status uninstall(const std::string& key) = 0;
  virtual Status enable_load_extension(bool enabled) = 0;
  virtual Status load_extension(const std::string& path) = 0;

  // Lends the SQLite handle for reading, for one call: decoding captured records needs the schema.
  virtual Status inspect(const std::function<Status(sqlite::Connection&)>& read) = 0;

  // Later calls, on this and on its statements, answer kMisuse "connection closed". Idempotent.
  virtual Status close() = 0;

  virtual const std::optional<Error>& last_error() const = 0;  // of this connection or one of its statements
};

enum class StepResult : std::uint8_t { kRow, kDone };

class Statement {
 public:
  virtual ~Statement() = default;

  // After kDone stays kDone until reset().
  virtual Result<StepResult> step() = 0;
  virtual Status reset() = 0;
  virtual Status finalize() = 0;  // later calls answer kMisuse

  virtual std::int64_t change_count() const = 0;  // rows the last run changed
  virtual int column_count() const = 0;
  virtual std::string column_name(int index) const = 0;
  virtual std::optional<std::string> column_decltype(int index) const = 0;  // as typed in CREATE TABLE

  // Of the current row; kNull, 0, empty outside a row. Views live until the next step, reset or finalize.
  virtual bool has_row() const = 0;
  virtual ValueType value_type(int index) const = 0;
  virtual std::int64_t value_int(int index) const = 0;  // 0 unless kInteger: no conversion
  virtual double value_real(int index) const = 0;       // 0.0 unless kReal: no conversion
  virtual ByteView value_bytes(int index) const = 0;    // TEXT and BLOB; data() is never null for those

  virtual int parameter_count() const = 0;
  virtual int parameter_position(std::string_view name) const = 0;            // with its prefix; 0: none
  virtual std::optional<std::string> parameter_name(int position) const = 0;  // with its prefix
  virtual Status bind(int position, const Value& value) = 0;                  // counts from 1; TEXT must be UTF-8
};

}  // namespace turso::database
