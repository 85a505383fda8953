/* end_to_end.c -- the C ABI from C: a database with every type of value, and a sync database whose network is played
** here. usage: end_to_end DIRECTORY; prints "ok", or what went wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turso_cdc.h"

static void require(int condition, const char* what, const char* message) {
  if (condition) return;
  printf("%s: %s\n", what, message != NULL ? message : "no text");
  exit(1);
}

static void run(const turso_connection_t* connection, const char* sql) {
  const char* error = NULL;
  size_t tail = 0;
  for (; *sql != '\0'; sql += tail) {
    turso_statement_t* statement = NULL;
    turso_status_code_t status = turso_connection_prepare_first(connection, sql, &statement, &tail, &error);
    require(status == TURSO_OK, sql, error);
    if (statement == NULL) break;
    status = turso_statement_execute(statement, NULL, &error);
    require(status == TURSO_DONE, sql, error);
    turso_statement_deinit(statement);
  }
}

static void plain(const char* directory) {
  char path[512];
  const char* error = NULL;
  turso_database_config_t config;
  const turso_database_t* database = NULL;
  turso_connection_t* connection = NULL;
  turso_statement_t* select = NULL;
  snprintf(path, sizeof(path), "%s/plain.db", directory);
  memset(&config, 0, sizeof(config));
  config.path = path;
  require(turso_database_new(&config, &database, &error) == TURSO_OK, "new", error);
  require(turso_database_open(database, &error) == TURSO_OK, "open", error);
  require(turso_database_connect(database, &connection, &error) == TURSO_OK, "connect", error);
  run(connection, "CREATE TABLE t(i INTEGER, r REAL, s TEXT, b BLOB); INSERT INTO t VALUES (1, 2.5, 'drei', x'04')");
  require(
      turso_connection_prepare_single(connection, "SELECT i, r, s, b FROM t WHERE i = ?", &select, &error) == TURSO_OK,
      "prepare", error);
  require(turso_statement_bind_positional_int(select, 1, 1) == TURSO_OK, "bind", NULL);
  require(turso_statement_step(select, &error) == TURSO_ROW, "step", error);
  require(turso_statement_row_value_int(select, 0) == 1, "integer", NULL);
  require(turso_statement_row_value_double(select, 1) == 2.5, "real", NULL);
  require(turso_statement_row_value_bytes_count(select, 2) == 4, "text", NULL);
  require(memcmp(turso_statement_row_value_bytes_ptr(select, 3), "\x04", 1) == 0, "blob", NULL);
  require(turso_statement_step(select, &error) == TURSO_DONE, "done", error);
  turso_statement_deinit(select);
  require(turso_connection_close(connection, &error) == TURSO_OK, "close", error);
  turso_connection_deinit(connection);
  turso_database_deinit(database);
}

/* Resumes to the end; every request is answered with `status` and no body. */
static turso_status_code_t finish(const turso_sync_database_t* database, const turso_sync_operation_t* operation,
                                  int status, const char** error) {
  for (;;) {
    const turso_sync_io_item_t* item = NULL;
    turso_status_code_t result = turso_sync_operation_resume(operation, error);
    if (result != TURSO_IO) return result;
    while (turso_sync_database_io_take_item(database, &item, NULL) == TURSO_OK && item != NULL) {
      turso_sync_database_io_status(item, status);
      turso_sync_database_io_done(item);
      turso_sync_database_io_item_deinit(item);
    }
    turso_sync_database_io_step_callbacks(database, NULL);
  }
}

static void synced(const char* directory) {
  char path[512];
  const char* error = NULL;
  turso_database_config_t config;
  turso_sync_database_config_t sync;
  const turso_sync_database_t* database = NULL;
  const turso_sync_operation_t* operation = NULL;
  const turso_connection_t* connection = NULL;
  turso_sync_stats_t stats;
  turso_cdc_error_t failure;
  snprintf(path, sizeof(path), "%s/replica.db", directory);
  memset(&config, 0, sizeof(config));
  memset(&sync, 0, sizeof(sync));
  config.path = path;
  sync.path = path;
  sync.client_name = "c";
  sync.remote_url = "http://127.0.0.1:1";
  require(turso_sync_database_new(&config, &sync, &database, &error) == TURSO_OK, "sync new", error);
  require(turso_sync_database_create(database, &operation, &error) == TURSO_OK, "create", error);
  require(finish(database, operation, 500, &error) == TURSO_DONE, "create runs", error);
  turso_sync_operation_deinit(operation);
  require(turso_sync_database_connect(database, &operation, &error) == TURSO_OK, "connect", error);
  require(finish(database, operation, 500, &error) == TURSO_DONE, "connect runs", error);
  require(turso_sync_operation_result_extract_connection(operation, &connection) == TURSO_OK, "extract", NULL);
  turso_sync_operation_deinit(operation);
  run(connection, "CREATE TABLE t(v); INSERT INTO t VALUES (1)");

  require(turso_sync_database_wait_changes(database, &operation, &error) == TURSO_OK, "wait", error);
  require(finish(database, operation, 503, &error) == TURSO_ERROR, "wait fails", error);
  turso_str_deinit(error);
  error = NULL;
  memset(&failure, 0, sizeof(failure));
  failure.struct_size = sizeof(failure);
  require(turso_cdc_operation_error(operation, &failure) == TURSO_OK, "error", NULL);
  require(failure.http_status == 503 && failure.retryable == 1, "kind", failure.message);
  turso_cdc_error_deinit(&failure);
  turso_sync_operation_deinit(operation);

  require(turso_sync_database_stats(database, &operation, &error) == TURSO_OK, "stats", error);
  require(finish(database, operation, 500, &error) == TURSO_DONE, "stats run", error);
  require(turso_sync_operation_result_extract_stats(operation, &stats) == TURSO_OK, "extract stats", NULL);
  require(stats.last_pull_unix_time == 0 && stats.revision.len == 0, "never pulled", NULL);
  turso_sync_operation_deinit(operation);
  turso_connection_deinit(connection);
  turso_sync_database_deinit(database);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  plain(argv[1]);
  synced(argv[1]);
  printf("ok\n");
  return 0;
}
