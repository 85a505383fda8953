#include "sync/derived_effects.hpp"

#include <algorithm>

#include "cdc/names.hpp"
#include "cdc/record.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {

Result<std::vector<TriggerText>> read_triggers(sqlite::Connection& connection) {
  std::vector<TriggerText> triggers;
  TURSO_TRY(auto read, connection.prepare(sql::kReadTriggers));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return triggers;
    triggers.push_back(
        {std::string(read.column_text(0)), std::string(read.column_text(1)), std::string(read.column_text(2))});
  }
}

Result<PendingSchema> read_pending_schema(sqlite::Connection& live, std::int64_t after) {
  PendingSchema pending;
  TURSO_TRY(bool has_log, sqlite::has_object(live, "table", cdc::kLogTable));
  if (!has_log) return pending;
  TURSO_TRY(auto read, live.prepare(sql::kReadSchemaChanges));
  TURSO_CHECK(read.bind_int(1, after));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return pending;
    if (read.column_int(0) != 1) {
      pending.only_creates = false;
      continue;
    }
    TURSO_TRY(auto object, cdc::decode_record(read.column_blob(1)));
    const bool texts = object.size() == 5 && object[0].type() == ValueType::kText &&
                       object[1].type() == ValueType::kText && object[2].type() == ValueType::kText &&
                       object[4].type() == ValueType::kText;
    if (texts && object[0].text() == "trigger") {
      pending.created_triggers.push_back({object[1].text(), object[2].text(), object[4].text()});
    }
  }
}

Result<std::optional<std::vector<TriggerText>>> triggers_to_guard(sqlite::Connection& live, std::int64_t after,
                                                                  std::int64_t upto) {
  TURSO_TRY(auto pending, read_pending_schema(live, after));
  if (!pending.only_creates) return std::optional<std::vector<TriggerText>>();
  TURSO_TRY(auto triggers, read_triggers(live));
  // One that is created later has written nothing of this batch.
  TURSO_TRY(auto later, read_pending_schema(live, upto));
  std::erase_if(triggers, [&](const TriggerText& trigger) {
    return std::find(later.created_triggers.begin(), later.created_triggers.end(), trigger) !=
           later.created_triggers.end();
  });
  return std::optional<std::vector<TriggerText>>(std::move(triggers));
}

Result<bool> effects_repeat(sqlite::Connection& live, sqlite::Connection& image, std::int64_t after) {
  TURSO_TRY(auto here, read_triggers(live));
  if (here.empty()) return false;
  TURSO_TRY(auto pending, read_pending_schema(live, after));
  if (!pending.only_creates) return false;
  TURSO_TRY(auto there, read_triggers(image));
  there.insert(there.end(), pending.created_triggers.begin(), pending.created_triggers.end());
  return std::all_of(here.begin(), here.end(), [&](const TriggerText& trigger) {
    return std::find(there.begin(), there.end(), trigger) != there.end();
  });
}

}  // namespace turso::sync
