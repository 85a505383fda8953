// database_fixture.hpp -- a temporary directory, a Database in it, and short ways to run SQL through it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "database/database.hpp"
#include "support/temp_dir.hpp"

namespace turso::database {

class DatabaseTest : public ::testing::Test {
 protected:
  std::shared_ptr<Database> open(const std::string& path, Database::Options options = {}) {
    options.path = path;
    auto opened = Database::open(std::move(options));
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened.has_value() ? std::move(opened).value() : nullptr;
  }

  static std::unique_ptr<Connection> connect(const std::shared_ptr<Database>& database) {
    auto connected = database->connect();
    EXPECT_TRUE(connected.has_value()) << connected.error().message;
    return connected.has_value() ? std::move(connected).value() : nullptr;
  }

  static std::unique_ptr<Statement> prepare(Connection& connection, std::string_view sql) {
    auto prepared = connection.prepare_single(sql);
    EXPECT_TRUE(prepared.has_value()) << prepared.error().message << ": " << sql;
    return prepared.has_value() ? std::move(prepared).value() : nullptr;
  }

  // Runs every statement of `sql`; the first error ends it.
  static Status exec(Connection& connection, std::string_view sql) {
    while (!sql.empty()) {
      TURSO_TRY(auto first, connection.prepare_first(sql));
      sql.remove_prefix(first.tail_index);
      if (first.statement == nullptr) break;
      for (;;) {
        TURSO_TRY(StepResult result, first.statement->step());
        if (result == StepResult::kDone) break;
      }
    }
    return ok();
  }

  static void must(Connection& connection, std::string_view sql) {
    Status status = exec(connection, sql);
    EXPECT_TRUE(status.has_value()) << status.error().message << ": " << sql;
  }

  static Value value_of(const Statement& statement, int index) {
    ByteView bytes = statement.value_bytes(index);
    switch (statement.value_type(index)) {
      case ValueType::kNull: return {};
      case ValueType::kInteger: return {statement.value_int(index)};
      case ValueType::kReal: return {statement.value_real(index)};
      case ValueType::kText: return {as_text(bytes)};
      case ValueType::kBlob: return {Bytes(bytes.begin(), bytes.end())};
    }
    return {};
  }

  // Every row as "a|b|c" of SQL literals.
  static std::vector<std::string> rows(Connection& connection, std::string_view sql) {
    std::vector<std::string> found;
    auto statement = prepare(connection, sql);
    if (statement == nullptr) return found;
    for (;;) {
      auto stepped = statement->step();
      EXPECT_TRUE(stepped.has_value()) << stepped.error().message << ": " << sql;
      if (!stepped.has_value() || stepped.value() == StepResult::kDone) return found;
      std::string row;
      for (int i = 0; i < statement->column_count(); ++i) row += (i > 0 ? "|" : "") + value_of(*statement, i).to_sql();
      found.push_back(row);
    }
  }

  test::TempDir dir_;
};

}  // namespace turso::database
