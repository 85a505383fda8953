// capture_switch.cpp -- the part of Capture that PRAGMA capture_data_changes_conn sets, and the guard of journal_mode.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {

Status Capture::run_switch(const StatementFacts& facts) {
  TURSO_TRY(SwitchRequest request, parse_switch(facts.pragma_value));
  if (replica_) {
    if (request.mode == Mode::kFull && equals_ignore_case(request.table, kLogTable)) return ok();
    return Error{ErrorKind::kError,
                 "capture of a replica is always full and into turso_cdc: it cannot be switched off, lowered or moved"};
  }
  TURSO_CHECK(flush());
  if (request.mode == Mode::kOff) {
    set_state({});
    return ok();
  }
  return switch_on(request);
}

Status Capture::switch_on(const SwitchRequest& request) {
  Quiet quiet(*this);
  bool own_transaction = sqlite3_get_autocommit(db_) != 0;
  TURSO_CHECK(run_own(own_transaction ? sql::kBeginImmediate : sql::kSavepoint));
  Result<CaptureState> made = prepare_log(own_, request);
  Status status = ok();
  if (made.has_value()) status = run_own(own_transaction ? sql::kCommit : sql::kRelease);
  if (made.has_value() && status.has_value()) {
    progress_.next_id.reset();
    set_state(std::move(*made));
    return ok();
  }
  Error error = made.has_value() ? std::move(status).error() : std::move(made).error();
  if (own_transaction) return roll_back_because(std::move(error));
  Status undone = run_own(sql::kRollbackTo);
  if (undone.has_value()) undone = run_own(sql::kRelease);
  return undone.has_value() ? error : roll_back_because(std::move(error));
}

// Parity with the reference, where capture would silently stop; any real change of the journal mode is refused.
Status Capture::check_journal_mode(const StatementFacts& facts) {
  if (!equals_ignore_case(facts.pragma_name, "journal_mode") || !facts.pragma_sets) return ok();
  if (!facts.pragma_schema.empty() && facts.pragma_schema != "main") return ok();
  std::string wanted = to_lower(facts.pragma_value);
  if (!state_.on()) {
    if (wanted != "mvcc") return ok();
    return Error{ErrorKind::kError, "journal mode mvcc is not supported"};
  }
  constexpr std::array<std::string_view, 7> kModes = {"delete", "truncate", "persist", "memory", "off", "wal", "mvcc"};
  if (std::find(kModes.begin(), kModes.end(), wanted) == kModes.end()) return ok();
  Quiet quiet(*this);
  TURSO_TRY(Value current, own_.query_value(sql::kReadJournalMode));
  if (current.type() != ValueType::kText || current.text() == wanted) return ok();
  return Error{ErrorKind::kError,
               concat("cannot change journal_mode (from ", current.text(), " to ", wanted,
                      ") while CDC capture is active: capture would silently stop; disable capture first with PRAGMA "
                      "capture_data_changes_conn('off')")};
}

}  // namespace turso::cdc
