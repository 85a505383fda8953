// scripted_server.hpp -- a server that runs pipeline batches on a plain SQLite database: conditions, step errors and
// answers as the protocol has them, no more. A transaction left open at the end of a request is rolled back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sqlite/connection.hpp"
#include "wire/pipeline.hpp"

namespace turso::test {

class ScriptedServer {
 public:
  explicit ScriptedServer(const std::string& path);

  sqlite::Connection& connection() { return connection_; }

  std::string handle(std::string_view request);

  // The SQL of every step of the last request, in order.
  std::vector<std::string> last_steps;
  int requests = 0;

 private:
  bool holds(const wire::Condition& condition, const wire::BatchResult& so_far) const;
  wire::BatchResult run(const wire::Batch& batch);
  void run_step(const wire::SqlStatement& statement, wire::BatchResult& result);

  sqlite::Connection connection_;
};

}  // namespace turso::test
