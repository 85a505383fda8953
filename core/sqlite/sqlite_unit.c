/* sqlite_unit.c -- the one unit that compiles the SQLite amalgamation, and the accessors into it.
**
** Whether a failed statement was undone cannot be told by counters: `REPLACE INTO t VALUES(1,1),('abc',2)`
** fails, keeps its first row and reports 0 changes. The virtual machine knows: errorAction is what it did on
** the error, usesStmtJournal whether there was a statement journal to undo with. Capture reads both right
** after step or reset reports an error.
**
** The capture hook may run no SQL, but must know the table that changes: affinities, generated columns, the key.
** The preupdate hook's own Table object says it, of exactly the schema that the statement was compiled for. The
** authorizer must tell the user's statement from what a virtual table compiles for itself: the Parse object knows.
** And a flush of the log must leave the user's change counters as they were.
**
** All of this is private to SQLite, so the version is pinned.
*/
#include "sqlite3.c"

#if SQLITE_VERSION_NUMBER != 3053002
#error "errorAction and usesStmtJournal were checked for SQLite 3.53.2; check them again for this version"
#endif

#include "sqlite_unit.h"

int turso_sqlite_error_action(sqlite3_stmt* statement) { return ((Vdbe*)statement)->errorAction; }
int turso_sqlite_uses_statement_journal(sqlite3_stmt* statement) { return ((Vdbe*)statement)->usesStmtJournal; }

enum turso_sqlite_kind turso_sqlite_kind_of(sqlite3* db, const turso_sqlite_table* handle) {
  const Table* table = (const Table*)handle;
  if (table == 0) return TURSO_SQLITE_NONE;
  if (IsView(table)) return TURSO_SQLITE_VIEW;
  if (IsVirtual(table)) return TURSO_SQLITE_VIRTUAL;
  if ((table->tabFlags & TF_Shadow) != 0 || sqlite3ShadowTableName(db, table->zName)) return TURSO_SQLITE_SHADOW;
  return TURSO_SQLITE_TABLE;
}

enum turso_sqlite_kind turso_sqlite_table_kind(sqlite3* db, const char* schema, const char* name) {
  return turso_sqlite_kind_of(db, (const turso_sqlite_table*)sqlite3FindTable(db, name, schema));
}

const char* turso_sqlite_module_argument(sqlite3* db, const char* schema, const char* name, int index) {
  const Table* table = sqlite3FindTable(db, name, schema);
  if (table == 0 || !IsVirtual(table) || index >= table->u.vtab.nArg) return 0;
  return table->u.vtab.azArg[index];
}

int turso_sqlite_is_plain_trigger(sqlite3* db, const char* name) {
  const Trigger* trigger = sqlite3HashFind(&db->aDb[0].pSchema->trigHash, name);
  const Table* table = trigger != 0 ? sqlite3FindTable(db, trigger->table, "main") : 0;
  if (table == 0 || !IsOrdinaryTable(table) || db->aDb[1].pSchema == 0) return table != 0 && IsOrdinaryTable(table);
  return sqlite3HashFind(&db->aDb[1].pSchema->trigHash, name) == 0;
}

int turso_sqlite_rowid_alias(sqlite3* db, const char* schema, const char* name) {
  const Table* table = sqlite3FindTable(db, name, schema);
  return table == 0 || !HasRowid(table) ? -1 : table->iPKey;
}

const turso_sqlite_table* turso_sqlite_preupdate_table(sqlite3* db) {
  return db->pPreUpdate != 0 ? (const turso_sqlite_table*)db->pPreUpdate->pTab : 0;
}

const char* turso_sqlite_table_name(const turso_sqlite_table* table) { return ((const Table*)table)->zName; }

int turso_sqlite_column_count(const turso_sqlite_table* table) { return ((const Table*)table)->nCol; }

static int has_actions(const FKey* key) { return key->aAction[0] != OE_None || key->aAction[1] != OE_None; }

struct turso_sqlite_column turso_sqlite_column_at(const turso_sqlite_table* handle, int index) {
  const Table* table = (const Table*)handle;
  const Column* column = &table->aCol[index];
  const FKey* key;
  int i;
  struct turso_sqlite_column out;
  out.name = column->zCnName;
  out.is_real = column->affinity == SQLITE_AFF_REAL;
  out.is_virtual = (column->colFlags & COLFLAG_VIRTUAL) != 0;
  out.is_stored_generated = (column->colFlags & COLFLAG_STORED) != 0;
  out.is_rowid = index == table->iPKey;
  out.is_self_reference = 0;
  for (key = table->u.tab.pFKey; key != 0; key = key->pNextFrom) {
    if (!has_actions(key) || sqlite3StrICmp(key->zTo, table->zName) != 0) continue;
    for (i = 0; i < key->nCol; i++) out.is_self_reference |= key->aCol[i].iFrom == index;
  }
  return out;
}

int turso_sqlite_has_foreign_key_actions(const turso_sqlite_table* table) {
  const FKey* key;
  for (key = ((const Table*)table)->u.tab.pFKey; key != 0; key = key->pNextFrom) {
    if (has_actions(key)) return 1;
  }
  return 0;
}

int turso_sqlite_without_rowid(const turso_sqlite_table* table) { return !HasRowid((const Table*)table); }

int turso_sqlite_key_count(const turso_sqlite_table* table) { return sqlite3PrimaryKeyIndex((Table*)table)->nKeyCol; }

int turso_sqlite_key_column(const turso_sqlite_table* table, int index) {
  return sqlite3PrimaryKeyIndex((Table*)table)->aiColumn[index];
}

static const Parse* top_parse(sqlite3* db) {
  const Parse* parse = db->pParse;
  return parse != 0 && parse->pToplevel != 0 ? parse->pToplevel : parse;
}

sqlite3_stmt* turso_sqlite_reprepared(sqlite3* db) {
  const Parse* parse = top_parse(db);
  return parse != 0 ? (sqlite3_stmt*)parse->pReprepare : 0;
}

int turso_sqlite_is_outermost_parse(sqlite3* db) {
  const Parse* parse = top_parse(db);
  return parse != 0 && parse->pOuterParse == 0;
}

void turso_sqlite_set_changes(sqlite3* db, sqlite3_int64 changes, sqlite3_int64 total_changes) {
  db->nChange = changes;
  db->nTotalChange = total_changes;
}
