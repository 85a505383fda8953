// flush_tables.hpp -- the eponymous tables of a capturing connection.
//
//   sqlite_turso_cdc_rows         the arena's rows that are not flushed, as columns of the log
//   sqlite_turso_cdc_mark_ranges  the marks of the same rows, as turso_cdc_marks has them
//   pragma_capture_data_changes_conn, pragma_unstable_capture_data_changes_conn   mode, table, version
//
// The first two are for the flush only and answer anybody else with an error. No user can create a table of a
// name that begins with sqlite_, so nothing can stand in for them.
#pragma once

#include "base/result.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::cdc {

class Capture;

class FlushTables {
 public:
  static Status install(sqlite3* db, Capture* capture);

 private:
  struct Table;
  struct Cursor;
  struct RowsCursor;
  struct RangesCursor;
  struct StateCursor;
  template <typename CursorType>
  static const sqlite3_module* module();
};

}  // namespace turso::cdc
