// functions.hpp -- the SQL functions of every connection.
//
//   table_columns_json_array(table)          names of a table's columns now, as a JSON array
//   bin_record_json_object(columns, record)  a log image paired with a JSON array of names, as a JSON object
//   generate_series(start, stop, step)       a table of integers (series_table.cpp)
//   uuid4_str() and others                   see uuid_functions.cpp
#pragma once

#include "base/result.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::cdc {

Status register_functions(sqlite3* db);

// Parts of register_functions().
Status register_series_table(sqlite3* db);
Status register_uuid_functions(sqlite3* db);

}  // namespace turso::cdc
