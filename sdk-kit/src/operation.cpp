// operation.cpp -- turso_sync_operation_*: resume, results, cancel.
#include "errors.hpp"
#include "sync_handles.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

// Programs of the reference know only a few statuses from operations; the kind is in turso_cdc_operation_error.
turso_status_code_t operation_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBusy:
    case ErrorKind::kMisuse:
    case ErrorKind::kInterrupt:
    case ErrorKind::kCancelled:
    case ErrorKind::kConstraint: return status_of(kind);
    default: return TURSO_ERROR;
  }
}

turso_status_code_t resume(turso_sync_operation& self, const char** error_out) {
  auto resumed = self.operation->resume();
  if (!resumed.has_value()) {
    // An overlap has not begun: it is no failure of the database.
    if (resumed.error().kind != ErrorKind::kMisuse) self.last_error->set(resumed.error());
    report(resumed.error(), error_out);
    return operation_status(resumed.error().kind);
  }
  return resumed.value() == sync::OperationState::kIo ? TURSO_IO : TURSO_DONE;
}

Result<sync::Operation*> with_result(const turso_sync_operation_t* operation, sync::Operation::Result_ kind) {
  TURSO_TRY(turso_sync_operation * self, unwrap(operation));
  if (self->operation->result_kind() != kind) return Error{ErrorKind::kMisuse, "unexpected async operation result"};
  return self->operation.get();
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;
using Kind = turso::sync::Operation::Result_;

turso_status_code_t turso_sync_operation_resume(const turso_sync_operation_t* operation,
                                                const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Result<turso_status_code_t> {
    TURSO_TRY(turso_sync_operation * self, unwrap(operation));
    return resume(*self, error_opt_out);
  });
}

turso_sync_operation_result_type_t turso_sync_operation_result_kind(const turso_sync_operation_t* operation) noexcept {
  return guard_value(TURSO_ASYNC_RESULT_NONE, [&] {
    return operation != nullptr ? static_cast<turso_sync_operation_result_type_t>(operation->operation->result_kind())
                                : TURSO_ASYNC_RESULT_NONE;
  });
}

turso_status_code_t turso_sync_operation_result_extract_connection(const turso_sync_operation_t* operation,
                                                                   const turso_connection_t** connection) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::Operation * done, with_result(operation, Kind::kConnection));
    if (connection == nullptr) return null_pointer();
    auto taken = done->take_connection();
    if (taken == nullptr) return Error{ErrorKind::kMisuse, "the connection was extracted before"};
    *connection = std::make_unique<turso_connection>(turso_connection{std::move(taken)}).release();
    return ok();
  });
}

turso_status_code_t turso_sync_operation_result_extract_changes(const turso_sync_operation_t* operation,
                                                                const turso_sync_changes_t** changes) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::Operation * done, with_result(operation, Kind::kChanges));
    if (changes == nullptr) return null_pointer();
    auto taken = done->take_changes();
    *changes = taken == nullptr ? nullptr
                                : std::make_unique<turso_sync_changes>(turso_sync_changes{std::move(taken)}).release();
    return ok();
  });
}

turso_status_code_t turso_sync_operation_result_extract_stats(const turso_sync_operation_t* operation,
                                                              turso_sync_stats_t* stats) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::Operation * done, with_result(operation, Kind::kStats));
    if (stats == nullptr) return null_pointer();
    const sync::Stats& found = *done->stats();
    stats->cdc_operations = found.cdc_operations;
    stats->main_wal_size = found.main_wal_size;
    stats->revert_wal_size = found.revert_wal_size;
    stats->last_pull_unix_time = found.last_pull_unix_time;
    stats->last_push_unix_time = found.last_push_unix_time;
    stats->network_sent_bytes = found.network_sent_bytes;
    stats->network_received_bytes = found.network_received_bytes;
    stats->revision = {found.revision.data(), found.revision.size()};
    return ok();
  });
}

void turso_sync_operation_deinit(const turso_sync_operation_t* operation) noexcept { release(operation); }

void turso_cdc_operation_cancel(const turso_sync_operation_t* operation) noexcept {
  if (operation == nullptr) return;
  guard_value(0, [&] {
    operation->operation->cancel();
    return 0;
  });
}

turso_status_code_t turso_cdc_operation_error(const turso_sync_operation_t* operation,
                                              turso_cdc_error_t* error) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_operation * self, unwrap(operation));
    return fill(error, self->operation->last_error());
  });
}
