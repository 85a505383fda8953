// turso_sync.hpp -- C++17 over the C ABI, header only: RAII handles, and the loop that every host of a sync database
// needs, once.
//
// A host brings a Transport: how one HTTP request is performed. SyncDatabase does the rest: it starts operations,
// resumes them, hands out requests, streams answers, waits its turn. Its members block the calling thread, so hosts
// with an event loop call them on a worker thread; `Cancellation` stops them from any other.
//
// TURNS   Any number of threads may call one SyncDatabase. Calls are served first come, first served, one at a time;
//         a wait has a lane of its own, so that a push does not stand behind a long poll. Nobody meets TURSO_MISUSE.
// ITEMS   The queue holds only what the last resume put there: resume and take happen under one mutex. So a loop
//         performs its own requests and never blocks on another's.
// ERRORS  Every failure is a SyncError, with what turso_cdc.h knows about it.
#ifndef TURSO_SYNC_HPP
#define TURSO_SYNC_HPP

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "turso_cdc.h"

namespace turso_sync {

// ---- Errors ---------------------------------------------------------------------------------------------------

class SyncError : public std::runtime_error {
 public:
  SyncError(turso_status_code_t code, turso_cdc_error_kind_t kind_in, const std::string& message)
      : std::runtime_error(message), status(code), kind(kind_in) {}

  const char* kind_name() const { return turso_cdc_error_kind_name(kind); }

  turso_status_code_t status;
  turso_cdc_error_kind_t kind;
  bool retryable = false;
  int sqlite_code = 0;
  int http_status = 0;
  std::int64_t change_id = 0;
  std::string condition, table, key, constraint;
  std::optional<std::int64_t> retry_after_ms;  // what the server asked for
};

namespace detail {

inline std::string take_text(const char* text) {
  std::string copy = text != nullptr ? text : "";
  turso_str_deinit(text);
  return copy;
}

// The kind that a status says where no handle knows more.
inline turso_cdc_error_kind_t kind_of(turso_status_code_t status) {
  switch (status) {
    case TURSO_BUSY: return TURSO_CDC_ERROR_BUSY;
    case TURSO_BUSY_SNAPSHOT: return TURSO_CDC_ERROR_BUSY_SNAPSHOT;
    case TURSO_INTERRUPT: return TURSO_CDC_ERROR_INTERRUPT;
    case TURSO_MISUSE: return TURSO_CDC_ERROR_MISUSE;
    case TURSO_CONSTRAINT: return TURSO_CDC_ERROR_CONSTRAINT;
    case TURSO_READONLY: return TURSO_CDC_ERROR_READONLY;
    case TURSO_DATABASE_FULL: return TURSO_CDC_ERROR_FULL;
    case TURSO_NOTADB: return TURSO_CDC_ERROR_NOT_A_DATABASE;
    case TURSO_CORRUPT: return TURSO_CDC_ERROR_CORRUPT;
    case TURSO_IOERR: return TURSO_CDC_ERROR_IO;
    default: return TURSO_CDC_ERROR_GENERAL;
  }
}

// Throws what `message` says, with the details that `fill` finds. Call first, check second: the text is set by the
// call.
template <typename Fill>
[[noreturn]] void raise(turso_status_code_t status, const char* message, Fill fill) {
  SyncError error(status, kind_of(status), take_text(message));
  error.retryable = status == TURSO_BUSY || status == TURSO_BUSY_SNAPSHOT;
  turso_cdc_error_t full{};
  full.struct_size = sizeof(full);
  // Misuse is answered without touching the handle, whose last error is then about something else.
  if (status != TURSO_MISUSE && fill(&full) == TURSO_OK && full.kind != TURSO_CDC_ERROR_NONE) {
    error.kind = full.kind;
    error.retryable = full.retryable != 0;
    error.sqlite_code = full.sqlite_code;
    error.http_status = full.http_status;
    error.change_id = full.change_id;
    if (full.condition != nullptr) error.condition = full.condition;
    if (full.table != nullptr) error.table = full.table;
    if (full.key != nullptr) error.key = full.key;
    if (full.constraint != nullptr) error.constraint = full.constraint;
  }
  turso_cdc_error_deinit(&full);
  throw error;
}

[[noreturn]] inline void raise(turso_status_code_t status, const char* message) {
  raise(status, message, [](turso_cdc_error_t*) { return TURSO_MISUSE; });
}

template <typename T, void (*Deinit)(T*) noexcept>
struct Release {
  void operator()(T* handle) const { Deinit(handle); }
};
template <typename T, void (*Deinit)(T*) noexcept>
using Handle = std::unique_ptr<T, Release<T, Deinit>>;

inline turso_slice_ref_t slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string text(turso_slice_ref_t bytes) { return {static_cast<const char*>(bytes.ptr), bytes.len}; }
inline const char* null_if_empty(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace detail

// ---- SQL ------------------------------------------------------------------------------------------------------

// The connection must outlive the statement object; copies of texts and bytes are the caller's business.
class Statement {
 public:
  Statement(turso_statement_t* handle, const turso_connection_t* connection)
      : handle_(handle), connection_(connection) {}
  const turso_statement_t* get() const { return handle_.get(); }
  explicit operator bool() const { return handle_ != nullptr; }

  // Positions count from 1.
  void bind_null(std::size_t position) { bound(turso_statement_bind_positional_null(get(), position), position); }
  void bind_int(std::size_t position, std::int64_t value) {
    bound(turso_statement_bind_positional_int(get(), position, value), position);
  }
  void bind_real(std::size_t position, double value) {
    bound(turso_statement_bind_positional_double(get(), position, value), position);
  }
  void bind_text(std::size_t position, std::string_view value) {
    bound(turso_statement_bind_positional_text(get(), position, value.data(), value.size()), position);
  }
  void bind_blob(std::size_t position, std::string_view value) {
    bound(turso_statement_bind_positional_blob(get(), position, value.data(), value.size()), position);
  }
  // With its prefix; 0: no such parameter.
  std::size_t position(const std::string& name) const {
    std::int64_t found = turso_statement_named_position(get(), name.c_str());
    return found > 0 ? static_cast<std::size_t>(found) : 0;
  }
  std::size_t parameter_count() const { return at_least_zero(turso_statement_parameters_count(get())); }

  bool step() {  // true: a row is there
    const char* message = nullptr;
    turso_status_code_t status = turso_statement_step(get(), &message);
    if (status != TURSO_ROW && status != TURSO_DONE) fail(status, message);
    return status == TURSO_ROW;
  }
  std::uint64_t execute() {  // to the end; rows changed
    std::uint64_t changed = 0;
    const char* message = nullptr;
    turso_status_code_t status = turso_statement_execute(get(), &changed, &message);
    if (status != TURSO_DONE) fail(status, message);
    return changed;
  }
  void reset() {
    const char* message = nullptr;
    turso_status_code_t status = turso_statement_reset(get(), &message);
    if (status != TURSO_OK) fail(status, message);
  }
  void finalize() {
    const char* message = nullptr;
    turso_status_code_t status = turso_statement_finalize(get(), &message);
    if (status != TURSO_DONE) fail(status, message);
  }

  std::int64_t change_count() const { return turso_statement_n_change(get()); }
  std::size_t column_count() const { return at_least_zero(turso_statement_column_count(get())); }
  std::string column_name(std::size_t index) const {
    return detail::take_text(turso_statement_column_name(get(), index));
  }
  std::string column_decltype(std::size_t index) const {  // empty: none
    return detail::take_text(turso_statement_column_decltype(get(), index));
  }
  turso_type_t type(std::size_t index) const { return turso_statement_row_value_kind(get(), index); }
  std::int64_t integer(std::size_t index) const { return turso_statement_row_value_int(get(), index); }
  double real(std::size_t index) const { return turso_statement_row_value_double(get(), index); }
  std::string_view bytes(std::size_t index) const {  // TEXT and BLOB; borrowed until the next step or reset
    std::int64_t count = turso_statement_row_value_bytes_count(get(), index);
    if (count < 0) return {};
    return {turso_statement_row_value_bytes_ptr(get(), index), static_cast<std::size_t>(count)};
  }

 private:
  static std::size_t at_least_zero(std::int64_t count) { return count > 0 ? static_cast<std::size_t>(count) : 0; }
  [[noreturn]] void fail(turso_status_code_t status, const char* message) const {
    detail::raise(status, message,
                  [&](turso_cdc_error_t* full) { return turso_cdc_connection_error(connection_, full); });
  }
  void bound(turso_status_code_t status, std::size_t position) const {
    if (status == TURSO_OK) return;
    throw SyncError(
        status, detail::kind_of(status),
        "parameter " + std::to_string(position) + ": no such position, not UTF-8, or the statement is running");
  }
  detail::Handle<const turso_statement_t, turso_statement_deinit> handle_;
  const turso_connection_t* connection_;
};

class Connection {
 public:
  explicit Connection(const turso_connection_t* handle) : handle_(handle) {}
  const turso_connection_t* get() const { return handle_.get(); }

  Statement prepare(const std::string& sql) {  // exactly one statement
    turso_statement_t* statement = nullptr;
    const char* message = nullptr;
    turso_status_code_t status = turso_connection_prepare_single(get(), sql.c_str(), &statement, &message);
    if (status != TURSO_OK) fail(status, message);
    return {statement, get()};
  }
  // False in an empty statement: nothing is left. `*tail` is the byte offset of the next one, within `sql`.
  Statement prepare_first(const char* sql, std::size_t* tail) {
    turso_statement_t* statement = nullptr;
    const char* message = nullptr;
    turso_status_code_t status = turso_connection_prepare_first(get(), sql, &statement, tail, &message);
    if (status != TURSO_OK) fail(status, message);
    return {statement, get()};
  }
  void exec_script(const std::string& sql) {  // every statement, rows dropped
    const char* rest = sql.c_str();
    for (std::size_t tail = 0;; rest += tail) {
      Statement statement = prepare_first(rest, &tail);
      if (!statement) return;
      statement.execute();
    }
  }

  void set_busy_timeout_ms(std::int64_t timeout_ms) { turso_connection_set_busy_timeout_ms(get(), timeout_ms); }
  bool autocommit() const { return turso_connection_get_autocommit(get()); }
  std::int64_t last_insert_rowid() const { return turso_connection_last_insert_rowid(get()); }
  void interrupt() const { turso_cdc_connection_interrupt(get()); }  // from any thread
  void close() {
    const char* message = nullptr;
    turso_status_code_t status = turso_connection_close(get(), &message);
    if (status != TURSO_OK) fail(status, message);
  }

 private:
  [[noreturn]] void fail(turso_status_code_t status, const char* message) const {
    detail::raise(status, message, [&](turso_cdc_error_t* full) { return turso_cdc_connection_error(get(), full); });
  }
  detail::Handle<const turso_connection_t, turso_connection_deinit> handle_;
};

class Database {
 public:
  explicit Database(const std::string& path, bool readonly = false, const std::string& vfs = "") {
    turso_database_config_t config{};
    config.path = path.c_str();
    config.vfs = detail::null_if_empty(vfs);
    config.open_flags = readonly ? TURSO_DATABASE_OPEN_READONLY : TURSO_DATABASE_OPEN_DEFAULT;
    const turso_database_t* database = nullptr;
    const char* message = nullptr;
    turso_status_code_t status = turso_database_new(&config, &database, &message);
    handle_.reset(database);
    if (status != TURSO_OK) fail(status, message);
    status = turso_database_open(get(), &message);
    if (status != TURSO_OK) fail(status, message);
  }
  const turso_database_t* get() const { return handle_.get(); }

  Connection connect() {
    turso_connection_t* connection = nullptr;
    const char* message = nullptr;
    turso_status_code_t status = turso_database_connect(get(), &connection, &message);
    if (status != TURSO_OK) fail(status, message);
    return Connection(connection);
  }

 private:
  [[noreturn]] void fail(turso_status_code_t status, const char* message) const {
    detail::raise(status, message, [&](turso_cdc_error_t* full) { return turso_cdc_database_error(get(), full); });
  }
  detail::Handle<const turso_database_t, turso_database_deinit> handle_;
};

}  // namespace turso_sync

// The second half: transports, turns, retries, SyncDatabase.
#include "turso_sync_turns.hpp"

#include "turso_sync_host.hpp"

#endif  // TURSO_SYNC_HPP
