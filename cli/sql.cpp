// sql.cpp -- `turso-sync sql`: runs statements and prints their rows; `turso-sync version`.
#include <cstdio>
#include <iostream>
#include <iterator>

#include "commands.hpp"
#include "failure.hpp"
#include "output.hpp"

namespace turso::cli {

using ::turso_sync::Connection;
using ::turso_sync::Database;
using ::turso_sync::Statement;

namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::vector<std::string> names_of(const Statement& statement) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < statement.column_count(); ++i) names.push_back(statement.column_name(i));
  return names;
}

std::vector<Cell> row_of(const Statement& statement) {
  std::vector<Cell> row;
  for (std::size_t i = 0; i < statement.column_count(); ++i) row.push_back(cell_of(statement, i));
  return row;
}

void print_json(Statement& statement) {
  const std::vector<std::string> names = names_of(statement);
  while (statement.step()) {
    JsonLine line;
    for (std::size_t i = 0; i < names.size(); ++i) line.cell(names[i], cell_of(statement, i));
    print(line.finish());
  }
}

void print_table(Statement& statement) {
  Table table(names_of(statement));
  while (statement.step()) {
    table.add(row_of(statement));
    if (table.is_full()) print(table.take());
  }
  print(table.take());
}

void run_script(Connection& connection, const std::string& script, bool json) {
  std::size_t offset = 0;
  while (offset < script.size()) {
    std::size_t tail = 0;
    Statement statement = connection.prepare_first(script.c_str() + offset, &tail);
    if (!statement) return;
    offset += tail;
    if (statement.column_count() == 0) {
      statement.step();
    } else if (json) {
      print_json(statement);
    } else {
      print_table(statement);
    }
  }
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace

int sql(const SqlOptions& options) {
  return guarded([&] {
    Connection connection = Database(options.database, options.readonly).connect();
    connection.set_busy_timeout_ms(kBusyTimeoutMs);
    if (!options.capture.empty()) {
      run_script(connection, "PRAGMA capture_data_changes_conn(" + quoted(options.capture) + ")", false);
    }
    for (const std::string& script : options.statements) run_script(connection, script, options.json);
    if (options.statements.empty()) {
      const std::string script((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
      run_script(connection, script, options.json);
    }
    return kOk;
  });
}

int version() {
  return guarded([] {
    print(std::string("turso-sync ") + turso_version() + "\n");
    Connection connection = Database(":memory:").connect();
    Statement sqlite = connection.prepare("SELECT 'SQLite ' || sqlite_version() || ' ' || sqlite_source_id()");
    while (sqlite.step()) print(std::string(sqlite.bytes(0)) + "\n");
    Statement compile_options = connection.prepare("PRAGMA compile_options");
    while (compile_options.step()) print("  " + std::string(compile_options.bytes(0)) + "\n");
    return kOk;
  });
}

}  // namespace turso::cli
