// statement_facts.hpp -- what a statement is going to do, as SQLite's authorizer tells while it is compiled.
//
// Statements are classified by these facts, never by their first word. They are collected anew whenever SQLite
// compiles the statement again by itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/sqlite_unit.h"

namespace turso::cdc {

enum class RowOperation : std::uint8_t { kInsert, kUpdate, kDelete };

enum class StatementKind : std::uint8_t {
  kRead,     // and EXPLAIN of anything
  kWrite,    // INSERT, UPDATE, DELETE
  kSchema,   // CREATE, DROP, ALTER outside temp, and direct writes to sqlite_schema
  kControl,  // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO
  kSwitch,   // PRAGMA capture_data_changes_conn with a value
  kOther,    // the other pragmas, ATTACH, VACUUM, ANALYZE, REINDEX, DDL in temp: run as they are
};

enum class Control : std::uint8_t { kNone, kBegin, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo };

// One (operation, table) pair of the program, and which trigger does it.
struct WriteFact {
  RowOperation operation;
  std::string schema;
  std::string table;
  std::string trigger;  // of by_trigger; empty for the statement itself and for foreign-key actions
  bool by_trigger;
  bool captured;  // by where it goes; which rows are captured the hook decides

  friend bool operator==(const WriteFact&, const WriteFact&) = default;
};

// A column in a SET list of the statement itself, or the child column of a foreign-key action.
struct SetFact {
  std::string schema;
  std::string table;
  std::string column;  // "ROWID" when the rowid is named as such
};

struct SchemaFact {
  int action;          // SQLITE_CREATE_TABLE, ...
  std::string schema;  // never temp
  std::string object;
  std::string table;  // of an index or trigger; of ALTER the object itself
};

struct StatementFacts {
  std::vector<WriteFact> writes;
  std::vector<SetFact> set;
  std::vector<SchemaFact> schema;
  bool touches_log = false;  // reads or writes the log, its companions or their sequence
  bool writes_log = false;

  Control control = Control::kNone;
  std::string savepoint;

  std::string pragma_name;  // empty: not a pragma; as typed
  std::string pragma_value;
  std::string pragma_schema;
  bool pragma_sets = false;

  bool runs_as_it_is = false;  // ANALYZE, ATTACH, DETACH, and REINDEX by itself
  bool reindexes = false;      // CREATE INDEX says it too
  bool is_explain = false;
  bool is_readonly = true;
  std::uint64_t generation = 0;  // of the capture state that the statement was prepared for
  int reprepares_seen = 0;

  // Forgets what the program does, before it is compiled again.
  void restart();

  StatementKind kind() const;
  bool captures_writes() const;  // any write of the program goes to a captured table
  bool has_schema_action(int action) const;
};

bool is_capture_pragma(std::string_view name);

// Notes one authorizer call. `captured` says whether rows of (schema, table) are, `is_log` whether it is bookkeeping.
struct AuthorizerCall {
  int action;
  std::string_view first;
  std::string_view second;
  bool has_second;
  std::string_view schema;
  std::string_view trigger;
  bool has_trigger;

  AuthorizerCall(int action_in, const char* first_in, const char* second_in, const char* schema_in,
                 const char* trigger_in);

  bool is_row_write() const;
  bool is_schema_change() const;  // outside temp
};

void note(StatementFacts& facts, const AuthorizerCall& call, bool captured, bool is_log);

}  // namespace turso::cdc
