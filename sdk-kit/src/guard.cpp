#include "guard.hpp"

#include <cstdlib>
#include <cstring>

namespace turso::capi {

turso_status_code_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kMisuse: return TURSO_MISUSE;
    case ErrorKind::kBusy: return TURSO_BUSY;
    case ErrorKind::kBusySnapshot: return TURSO_BUSY_SNAPSHOT;
    case ErrorKind::kInterrupt:
    case ErrorKind::kCancelled: return TURSO_INTERRUPT;
    case ErrorKind::kConstraint: return TURSO_CONSTRAINT;
    case ErrorKind::kReadonly: return TURSO_READONLY;
    case ErrorKind::kFull: return TURSO_DATABASE_FULL;
    case ErrorKind::kNotADatabase: return TURSO_NOTADB;
    case ErrorKind::kCorrupt: return TURSO_CORRUPT;
    case ErrorKind::kIo: return TURSO_IOERR;
    case ErrorKind::kError:
    case ErrorKind::kConflict:
    case ErrorKind::kSchema:
    case ErrorKind::kNetwork:
    case ErrorKind::kTimeout:
    case ErrorKind::kAuth:
    case ErrorKind::kServer:
    case ErrorKind::kProtocol: return TURSO_ERROR;
  }
  return TURSO_ERROR;
}

turso_cdc_error_kind_t cdc_kind_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kError: return TURSO_CDC_ERROR_GENERAL;
    case ErrorKind::kMisuse: return TURSO_CDC_ERROR_MISUSE;
    case ErrorKind::kBusy: return TURSO_CDC_ERROR_BUSY;
    case ErrorKind::kBusySnapshot: return TURSO_CDC_ERROR_BUSY_SNAPSHOT;
    case ErrorKind::kInterrupt: return TURSO_CDC_ERROR_INTERRUPT;
    case ErrorKind::kCancelled: return TURSO_CDC_ERROR_CANCELLED;
    case ErrorKind::kConstraint: return TURSO_CDC_ERROR_CONSTRAINT;
    case ErrorKind::kConflict: return TURSO_CDC_ERROR_CONFLICT;
    case ErrorKind::kSchema: return TURSO_CDC_ERROR_SCHEMA;
    case ErrorKind::kReadonly: return TURSO_CDC_ERROR_READONLY;
    case ErrorKind::kFull: return TURSO_CDC_ERROR_FULL;
    case ErrorKind::kNotADatabase: return TURSO_CDC_ERROR_NOT_A_DATABASE;
    case ErrorKind::kCorrupt: return TURSO_CDC_ERROR_CORRUPT;
    case ErrorKind::kIo: return TURSO_CDC_ERROR_IO;
    case ErrorKind::kNetwork: return TURSO_CDC_ERROR_NETWORK;
    case ErrorKind::kTimeout: return TURSO_CDC_ERROR_TIMEOUT;
    case ErrorKind::kAuth: return TURSO_CDC_ERROR_AUTH;
    case ErrorKind::kServer: return TURSO_CDC_ERROR_SERVER;
    case ErrorKind::kProtocol: return TURSO_CDC_ERROR_PROTOCOL;
  }
  return TURSO_CDC_ERROR_GENERAL;
}

const char* copy_text(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

turso_status_code_t report(const Error& error, const char** error_out) noexcept {
  if (error_out != nullptr) *error_out = copy_text(error.message);
  return status_of(error.kind);
}

}  // namespace turso::capi
