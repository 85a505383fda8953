#include "failure.hpp"

#include <cstdio>

namespace turso::cli {
namespace {

const char* hint(const ::turso_sync::SyncError& error) {
  if (error.retryable) return "hint: nothing was lost; try again later";
  switch (error.kind) {
    case TURSO_CDC_ERROR_AUTH: return "hint: pass the right --token, or set TURSO_SYNC_TOKEN";
    case TURSO_CDC_ERROR_CONSTRAINT:
    case TURSO_CDC_ERROR_CONFLICT: return "hint: trying again does not help until the rows are changed";
    default: return nullptr;
  }
}

}  // namespace

int print_failure(const ::turso_sync::SyncError& error) {
  std::fflush(stdout);
  const std::string kind = error.kind_name();
  // The general kind says nothing.
  std::fprintf(stderr, "error: %s%s%s\n", kind == "error" ? "" : kind.c_str(), kind == "error" ? "" : ": ",
               error.what());
  if (const char* text = hint(error)) std::fprintf(stderr, "%s\n", text);
  return kFailed;
}

void fail(turso_cdc_error_kind_t kind, const std::string& message) {
  throw ::turso_sync::SyncError(TURSO_ERROR, kind, message);
}

}  // namespace turso::cli
