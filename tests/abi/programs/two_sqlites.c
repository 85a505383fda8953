/* two_sqlites.c -- our library and another SQLite in one process, each on a file of its own, both at work at once.
** usage: two_sqlites DIRECTORY; prints "ok", or what went wrong. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turso.h"

static void require(int condition, const char* what) {
  if (condition) return;
  printf("%s\n", what);
  exit(1);
}

static void ours(const turso_connection_t* connection, const char* sql) {
  turso_statement_t* statement = NULL;
  require(turso_connection_prepare_single(connection, sql, &statement, NULL) == TURSO_OK, sql);
  require(turso_statement_execute(statement, NULL, NULL) == TURSO_DONE, sql);
  turso_statement_deinit(statement);
}

int main(int argc, char** argv) {
  char our_path[512], their_path[512];
  turso_database_config_t config;
  const turso_database_t* database = NULL;
  turso_connection_t* connection = NULL;
  turso_statement_t* version = NULL;
  sqlite3* theirs = NULL;
  int i;
  if (argc != 2) return 2;
  snprintf(our_path, sizeof(our_path), "%s/ours.db", argv[1]);
  snprintf(their_path, sizeof(their_path), "%s/theirs.db", argv[1]);
  memset(&config, 0, sizeof(config));
  config.path = our_path;
  require(turso_database_new(&config, &database, NULL) == TURSO_OK, "new");
  require(turso_database_open(database, NULL) == TURSO_OK, "open");
  require(turso_database_connect(database, &connection, NULL) == TURSO_OK, "connect");
  require(sqlite3_open(their_path, &theirs) == SQLITE_OK, "sqlite3_open");
  ours(connection, "CREATE TABLE t(v)");
  require(sqlite3_exec(theirs, "CREATE TABLE t(v)", NULL, NULL, NULL) == SQLITE_OK, "their table");
  for (i = 0; i < 100; ++i) {
    ours(connection, "INSERT INTO t VALUES (random())");
    require(sqlite3_exec(theirs, "INSERT INTO t VALUES (random())", NULL, NULL, NULL) == SQLITE_OK, "their insert");
  }
  require(turso_connection_prepare_single(connection, "SELECT sqlite_version()", &version, NULL) == TURSO_OK,
          "version");
  require(turso_statement_step(version, NULL) == TURSO_ROW, "version row");
  require(strncmp(turso_statement_row_value_bytes_ptr(version, 0), sqlite3_libversion(), 6) != 0,
          "both run the same SQLite: this test needs another one");
  turso_statement_deinit(version);
  require(sqlite3_close(theirs) == SQLITE_OK, "their close");
  turso_connection_deinit(connection);
  turso_database_deinit(database);
  printf("ok\n");
  return 0;
}
