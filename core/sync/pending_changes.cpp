#include "sync/pending_changes.hpp"

#include <utility>

#include "base/text.hpp"
#include "cdc/names.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {

Result<PendingChanges> PendingChanges::open(sqlite::Connection& connection, log::TapeRange range) {
  TURSO_TRY(auto tape, log::Tape::open(connection, range));
  return PendingChanges(connection, std::move(tape));
}

Result<std::optional<log::TapeItem>> PendingChanges::take() {
  if (ahead_.has_value()) return std::exchange(ahead_, std::nullopt);
  return tape_.next();
}

Result<bool> PendingChanges::is_key_change(const log::Change& deleted, const log::Change& inserted) {
  // The marks table is made when it is first needed, so it may appear at any time.
  if (!has_marks_) {
    TURSO_TRY(has_marks_, sqlite::has_object(*connection_, "table", cdc::kMarksTable));
  }
  if (!has_marks_) return false;
  TURSO_TRY(std::int64_t through, connection_->query_int(sql::kKeyChangeThrough, Value(deleted.change_id)));
  return through >= inserted.change_id;
}

Result<std::optional<PendingItem>> PendingChanges::next() {
  for (;;) {
    TURSO_TRY(auto item, take());
    if (!item.has_value()) return std::optional<PendingItem>();
    if (const auto* end = std::get_if<log::TransactionEnd>(&*item)) return std::optional<PendingItem>(*end);
    PendingChange pending;
    pending.change = std::get<log::Change>(std::move(*item));
    if (pending.change.is_schema()) {
      TURSO_TRY(pending.schema, generate_schema_change(pending.change));
      if (pending.schema->kind == SchemaStatement::Kind::kNone) continue;
      return std::optional<PendingItem>(std::move(pending));
    }
    if (!cdc::is_user_table(pending.change.table)) continue;
    if (pending.change.type == log::ChangeType::kDelete) {
      TURSO_TRY(ahead_, take());
      auto* inserted = ahead_.has_value() ? std::get_if<log::Change>(&*ahead_) : nullptr;
      if (inserted != nullptr && inserted->type == log::ChangeType::kInsert && equals_ignore_case(inserted->table, pending.change.table)) {
        TURSO_TRY(bool pair, is_key_change(pending.change, *inserted));
        if (pair) {
          pending.inserted = std::move(*inserted);
          ahead_.reset();
        }
      }
    }
    return std::optional<PendingItem>(std::move(pending));
  }
}

Result<std::vector<GeneratedStatement>> generate(const TableShape& shape, const PendingChange& change, std::optional<std::int64_t> rowid) {
  if (change.inserted.has_value()) return generate_key_change(shape, change.change, *change.inserted, rowid);
  return generate_row_change(shape, change.change, rowid);
}

}  // namespace turso::sync
