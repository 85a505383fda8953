// derived_effects.hpp -- rows that triggers wrote: left out where the other side's triggers provably write them again.
//
// A marked row was written by a persistent trigger of main (cdc/marks.hpp), and its outer change is itself a row
// change that is sent. It is derived on the other side iff the same triggers stand there at that place of the log.
// That is so when every trigger of P stands there with the same text, either from the start or by a CREATE TRIGGER
// of the log, and no pending change drops or alters anything. When unsure, rows are sent: better twice than never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sqlite/connection.hpp"

namespace turso::sync {

struct TriggerText {
  std::string name;
  std::string table;
  std::string sql;
  friend auto operator<=>(const TriggerText&, const TriggerText&) = default;
};

Result<std::vector<TriggerText>> read_triggers(sqlite::Connection& connection);

// What the log does to the schema above `after`.
struct PendingSchema {
  bool only_creates = true;  // nothing is dropped or altered
  std::vector<TriggerText> created_triggers;
};
Result<PendingSchema> read_pending_schema(sqlite::Connection& live, std::int64_t after);

// The triggers that must stand at the server, with their texts, for rows marked as written by triggers to be left out
// of a batch with the changes in (after, upto]. Nothing: they must be sent.
Result<std::optional<std::vector<TriggerText>>> triggers_to_guard(sqlite::Connection& live, std::int64_t after,
                                                                  std::int64_t upto);

// Whether rows marked as written by triggers are left out when the log of `live` above `after` runs on `image`.
Result<bool> effects_repeat(sqlite::Connection& live, sqlite::Connection& image, std::int64_t after);

}  // namespace turso::sync
