#include "sync/pending_changes.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "cdc/marks.hpp"
#include "cdc/names.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

const std::string_view kKeyChange = cdc::mark_name(cdc::kMarkKeyChange);
const std::string_view kTrigger = cdc::mark_name(cdc::kMarkTrigger);

// REPLACE: the row is deleted and inserted again under its key. As an upsert the insert does both. Run as a DELETE,
// the actions of foreign keys would take away rows that refer to it and that stayed where the change was made. With
// triggers it stays a DELETE, because an upsert fires others.
bool is_replaced(const TableShape& shape, const PendingChange& change) {
  if (!change.followed.has_value() || shape.has_triggers) return false;
  const log::Image& before = *change.change.before;
  const log::Image& after = *change.followed->after;
  const auto key = shape.key();
  return !key.empty() && std::all_of(key.begin(), key.end(), [&](std::size_t c) {
    return c < before.size() && c < after.size() && !before[c].is_null() && before[c] == after[c];
  });
}

}  // namespace

Result<PendingChanges> PendingChanges::open(sqlite::Connection& connection, log::TapeRange range) {
  TURSO_TRY(auto tape, log::Tape::open(connection, range));
  return PendingChanges(connection, std::move(tape));
}

Result<std::optional<log::TapeItem>> PendingChanges::take() {
  if (ahead_.has_value()) return std::exchange(ahead_, std::nullopt);
  return tape_.next();
}

// Marks of one kind are disjoint ranges, so the one that begins nearest below tells.
Result<bool> PendingChanges::is_marked(std::string_view kind, std::int64_t first, std::int64_t last) {
  // The table is made when it is first needed, in the transaction whose rows need it.
  if (!marked_ && !marks_looked_for_) {
    marks_looked_for_ = true;
    TURSO_TRY(bool exists, sqlite::has_object(*connection_, "table", cdc::kMarksTable));
    if (exists) {
      TURSO_TRY(marked_, connection_->prepare(sql::kMarkedThrough, SQLITE_PREPARE_PERSISTENT));
    }
  }
  if (!marked_) return false;
  TURSO_CHECK(marked_.bind_all(first, kind));
  TURSO_TRY(bool row, marked_.step());
  const bool marked = row && marked_.column_int(0) >= last;
  marked_.reset();
  return marked;
}

Result<std::optional<PendingItem>> PendingChanges::next() {
  for (;;) {
    TURSO_TRY(auto item, take());
    if (!item.has_value()) return std::optional<PendingItem>();
    if (const auto* end = std::get_if<log::TransactionEnd>(&*item)) {
      marks_looked_for_ = false;
      return std::optional<PendingItem>(*end);
    }
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
      if (inserted != nullptr && inserted->type == log::ChangeType::kInsert &&
          equals_ignore_case(inserted->table, pending.change.table)) {
        TURSO_TRY(bool pair, is_marked(kKeyChange, pending.change.change_id, inserted->change_id));
        if (pair) {
          pending.inserted = std::move(*inserted);
          ahead_.reset();
        } else {
          pending.followed = *inserted;
        }
      }
    }
    TURSO_TRY(pending.by_trigger, is_marked(kTrigger, pending.change.change_id, pending.change.change_id));
    return std::optional<PendingItem>(std::move(pending));
  }
}

Result<std::vector<GeneratedStatement>> generate(const TableShape& shape, const PendingChange& change,
                                                 std::optional<std::int64_t> rowid) {
  if (change.inserted.has_value()) return generate_key_change(shape, change.change, *change.inserted, rowid);
  if (is_replaced(shape, change)) return std::vector<GeneratedStatement>();
  return generate_row_change(shape, change.change, rowid);
}

Result<std::optional<GeneratedStatement>> generate_convergence_check(const TableShape& shape,
                                                                     const PendingChange& change) {
  if (is_replaced(shape, change)) return generate_convergence_check(shape, *change.followed, std::nullopt);
  return generate_convergence_check(shape, change.change, change.inserted);
}

}  // namespace turso::sync
