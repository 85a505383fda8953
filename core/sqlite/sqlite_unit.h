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

#ifdef __cplusplus
}
#endif
#endif
