// statement_cache.hpp -- prepared statements of a replay by their text: pending changes of one table differ in values.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "sqlite/connection.hpp"

namespace turso::sync {

class StatementCache {
 public:
  explicit StatementCache(sqlite::Connection& connection) : connection_(&connection) {}

  Status run(std::string_view sql, const std::vector<Value>& args = {}) {
    auto found = statements_.find(std::string(sql));
    if (found == statements_.end()) {
      if (statements_.size() >= kStatementsMax) statements_.clear();
      TURSO_TRY(auto prepared, connection_->prepare(sql, SQLITE_PREPARE_PERSISTENT));
      found = statements_.emplace(std::string(sql), std::move(prepared)).first;
    }
    sqlite::Statement& statement = found->second;
    for (std::size_t i = 0; i < args.size(); ++i) TURSO_CHECK(statement.bind(static_cast<int>(i) + 1, args[i]));
    return statement.run();
  }

  void clear() { statements_.clear(); }

 private:
  // Tables times kinds of change of a usual log; more are prepared again.
  static constexpr std::size_t kStatementsMax = 64;

  sqlite::Connection* connection_;
  std::unordered_map<std::string, sqlite::Statement> statements_;
};

}  // namespace turso::sync
