#include "log/tape.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "cdc/record.hpp"
#include "log/log_sql.hpp"

namespace turso::log {
namespace {

// Positions in the statement that Tape::open prepares.
enum Position : int { kChangeId, kChangeTime, kChangeType, kTableName, kRowId, kBefore, kAfter, kUpdates, kTxnId };

Error damage(std::int64_t change_id, std::string_view what) {
  Error error(ErrorKind::kCorrupt, concat("change ", change_id, " of the log: ", what));
  auto subject = std::make_shared<ErrorSubject>();
  subject->change_id = change_id;
  error.subject = std::move(subject);
  return error;
}

Result<std::optional<Image>> read_image(const sqlite::Statement& row, int position, std::int64_t change_id,
                                        std::string_view name) {
  if (row.column_is_null(position)) return std::optional<Image>();
  if (sqlite3_column_type(row.handle(), position) != SQLITE_BLOB) {
    return damage(change_id, concat(name, " is no record"));
  }
  auto image = cdc::decode_record(row.column_blob(position));
  if (!image.has_value()) return damage(change_id, concat(name, ": ", image.error().message));
  return std::optional<Image>(std::move(image).value());
}

Result<std::optional<Updates>> read_updates(const sqlite::Statement& row, std::int64_t change_id) {
  TURSO_TRY(auto record, read_image(row, kUpdates, change_id, "updates"));
  if (!record.has_value()) return std::optional<Updates>();
  if (record->size() % 2 != 0)
    return damage(change_id, concat("updates holds ", record->size(), " values, expected pairs"));
  const std::size_t width = record->size() / 2;
  Updates updates;
  updates.flags.reserve(width);
  updates.values.reserve(width);
  for (std::size_t i = 0; i < width; ++i) {
    const Value& flag = (*record)[i];
    if (flag.type() != ValueType::kInteger || (flag.integer() != 0 && flag.integer() != 1)) {
      return damage(change_id, concat("updates: flag ", i, " is ", flag.to_sql(), ", expected 0 or 1"));
    }
    updates.flags.push_back(flag.integer() == 1);
    updates.values.push_back(std::move((*record)[width + i]));
  }
  return std::optional<Updates>(std::move(updates));
}

// A NULL change_type is a COMMIT record iff every other column of a change is NULL too.
Result<ChangeType> read_type(const sqlite::Statement& row, std::int64_t change_id) {
  if (row.column_is_null(kChangeType)) {
    for (int position : {kTableName, kRowId, kBefore, kAfter, kUpdates}) {
      if (!row.column_is_null(position)) return damage(change_id, "change_type is NULL, expected -1, 0, 1 or 2");
    }
    return ChangeType::kCommit;
  }
  const std::int64_t type = row.column_int(kChangeType);
  if (sqlite3_column_type(row.handle(), kChangeType) != SQLITE_INTEGER || type < -1 || type > 2) {
    return damage(change_id, concat("change_type is ", row.column(kChangeType).to_sql(), ", expected -1, 0, 1 or 2"));
  }
  return static_cast<ChangeType>(type);
}

Status check_images(const Change& change) {
  const bool needs_before = change.type == ChangeType::kDelete || change.type == ChangeType::kUpdate;
  const bool needs_after = change.type == ChangeType::kInsert || change.type == ChangeType::kUpdate;
  if (needs_before && !change.before.has_value())
    return damage(change.change_id, "before is missing, capture it in mode 'full'");
  if (needs_after && !change.after.has_value())
    return damage(change.change_id, "after is missing, capture it in mode 'full'");
  return ok();
}

Result<Change> read_change(const sqlite::Statement& row) {
  Change change;
  change.change_id = row.column_int(kChangeId);
  TURSO_TRY(change.type, read_type(row, change.change_id));
  change.change_time = row.column_int(kChangeTime);
  if (!row.column_is_null(kTxnId)) change.txn_id = row.column_int(kTxnId);
  if (change.is_commit()) return change;
  if (sqlite3_column_type(row.handle(), kTableName) != SQLITE_TEXT)
    return damage(change.change_id, "table_name is missing");
  change.table = row.column_text(kTableName);
  change.id = row.column(kRowId);
  TURSO_TRY(change.before, read_image(row, kBefore, change.change_id, "before"));
  TURSO_TRY(change.after, read_image(row, kAfter, change.change_id, "after"));
  TURSO_TRY(change.updates, read_updates(row, change.change_id));
  TURSO_CHECK(check_images(change));
  return change;
}

std::size_t row_bytes(const sqlite::Statement& row) {
  std::size_t bytes = sizeof(Change);
  for (int position : {kBefore, kAfter, kUpdates})
    bytes += static_cast<std::size_t>(sqlite3_column_bytes(row.handle(), position));
  return bytes;
}

}  // namespace

Result<Tape> Tape::open(sqlite::Connection& connection, TapeRange range, std::string_view log_table) {
  constexpr std::array<std::string_view, 8> kNeeded = {"change_id", "change_time", "change_type", "table_name",
                                                       "id",        "before",      "after",       "updates"};
  Tape tape(connection, range);
  TURSO_TRY(auto names, connection.prepare(sql::kColumnNames));
  TURSO_CHECK(names.bind_text(1, log_table));
  std::vector<std::string> columns;
  for (;;) {
    TURSO_TRY(bool row, names.step());
    if (!row) break;
    columns.push_back(to_lower(names.column_text(0)));
  }
  auto has = [&](std::string_view name) { return std::find(columns.begin(), columns.end(), name) != columns.end(); };
  if (columns.empty()) {
    tape.exhausted_ = true;
    return tape;
  }
  for (std::string_view name : kNeeded) {
    if (!has(name))
      return Error{ErrorKind::kSchema, concat("table ", log_table, " is no change log: it has no column ", name)};
  }
  tape.has_transactions_ = has(sql::kReadRowsTransactionId);
  std::string text =
      concat(sql::kReadRowsHead, tape.has_transactions_ ? sql::kReadRowsTransactionId : sql::kReadRowsNoTransactionId,
             sql::kReadRowsFrom, sqlite::identifier(log_table), sql::kReadRowsTail);
  TURSO_TRY(tape.read_, connection.prepare(text, SQLITE_PREPARE_PERSISTENT));
  tape.last_read_ = range.after;
  return tape;
}

Status Tape::refill() {
  TURSO_CHECK(read_.bind_int(1, last_read_));
  TURSO_CHECK(read_.bind_int(2, range_.upto));
  std::size_t bytes = 0;
  while (bytes < limits::kTapeChunkBytes) {
    TURSO_TRY(bool row, read_.step());
    if (!row) {
      exhausted_ = true;
      break;
    }
    bytes += row_bytes(read_);
    auto change = read_change(read_);
    if (!change.has_value()) {
      read_.reset();
      return std::move(change).error();
    }
    last_read_ = change->change_id;
    buffer_.push_back(std::move(change).value());
  }
  read_.reset();
  return ok();
}

Result<std::optional<TapeItem>> Tape::next() {
  if (buffer_.empty() && !exhausted_) TURSO_CHECK(refill());
  if (buffer_.empty() || (open_.has_value() && buffer_.front().txn_id != open_txn_id_)) {
    return end_transaction();  // no COMMIT record: the data or the group ends here
  }
  Change change = std::move(buffer_.front());
  buffer_.pop_front();
  if (!open_.has_value()) {
    open_ = TransactionEnd{change.change_id, change.change_id, 0};
    open_txn_id_ = change.txn_id;
  }
  open_->last_change_id = change.change_id;
  if (change.is_commit()) {
    // A v1 log has no COMMIT records of its own; one that is there ends a transaction all the same.
    return end_transaction();
  }
  ++open_->change_count;
  return std::optional<TapeItem>(std::move(change));
}

std::optional<TapeItem> Tape::end_transaction() {
  if (!open_.has_value()) return std::nullopt;
  TransactionEnd end = *open_;
  open_.reset();
  return TapeItem(end);
}

}  // namespace turso::log
