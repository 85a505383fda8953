/* sqlite_unit.h -- SQLite's public header under our names, and what sqlite_unit.c adds to it. */
#ifndef TURSO_SQLITE_UNIT_H
#define TURSO_SQLITE_UNIT_H

#include "sqlite3.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the virtual machine did when the statement failed: 1 rollback, 2 abort, 3 fail, 4 ignore, 5 replace;
** 0 when the program had ended well. Ask between sqlite3_step and sqlite3_reset: reset forgets it. */
int turso_sqlite_error_action(sqlite3_stmt* statement);

/* Whether the statement ran under a statement journal, so that an abort undid its own changes. */
int turso_sqlite_uses_statement_journal(sqlite3_stmt* statement);

/* What a name means in the schema that is loaded (no SQL runs; the file is not looked at again). */
enum turso_sqlite_kind {
  TURSO_SQLITE_NONE,
  TURSO_SQLITE_TABLE,
  TURSO_SQLITE_VIEW,
  TURSO_SQLITE_VIRTUAL, /* and the shadow tables of its module follow */
  TURSO_SQLITE_SHADOW
};
enum turso_sqlite_kind turso_sqlite_table_kind(sqlite3* db, const char* schema, const char* table);

/* Argument `index` of CREATE VIRTUAL TABLE: 0 is the module, from 3 on as written; NULL past the end. */
const char* turso_sqlite_module_argument(sqlite3* db, const char* schema, const char* table, int index);

/* Whether `name` is a BEFORE or AFTER trigger of a table of main, and temp has no trigger of that name. */
int turso_sqlite_is_plain_trigger(sqlite3* db, const char* name);

/* Index of the column that is the rowid; -1 when there is none. */
int turso_sqlite_rowid_alias(sqlite3* db, const char* schema, const char* table);

/* Inside the preupdate hook: the table that changes. Lives while its statement runs. NULL elsewhere. */
typedef struct turso_sqlite_table turso_sqlite_table;
const turso_sqlite_table* turso_sqlite_preupdate_table(sqlite3* db);
struct turso_sqlite_column {
  const char* name;
  int is_real;             /* REAL affinity: the hook may give an integer for a real */
  int is_virtual;          /* generated, not stored */
  int is_stored_generated; /* generated and stored */
  int is_rowid;            /* INTEGER PRIMARY KEY */
  int is_self_reference;   /* child column of a foreign key with actions to the same table */
};
enum turso_sqlite_kind turso_sqlite_kind_of(sqlite3* db, const turso_sqlite_table* table);
const char* turso_sqlite_table_name(const turso_sqlite_table* table); /* as the catalog spells it */
int turso_sqlite_column_count(const turso_sqlite_table* table);
struct turso_sqlite_column turso_sqlite_column_at(const turso_sqlite_table* table, int index);
int turso_sqlite_has_foreign_key_actions(const turso_sqlite_table* table); /* as the child */
int turso_sqlite_without_rowid(const turso_sqlite_table* table);
int turso_sqlite_key_count(const turso_sqlite_table* table);             /* of a WITHOUT ROWID table */
int turso_sqlite_key_column(const turso_sqlite_table* table, int index); /* in key order */

/* Inside the authorizer: the statement that is being prepared again by itself (NULL for a new one), and whether
** the text that is being compiled is the outermost one, not SQL that a virtual table runs for itself. */
sqlite3_stmt* turso_sqlite_reprepared(sqlite3* db);
int turso_sqlite_is_outermost_parse(sqlite3* db);

/* The counters that sqlite3_changes64 and sqlite3_total_changes64 give. */
void turso_sqlite_set_changes(sqlite3* db, sqlite3_int64 changes, sqlite3_int64 total_changes);

#ifdef __cplusplus
}
#endif
#endif
