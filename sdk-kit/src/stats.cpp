// stats.cpp -- turso_cdc_stats_t: what is known beyond the fixed structure.
#include <algorithm>
#include <cstring>

#include "sync_handles.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

Status fill(turso_cdc_stats_t* out, const sync::Stats& found) {
  if (out == nullptr) return null_pointer();
  if (out->struct_size < sizeof(out->struct_size)) return Error{ErrorKind::kMisuse, "struct_size is not set"};
  turso_cdc_stats_t full{};
  full.struct_size = out->struct_size;
  full.last_compare = static_cast<turso_cdc_compare_t>(found.last_compare);
  full.pending_changes = found.pending_changes;
  full.pending_transactions = found.pending_transactions;
  full.oldest_pending_unix_time_ms = found.oldest_pending_unix_time_ms;
  full.parked = found.parked;
  full.quarantined = found.quarantined;
  full.conflicts = found.conflicts;
  full.replica_forked = found.replica_forked ? 1 : 0;
  full.remote_went_back = found.remote_went_back ? 1 : 0;
  full.partial_bootstrap_ignored = found.partial_bootstrap_ignored ? 1 : 0;
  full.main_bytes = found.main_bytes;
  full.wal_bytes = found.main_wal_size;
  full.base_bytes = found.base_bytes;
  full.changes_bytes = found.changes_bytes;
  std::memcpy(out, &full, std::min<std::size_t>(out->struct_size, sizeof(full)));
  return ok();
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_cdc_sync_database_stats(const turso_sync_database_t* database, turso_cdc_stats_t* stats,
                                                  const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_sync_database * self, unwrap(database));
    auto operation = self->engine->stats();
    TURSO_TRY(sync::OperationState state, operation->resume());
    // Statistics need nothing from the host, so this is a handle that waits for its turn.
    if (state == sync::OperationState::kIo)
      return Error{ErrorKind::kBusy, "stats: another handle on this path is at work"};
    return fill(stats, *operation->stats());
  });
}

turso_status_code_t turso_cdc_operation_stats(const turso_sync_operation_t* operation,
                                              turso_cdc_stats_t* stats) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_operation * self, unwrap(operation));
    const sync::Stats* found = self->operation->stats();
    if (found == nullptr) return Error{ErrorKind::kMisuse, "the operation has no stats"};
    return fill(stats, *found);
  });
}
