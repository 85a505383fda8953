// The C++ header of an installed turso_sync. Prints "ok".
#include <cstdio>
#include <turso_sync.hpp>

int main() {
  turso_sync::Database database(":memory:");
  turso_sync::Connection connection = database.connect();
  connection.exec_script("CREATE TABLE t(v); INSERT INTO t VALUES (1), (2)");
  turso_sync::Statement count = connection.prepare("SELECT count(*) FROM t");
  std::puts(count.step() && count.integer(0) == 2 ? "ok" : "wrong");
}
