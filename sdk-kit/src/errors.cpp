// errors.cpp -- turso_cdc_error_*: the last failure of a handle in full.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "errors.hpp"
#include "handles.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

const char* copy_if_any(std::string_view text) { return text.empty() ? nullptr : copy_text(text); }

// The fields that a structure of this size has room for; older programs know fewer.
bool has_field(const turso_cdc_error_t& error, std::size_t offset, std::size_t size) {
  return error.struct_size >= offset + size;
}
#define TURSO_HAS(error, field) has_field(error, offsetof(turso_cdc_error_t, field), sizeof((error).field))

}  // namespace

Status fill(turso_cdc_error_t* out, const std::optional<Error>& error) {
  if (out == nullptr) return null_pointer();
  if (!TURSO_HAS(*out, kind)) return Error{ErrorKind::kMisuse, "struct_size is not set"};
  turso_cdc_error_t full{};
  if (error.has_value()) {
    full.kind = cdc_kind_of(error->kind);
    full.retryable = error->retryable() ? 1 : 0;
    full.sqlite_code = error->sqlite_code;
    full.http_status = error->http_status;
    if (error->subject != nullptr) full.change_id = error->subject->change_id;
  }
  std::uint32_t size = std::min<std::uint32_t>(out->struct_size, sizeof(full));
  full.struct_size = out->struct_size;
  std::memcpy(out, &full, size);
  if (!error.has_value()) return ok();
  static const ErrorSubject kNoSubject;
  const ErrorSubject& subject = error->subject != nullptr ? *error->subject : kNoSubject;
  if (TURSO_HAS(*out, message)) out->message = copy_text(error->message);
  if (TURSO_HAS(*out, condition)) out->condition = copy_if_any(error->condition);
  if (TURSO_HAS(*out, table)) out->table = copy_if_any(subject.table);
  if (TURSO_HAS(*out, key)) out->key = copy_if_any(subject.key);
  if (TURSO_HAS(*out, constraint)) out->constraint = copy_if_any(subject.constraint);
  return ok();
}

namespace {

void free_text(const char*& text) {
  std::free(const_cast<char*>(text));
  text = nullptr;
}

void free_texts(turso_cdc_error_t& error) {
  if (TURSO_HAS(error, message)) free_text(error.message);
  if (TURSO_HAS(error, condition)) free_text(error.condition);
  if (TURSO_HAS(error, table)) free_text(error.table);
  if (TURSO_HAS(error, key)) free_text(error.key);
  if (TURSO_HAS(error, constraint)) free_text(error.constraint);
}
#undef TURSO_HAS

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

const char* turso_cdc_error_kind_name(turso_cdc_error_kind_t kind) noexcept {
  if (kind == TURSO_CDC_ERROR_NONE) return "none";
  for (int i = 0; i <= static_cast<int>(ErrorKind::kProtocol); ++i) {
    auto known = static_cast<ErrorKind>(i);
    if (cdc_kind_of(known) == kind) return error_kind_name(known).data();  // of a literal, so zero-terminated
  }
  return "error";
}

turso_status_code_t turso_cdc_connection_error(const turso_connection_t* connection,
                                               turso_cdc_error_t* error) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    return fill(error, self->connection->last_error());
  });
}

turso_status_code_t turso_cdc_database_error(const turso_database_t* database, turso_cdc_error_t* error) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_database * self, unwrap(database));
    std::lock_guard lock(self->mutex);
    return fill(error, self->last_error);
  });
}

void turso_cdc_error_deinit(turso_cdc_error_t* error) noexcept {
  if (error != nullptr) free_texts(*error);
}
