/* sqlite_unit.c -- the one unit that compiles the SQLite amalgamation, and two accessors into it.
**
** Whether a failed statement was undone cannot be told by counters: `REPLACE INTO t VALUES(1,1),('abc',2)`
** fails, keeps its first row and reports 0 changes. The virtual machine knows: errorAction is what it did on
** the error, usesStmtJournal whether there was a statement journal to undo with. Capture reads both right
** after step or reset reports an error. The fields are private to SQLite, so the version is pinned.
*/
#include "sqlite3.c"

#if SQLITE_VERSION_NUMBER != 3053002
#error "errorAction and usesStmtJournal were checked for SQLite 3.53.2; check them again for this version"
#endif

#include "sqlite_unit.h"

int turso_sqlite_error_action(sqlite3_stmt* statement) { return ((Vdbe*)statement)->errorAction; }
int turso_sqlite_uses_statement_journal(sqlite3_stmt* statement) { return ((Vdbe*)statement)->usesStmtJournal; }
