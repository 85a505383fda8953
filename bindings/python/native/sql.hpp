// sql.hpp -- Connection and Statement as Python sees them: those of turso_sync.hpp, with the GIL released around
// every call that may wait for a lock or a disk.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>

#include "turso_sync.hpp"

namespace turso::python {

using ConnectionHandle = std::shared_ptr<::turso_sync::Connection>;

class Statement {
 public:
  Statement(ConnectionHandle connection, ::turso_sync::Statement statement);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(pybind11::handle parameters);
  bool step();  // true: a row is there
  pybind11::tuple row(pybind11::handle text_factory) const;
  pybind11::tuple column_names() const;
  std::int64_t changes() const { return statement_->change_count(); }
  void reset();
  void finalize();

  std::string sql;      // what the cache of prepared statements knows it by
  bool is_dml = false;  // its first word is INSERT, UPDATE, DELETE or REPLACE

 private:
  ConnectionHandle connection_;  // outlives the statement
  std::unique_ptr<::turso_sync::Statement> statement_;
};

class Connection {
 public:
  explicit Connection(::turso_sync::Connection connection)
      : connection_(std::make_shared<::turso_sync::Connection>(std::move(connection))) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The first statement at or after `offset` bytes, None at the end, and where the next one begins.
  std::pair<std::unique_ptr<Statement>, std::size_t> prepare_first(const pybind11::bytes& sql, std::size_t offset);

  bool autocommit() const { return connection_->autocommit(); }
  std::int64_t last_insert_rowid() const { return connection_->last_insert_rowid(); }
  void set_busy_timeout_ms(std::int64_t timeout_ms) { connection_->set_busy_timeout_ms(timeout_ms); }
  void interrupt() { connection_->interrupt(); }
  void close();

 private:
  ConnectionHandle connection_;
};

}  // namespace turso::python
