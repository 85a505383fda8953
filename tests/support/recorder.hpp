// recorder.hpp -- a replica's file for tests of the readers of its log: transactions run on a connection of the
// library, so that the log is what capture writes; everything else on a plain connection beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "database/database.hpp"
#include "sqlite/connection.hpp"

namespace turso::test {

class Recorder {
 public:
  explicit Recorder(std::string path);

  sqlite::Connection& connection() { return connection_; }

  // One user transaction of these statements. A statement that fails rolls everything back.
  Status transaction(const std::vector<std::string>& statements);

  // One statement in a transaction of its own, or one that may not stand in one.
  Status exec(const std::string& statement);

  // A lone COMMIT record: a statement that changes nothing. Needs a table of the user.
  void lone_commit();

  std::int64_t last_change_id();  // 0: none is in the log
  std::int64_t log_rows();

 private:
  Status open();

  std::string path_;
  sqlite::Connection connection_;
  std::shared_ptr<database::Database> database_;  // opened at the first write: the file is a replica by then
  std::unique_ptr<database::Connection> captured_;
};

}  // namespace turso::test
