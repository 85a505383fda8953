// plain_fixture.hpp -- turso.h as a C program uses it, with handles that are given back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"
#include "turso_cdc.h"

namespace turso::test {

// Receives an error text and frees it.
class Text {
 public:
  Text() = default;
  explicit Text(const char* text) : text_(text) {}
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() { turso_str_deinit(text_); }
  const char** out() { return &text_; }
  bool is_null() const { return text_ == nullptr; }
  std::string str() const { return text_ != nullptr ? text_ : ""; }

 private:
  const char* text_ = nullptr;
};

class PlainAbi : public ::testing::Test {
 protected:
  ~PlainAbi() override {
    for (const turso_statement_t* statement : statements_) turso_statement_deinit(statement);
    for (const turso_connection_t* connection : connections_) turso_connection_deinit(connection);
    for (const turso_database_t* database : databases_) turso_database_deinit(database);
  }

  turso_database_config_t config(const std::string& path) {
    path_ = path;
    turso_database_config_t config{};
    config.path = path_.c_str();
    return config;
  }

  const turso_database_t* open(const std::string& path) {
    turso_database_config_t made = config(path);
    const turso_database_t* database = nullptr;
    Text error;
    EXPECT_EQ(turso_database_new(&made, &database, error.out()), TURSO_OK) << error.str();
    databases_.push_back(database);
    EXPECT_EQ(turso_database_open(database, error.out()), TURSO_OK) << error.str();
    return database;
  }

  turso_connection_t* connect(const turso_database_t* database) {
    turso_connection_t* connection = nullptr;
    Text error;
    EXPECT_EQ(turso_database_connect(database, &connection, error.out()), TURSO_OK) << error.str();
    connections_.push_back(connection);
    return connection;
  }

  turso_statement_t* prepare(const turso_connection_t* connection, const char* sql) {
    turso_statement_t* statement = nullptr;
    Text error;
    EXPECT_EQ(turso_connection_prepare_single(connection, sql, &statement, error.out()), TURSO_OK) << error.str();
    statements_.push_back(statement);
    return statement;
  }

  turso_status_code_t exec(const turso_connection_t* connection, const char* sql, std::string* message = nullptr) {
    turso_statement_t* statement = nullptr;
    Text error;
    turso_status_code_t status = turso_connection_prepare_single(connection, sql, &statement, error.out());
    if (status == TURSO_OK) status = turso_statement_execute(statement, nullptr, error.out());
    if (message != nullptr) *message = error.str();
    turso_statement_deinit(statement);
    return status;
  }

  // The first value of the first row, if it is an INTEGER or TEXT.
  std::string first(const turso_connection_t* connection, const char* sql) {
    turso_statement_t* statement = prepare(connection, sql);
    std::string found = "no row";
    if (turso_statement_step(statement, nullptr) == TURSO_ROW) {
      std::int64_t count = turso_statement_row_value_bytes_count(statement, 0);
      if (turso_statement_row_value_kind(statement, 0) == TURSO_TYPE_INTEGER)
        found = std::to_string(turso_statement_row_value_int(statement, 0));
      else if (count >= 0)
        found.assign(turso_statement_row_value_bytes_ptr(statement, 0), static_cast<std::size_t>(count));
    }
    turso_statement_reset(statement, nullptr);
    return found;
  }

  TempDir dir_;
  std::string path_;
  std::vector<const turso_database_t*> databases_;
  std::vector<const turso_connection_t*> connections_;
  std::vector<const turso_statement_t*> statements_;
};

}  // namespace turso::test
