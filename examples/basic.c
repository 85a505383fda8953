/* A database that remembers each change. cc basic.c $(pkg-config --cflags --libs turso_sync) && ./a.out */
#include <stdio.h>
#include <turso.h>

static turso_connection_t* db;

static void run(const char* sql) { /* and prints the rows */
  const char* error = NULL;
  turso_statement_t* statement = NULL;
  turso_status_code_t status = turso_connection_prepare_single(db, sql, &statement, &error);
  if (status == TURSO_OK) status = turso_statement_step(statement, &error);
  for (; status == TURSO_ROW; status = turso_statement_step(statement, &error), puts(""))
    for (size_t i = 0; i < (size_t)turso_statement_column_count(statement); ++i)
      if (turso_statement_row_value_kind(statement, i) == TURSO_TYPE_INTEGER)
        printf("%lld ", (long long)turso_statement_row_value_int(statement, i));
      else if (turso_statement_row_value_kind(statement, i) == TURSO_TYPE_TEXT)
        printf("%.*s ", (int)turso_statement_row_value_bytes_count(statement, i),
               turso_statement_row_value_bytes_ptr(statement, i));
  if (status != TURSO_DONE) printf("%s: %s\n", sql, error);
  turso_str_deinit(error), turso_statement_deinit(statement);
}

int main(void) {
  const turso_database_t* database = NULL;
  turso_database_config_t config = {.path = "basic.db"};
  if (turso_database_new(&config, &database, NULL) || turso_database_open(database, NULL)) return 1;
  if (turso_database_connect(database, &db, NULL)) return 1;
  run("PRAGMA capture_data_changes_conn('full')");
  run("CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, body TEXT)");
  run("INSERT INTO notes(body) VALUES ('written in C')");
  run("SELECT change_id, change_type, table_name, id, bin_record_json_object("
      "table_columns_json_array('notes'), after) FROM turso_cdc WHERE table_name = 'notes'");
  turso_connection_deinit(db), turso_database_deinit(database);
}
