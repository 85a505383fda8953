// log_table.hpp -- the log itself: capture mode, layout, creation, and which change id comes next.
//
// LAYOUT  v2: change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time, change_txn_id, change_type, table_name, id,
//             before, after, updates; v1 the same without change_txn_id, and without COMMIT records. Which one a table
//             has its columns decide; turso_cdc_version(table_name, version) must agree or is made to.
// IDS     never come again. The next one is above the log, its sqlite_sequence row and, on a replica, the marks of
//         turso_sync_meta. It is read under the write lock, at the first flush of a transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {

enum class Mode : std::uint8_t { kOff, kId, kBefore, kAfter, kFull };
enum class Layout : std::uint8_t { kV1, kV2 };

// What PRAGMA capture_data_changes_conn sets; transactional.
struct CaptureState {
  Mode mode = Mode::kOff;
  std::string given;  // the name as the user wrote it
  std::string table;  // as the schema spells it
  Layout layout = Layout::kV2;

  bool on() const { return mode != Mode::kOff; }
  bool keeps_before() const { return mode == Mode::kBefore || mode == Mode::kFull; }
  bool keeps_after() const { return mode == Mode::kAfter || mode == Mode::kFull; }
  bool keeps_updates() const { return mode == Mode::kFull; }
  // turso_cdc_marks and turso_cdc_schema speak of the default log only: ids of other logs would mean other rows.
  bool has_companions() const;

  friend bool operator==(const CaptureState&, const CaptureState&) = default;
};

std::string_view mode_name(Mode mode);
std::string_view layout_name(Layout layout);

// "<mode>" or "<mode>,<table>", split at the first comma, nothing trimmed. Off ignores the table.
struct SwitchRequest {
  Mode mode = Mode::kOff;
  std::string table;
};
Result<SwitchRequest> parse_switch(std::string_view value);

// Creates the log and its version row where they are missing, checks them where they are not. In a transaction.
Result<CaptureState> prepare_log(sqlite::Connection& connection, const SwitchRequest& request);

// The highest id known: see IDS. ?1 is the name of the log.
std::string last_id_sql(sqlite3* db, const std::string& table);

// The id above what `last_id` gives, which is of last_id_sql(). kFull when there is none left.
Result<std::int64_t> read_next_id(sqlite::Statement& last_id, const std::string& table);

// Whether turso_cdc_version names `table` as a log.
Result<bool> is_log_table(sqlite::Connection& connection, std::string_view table);

// After a log was dropped or renamed: SQLite took its sequence away, and ids must go on above it.
Status keep_sequence(sqlite::Connection& connection, const std::string& table, std::int64_t last_id);
Status forget_version(sqlite::Connection& connection, std::string_view table);

// INSERT INTO the log SELECT from the eponymous table over the arena, for this layout.
std::string insert_rows_sql(const CaptureState& state);

}  // namespace turso::cdc
