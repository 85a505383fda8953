// series_table.cpp -- generate_series(start, stop, step): integers from start to stop, both included.
//
// As in SQLite's own extension: stop is 4294967295 and step 1 when not given; a step of 0 counts as 1; a negative
// step counts down from start.
#include <cstdint>
#include <limits>
#include <memory>

#include "cdc/cdc_sql.hpp"
#include "cdc/functions.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {
namespace {

constexpr std::int64_t kDefaultStop = 0xffffffff;
enum Column { kValue, kStart, kStop, kStep };

struct Cursor {
  sqlite3_vtab_cursor base;  // first: SQLite knows the object by it
  std::int64_t start = 0;
  std::int64_t stop = 0;
  std::int64_t step = 1;
  std::int64_t value = 0;
  std::int64_t row = 0;
  bool ended = false;

  bool beyond() const { return step > 0 ? value > stop : value < stop; }
};

Cursor* cursor_of(sqlite3_vtab_cursor* base) { return reinterpret_cast<Cursor*>(base); }

int connect(sqlite3* db, void* /*aux*/, int /*count*/, const char* const* /*arguments*/, sqlite3_vtab** out,
            char** /*error*/) {
  int code = sqlite3_declare_vtab(db, sql::kDeclareSeries);
  if (code != SQLITE_OK) return code;
  *out = std::make_unique<sqlite3_vtab>().release();
  sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  std::unique_ptr<sqlite3_vtab> owned(table);
  return SQLITE_OK;
}

// The equality constraints on hidden columns become arguments in the order start, stop, step; idxNum says which.
int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
  int found[4] = {-1, -1, -1, -1};
  bool unusable = false;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn < kStart || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint.usable != 0)
      found[constraint.iColumn] = i;
    else
      unusable = true;
  }
  if (unusable) return SQLITE_CONSTRAINT;
  if (found[kStart] < 0) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("first argument to \"generate_series()\" missing or unusable");
    return SQLITE_ERROR;
  }
  int next = 0;
  for (int column = kStart; column <= kStep; ++column) {
    if (found[column] < 0) continue;
    info->aConstraintUsage[found[column]].argvIndex = ++next;
    info->aConstraintUsage[found[column]].omit = 1;
    info->idxNum |= 1 << column;
  }
  info->estimatedCost = found[kStop] >= 0 ? 2 : 2147483647;
  info->estimatedRows = 1000;
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab* /*table*/, sqlite3_vtab_cursor** out) {
  *out = &std::make_unique<Cursor>().release()->base;
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* base) {
  std::unique_ptr<Cursor> owned(cursor_of(base));
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* base, int which, const char* /*name*/, int count, sqlite3_value** arguments) {
  Cursor& cursor = *cursor_of(base);
  int at = 0;
  bool has_null = false;
  for (int i = 0; i < count; ++i) has_null |= sqlite3_value_type(arguments[i]) == SQLITE_NULL;
  auto take = [&](Column column, std::int64_t otherwise) {
    return (which & (1 << column)) != 0 ? sqlite3_value_int64(arguments[at++]) : otherwise;
  };
  cursor.start = take(kStart, 0);
  cursor.stop = take(kStop, kDefaultStop);
  cursor.step = take(kStep, 1);
  if (cursor.step == 0) cursor.step = 1;
  cursor.value = cursor.start;
  cursor.row = 1;
  cursor.ended = has_null || cursor.beyond();
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* base) {
  Cursor& cursor = *cursor_of(base);
  ++cursor.row;
  cursor.ended = __builtin_add_overflow(cursor.value, cursor.step, &cursor.value) || cursor.beyond();
  return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* base) { return cursor_of(base)->ended ? 1 : 0; }

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const Cursor& cursor = *cursor_of(base);
  const std::int64_t values[] = {cursor.value, cursor.start, cursor.stop, cursor.step};
  sqlite3_result_int64(context, values[index]);
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* base, sqlite3_int64* out) {
  *out = cursor_of(base)->row;
  return SQLITE_OK;
}

}  // namespace

Status register_series_table(sqlite3* db) {
  static const sqlite3_module kModule = [] {
    sqlite3_module m = {};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open_cursor;
    m.xClose = close_cursor;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = at_end;
    m.xColumn = column;
    m.xRowid = rowid;
    return m;
  }();
  int code = sqlite3_create_module_v2(db, "generate_series", &kModule, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite::error_of(db, code);
  return ok();
}

}  // namespace turso::cdc
