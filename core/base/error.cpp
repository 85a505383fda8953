#include "base/error.hpp"

namespace turso {

std::string_view error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kError: return "error";
    case ErrorKind::kMisuse: return "misuse";
    case ErrorKind::kBusy: return "busy";
    case ErrorKind::kBusySnapshot: return "busy_snapshot";
    case ErrorKind::kInterrupt: return "interrupt";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kConstraint: return "constraint";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kSchema: return "schema";
    case ErrorKind::kReadonly: return "readonly";
    case ErrorKind::kFull: return "full";
    case ErrorKind::kNotADatabase: return "not_a_database";
    case ErrorKind::kCorrupt: return "corrupt";
    case ErrorKind::kIo: return "io";
    case ErrorKind::kNetwork: return "network";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kAuth: return "auth";
    case ErrorKind::kServer: return "server";
    case ErrorKind::kProtocol: return "protocol";
  }
  return "error";
}

bool Error::retryable() const {
  switch (kind) {
    case ErrorKind::kBusy:
    case ErrorKind::kBusySnapshot:
    case ErrorKind::kNetwork:
    case ErrorKind::kTimeout: return true;
    case ErrorKind::kServer: return http_status == 429 || http_status >= 500;
    default: return false;
  }
}

}  // namespace turso
